package system

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// The real kwalletd5 needs a desktop to open its wallet, so the contract runs against a fake wallet with
// its API.

const envWallet = "RAGENV_TEST_WALLET"

// The initial states of serveWallet.
const (
	walletOpen   = "open"
	walletClosed = "closed" // and requests to open it are denied
	walletOff    = "switched off"
)

// wallet implements the parts of org.kde.KWallet that are used. It returns failures as numbers, not errors.
type wallet struct {
	mu      sync.Mutex
	state   string
	entries map[string][]byte
}

const walletHandle = 7

func (w *wallet) IsEnabled() (bool, *dbus.Error) { return w.state != walletOff, nil }

// IsOpen is isOpen(QString wallet) and isOpen(int handle).
func (w *wallet) IsOpen(which dbus.Variant) (bool, *dbus.Error) {
	name, handle := which.Value() == kwallet, which.Value() == int32(walletHandle)
	return w.state == walletOpen && (name || handle), nil
}

func (w *wallet) Open(name string, _ int64, _ string) (int32, *dbus.Error) {
	if name != kwallet || w.state != walletOpen {
		return -1, nil
	}
	return walletHandle, nil
}

func (w *wallet) EntryList(handle int32, folder, _ string) ([]string, *dbus.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := []string{}
	if folder != keychain.DefaultNamespace || handle != walletHandle {
		return names, nil
	}
	for name := range w.entries {
		names = append(names, name)
	}
	return names, nil
}

func (w *wallet) ReadEntry(handle int32, _, name, _ string) ([]byte, *dbus.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if handle != walletHandle {
		return []byte{}, nil
	}
	return append([]byte{}, w.entries[name]...), nil
}

func (w *wallet) WriteEntry(handle int32, _, name string, value []byte, _ string) (int32, *dbus.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if handle != walletHandle {
		return -1, nil
	}
	w.entries[name] = value
	return 0, nil
}

func (w *wallet) RemoveEntry(handle int32, _, name, _ string) (int32, *dbus.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, found := w.entries[name]; !found || handle != walletHandle {
		return -3, nil
	}
	delete(w.entries, name)
	return 0, nil
}

// serveWallet serves a wallet on the session bus.
func serveWallet() {
	w := &wallet{state: os.Getenv(envWallet), entries: map[string][]byte{}}
	serve(kwalletName, func(conn *dbus.Conn) error {
		return conn.ExportWithMap(w, map[string]string{
			"IsEnabled": "isEnabled", "IsOpen": "isOpen", "Open": "open", "EntryList": "entryList",
			"ReadEntry": "readEntry", "WriteEntry": "writeEntry", "RemoveEntry": "removeEntry",
		}, kwalletPath, kwalletInterface)
	})
}

func TestKWalletContract(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busEmpty, "")
		return
	}
	startSelf(t, envWallet+"="+walletOpen)
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain {
		return keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendKWallet})
	})
}

func TestKWalletClosed(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busEmpty, "")
		return
	}
	startSelf(t, envWallet+"="+walletClosed)
	opts := keychain.Options{Backend: keychain.BackendKWallet}
	if _, err := keychain.Open(opts); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Open: %v, want keychain.ErrLocked", err)
	}
	if err := keychain.Probe(opts); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Probe: %v, want keychain.ErrLocked", err)
	}
	opts.Interactive = true
	if err := keychaintest.MustOpen(t, opts).Set(keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}); !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("Set where access is denied: %v, want keychain.ErrUnavailable", err)
	}
}

func TestKWalletAbsentOrOff(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busEmpty, "")
		return
	}
	_, absent := keychain.Open(keychain.Options{Backend: keychain.BackendKWallet})
	startSelf(t, envWallet+"="+walletOff)
	_, off := keychain.Open(keychain.Options{Backend: keychain.BackendKWallet})
	for reason, err := range map[string]error{"no KWallet of KDE Frameworks 5": absent, "switched off": off} {
		if !errors.Is(err, keychain.ErrUnavailable) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v, want keychain.ErrUnavailable with %q", err, reason)
		}
	}
}
