package dockerconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SetCredHelper makes Docker ask docker-credential-HELPER for exactly host. A plain-text login for host
// stays in auths, but is no longer read: IgnoredAuths lists it and ClearAuth removes it.
func (f *File) SetCredHelper(host, helper string) { f.put(keyCredHelpers, host, encodeString(helper)) }

// RemoveCredHelper removes the helper of host and, like Docker, credHelpers with its last host.
func (f *File) RemoveCredHelper(host string) { f.drop(keyCredHelpers, host, true) }

// SetCredsStore makes Docker ask docker-credential-NAME for every registry not in credHelpers. Docker then
// ignores every plain-text login (IgnoredAuths). Without force, it returns *ErrOtherStore instead of
// replacing another helper.
func (f *File) SetCredsStore(name string, force bool) error {
	if other := f.CredsStore(); other != "" && other != name && !force {
		return &ErrOtherStore{other}
	}
	f.put(keyCredsStore, "", encodeString(name))
	return nil
}

// RemoveCredsStore removes the helper for all registries.
func (f *File) RemoveCredsStore() { f.drop(keyCredsStore, "", false) }

// ClearAuth replaces a server's entry in auths, with the key that PlaintextAuths returns, by the {} that
// "docker login" writes when a helper is used. It cannot be undone: only the server is recorded, not the
// secret.
func (f *File) ClearAuth(server string) {
	o, _ := f.entries(keyAuths)
	i := o.find(func(key string) bool { return key == server })
	if i < 0 {
		return
	}
	m := o.members[i]
	if m.value(f.text)[0] == '{' && len(parseObject(f.text, m.valStart).members) == 0 {
		return
	}
	f.apply(splice{m.valStart, m.valEnd - m.valStart, "{}"}, nil)
	f.steps[len(f.steps)-1].Server = server
}

// get returns the JSON text of a setting or of a server's entry in it, or nil.
func (f *File) get(setting, server string) json.RawMessage {
	o, key, ok := f.place(setting, server)
	if !ok {
		return nil
	}
	i := o.find(key)
	if i < 0 {
		return nil
	}
	return bytes.Clone(o.members[i].value(f.text))
}

// place returns the object that contains a setting or a server's entry, and a function that matches its
// key.
func (f *File) place(setting, server string) (o object, key func(string) bool, ok bool) {
	if setting == keyCredsStore {
		i := f.setting(setting)
		return f.root, func(key string) bool { return i >= 0 && key == f.root.members[i].key }, f.root.open >= 0
	}
	o, ok = f.entries(setting)
	return o, func(key string) bool { return key == server }, ok
}

// put sets a setting, or a server's entry in it, to the JSON string value.
func (f *File) put(setting, server, value string) {
	before := f.get(setting, server)
	if string(before) == value {
		return
	}
	change := &step{Setting: setting, Server: server, Before: before, After: json.RawMessage(value)}
	s := styleOf(f.text, f.root)
	o, key, ok := f.place(setting, server)
	if ok {
		if i := o.find(key); i >= 0 {
			m := o.members[i]
			f.apply(splice{m.valStart, m.valEnd - m.valStart, value}, change)
			return
		}
	}
	if ok && setting != keyCredsStore {
		f.apply(insert(f.text, o, server, value, s, 1), change)
		return
	}
	// The setting itself is absent or null.
	depth := 1
	if setting != keyCredsStore {
		value = s.newObject(server, value, depth)
		change.Made = true
	}
	if i := f.setting(setting); i >= 0 {
		m := f.root.members[i]
		f.apply(splice{m.valStart, m.valEnd - m.valStart, value}, change)
		return
	}
	if f.root.open >= 0 {
		f.apply(insert(f.text, f.root, setting, value, s, 0), change)
		return
	}
	start := 0
	if bytes.HasPrefix(f.text, bom) {
		start = len(bom)
	}
	f.apply(splice{start, len(f.text) - start, s.newObject(setting, value, 0)}, change)
}

// drop removes a setting or a server's entry in it. whole also removes the setting with its last entry.
func (f *File) drop(setting, server string, whole bool) {
	o, key, ok := f.place(setting, server)
	if !ok {
		return
	}
	i := o.find(key)
	if i < 0 {
		return
	}
	change := &step{Setting: setting, Server: server, Before: f.get(setting, server)}
	if whole && setting != keyCredsStore && len(o.members) == 1 {
		o, i = f.root, f.setting(setting)
	}
	f.apply(remove(o, i), change)
}

// apply makes an edit. A nil change cannot be undone.
func (f *File) apply(e splice, change *step) {
	if change == nil {
		change = &step{}
	} else {
		change.At, change.Old, change.New = e.at, string(f.text[e.at:e.at+e.oldLen]), e.new
	}
	if err := f.setText(e.apply(f.text)); err != nil {
		panic(fmt.Sprintf("dockerconfig: an edit of %s spoiled the file; nothing was written", f.path))
	}
	f.steps, f.remove = append(f.steps, *change), false
}
