package system

import (
	"github.com/godbus/dbus"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// secret is the Secret struct of the Secret Service API. In a plain session, Value is the secret itself.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// readSecretService reads one of the library's entries in two round trips, sending both calls of the first
// at once. The library takes eight, because it lists the collections and asks for the lock state first.
// GetSecret on a locked item returns IsLocked.
func readSecretService(conn *dbus.Conn, collection dbus.BusObject, name string) ([]byte, error) {
	service := conn.Object(secretServiceName, secretServicePath)
	opening := service.Go(serviceType+".OpenSession", 0, nil, "plain", dbus.MakeVariant(""))
	searching := collection.Go(collectionType+".SearchItems", 0, nil, map[string]string{"profile": name}) // the library's attribute
	var output dbus.Variant
	var session dbus.ObjectPath
	var items []dbus.ObjectPath
	if err := (<-opening.Done).Store(&output, &session); err != nil {
		return nil, err
	}
	if err := (<-searching.Done).Store(&items); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, keychain.ErrNotFound
	}
	var found secret
	if err := conn.Object(secretServiceName, items[0]).Call(itemType+".GetSecret", 0, session).Store(&found); err != nil {
		return nil, err
	}
	return found.Value, nil
}
