package system

import "errors"

// client is another program's keychain, which keeps entries by name.
type client interface {
	// Get returns an entry. Error: errAbsent.
	Get(name string) (entry, error)
	Set(e entry) error
	Remove(name string) error
	// Keys returns the names of all entries, which may include those of other programs.
	Keys() ([]string, error)
}

// entry is what a backend keeps under a name. Its fields are those of the keyring library's Item, which
// some backends keep as JSON.
type entry struct {
	Key                         string
	Data                        []byte
	Label                       string
	Description                 string
	KeychainNotTrustApplication bool
	KeychainNotSynchronizable   bool
}

// errAbsent is the error of a client that has no such entry.
var errAbsent = errors.New("there is no such entry")
