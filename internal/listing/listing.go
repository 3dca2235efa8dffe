// Package listing shows what is stored, never the values: as a table or as JSON.
package listing

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/ragenv/ragenv/internal/fingerprint"
	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Options are the flags of ragenv list.
type Options struct {
	JSON, All      bool
	FingerprintKey string // path of the fingerprint key; empty for no fingerprints
	Expiring       string // only items that expire by then, in the syntax of package expiry; empty for all
}

// entry is one element of list --json. Its members are a public interface: only add to them.
type entry struct {
	Name     string     `json:"name"`
	Profile  string     `json:"profile"`
	Kind     string     `json:"kind"`
	Server   string     `json:"server,omitempty"`
	Username string     `json:"username,omitempty"`
	Updated  *time.Time `json:"updated,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Backend  string     `json:"backend,omitempty"`
	Source   string     `json:"source,omitempty"`

	Fingerprint string `json:"fingerprint,omitempty"`
}

// sourceCommand is the value of "source" for an item that comes from a command.
const sourceCommand = "command"

// Run lists what is stored in the active profile, or in all. It never asks for a passphrase.
func Run(s *session.Session, o Options) error {
	if o.Expiring != "" {
		return runExpiring(s, o)
	}
	key, err := fingerprintKey(s, o)
	if err != nil {
		return err
	}
	found, err := session.Settled(s, func() ([]entry, error) { return entries(s, o.All, key != nil, key) })
	if err != nil {
		return err
	}
	if o.JSON {
		return ui.WriteJSON(s.Stdout, found)
	}
	if len(found) == 0 {
		if caller, ok := sudo.KeysElsewhere(s.Getenv, s.Config.Paths); ok {
			s.Print.Note("nothing is stored%s; %s", s.InProfile(), caller.Sentence(s.Config.Paths))
			s.Hint(session.SudoHint(caller))
			return nil
		}
		if near := s.NearestProfile(s.Config.Profile); near != "" {
			s.Print.Note("nothing is stored%s: did you mean profile %s?", s.InProfile(), near)
			s.Hint("ragenv profile list")
			return nil
		}
		s.Print.Note("nothing is stored%s", s.InProfile())
		s.Hint("ragenv setup")
		return nil
	}
	return writeTable(s, found, o.All)
}

// entries returns what is stored, never nil. Locked items have no details, and a note says so; with
// detailed, an unreadable item is an error. With a key, each entry has a fingerprint.
func entries(s *session.Session, all, detailed bool, key *fingerprint.Key) ([]entry, error) {
	found := []entry{}
	k, err := s.QuietOpener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	profile := s.Config.Profile
	if all {
		profile = ""
	}
	refs, err := k.List(profile)
	if err != nil {
		return nil, err
	}
	s.ForgetOld(k, refs)
	refs = slices.DeleteFunc(refs, func(ref keychain.Ref) bool { return ref.Kind != keychain.KindEnv && ref.Kind != keychain.KindRegistry })
	items, errs := k.GetEach(slices.DeleteFunc(slices.Clone(refs), k.Sourced))
	l := lister{s: s, k: k, detailed: detailed, key: key}
	for _, ref := range refs {
		if k.Sourced(ref) {
			e, err := l.sourced(ref)
			if err != nil {
				return nil, err
			}
			found = append(found, e)
			continue
		}
		e, err := l.stored(ref, items[0], s.ExplainPassphrase(errs[0]))
		items, errs = items[1:], errs[1:]
		switch {
		case errors.Is(err, keychain.ErrNotFound): // removed in the meantime
		case err != nil:
			return nil, err
		default:
			found = append(found, e)
		}
	}
	if l.locked {
		s.Print.Note("the keychain is locked, so the keys' details are not shown")
		s.Hint(passphrase.UnlockHint())
	}
	return found, nil
}

// lister describes items. Its fields are the arguments of entries, and whether an item was locked.
type lister struct {
	s        *session.Session
	k        *keychain.Keychain
	detailed bool
	key      *fingerprint.Key
	locked   bool
}

// entry returns what the name alone says.
func (l *lister) entry(ref keychain.Ref) entry {
	e := entry{Name: ref.Name, Profile: ref.Profile, Kind: string(ref.Kind), Backend: l.k.Backend()}
	if ref.Kind == keychain.KindRegistry {
		e.Server = ref.Name
	}
	return e
}

// sourced describes a key that a command supplies. Running it is the only way to learn more than the name.
func (l *lister) sourced(ref keychain.Ref) (entry, error) {
	e := l.entry(ref)
	e.Backend, e.Source = "", sourceCommand
	if l.key != nil {
		item, err := l.k.Get(ref)
		if err != nil {
			return entry{}, err
		}
		e.Fingerprint = l.key.Of(ref.Name, item.Secret.Reveal())
	}
	warnOfBoth(l.s, l.k, ref)
	return e, nil
}

// stored describes an item, from the answer of reading it.
func (l *lister) stored(ref keychain.Ref, item keychain.Item, err error) (entry, error) {
	e := l.entry(ref)
	switch {
	case err == nil:
		e.Username, e.Updated, e.Expires = item.Username, known(item.Updated), known(item.Expires)
		if l.key != nil {
			e.Fingerprint = l.key.Of(ref.Name, item.Secret.Reveal())
		}
	case errors.Is(err, keychain.ErrNotFound), l.detailed:
		return entry{}, err
	case errors.Is(err, keychain.ErrLocked):
		l.locked = true
		written, err := l.k.Modified(ref)
		if err != nil && !errors.Is(err, keychain.ErrNotFound) {
			return entry{}, err
		}
		e.Updated = known(written.UTC().Truncate(time.Second))
	case errors.Is(err, keychain.ErrDamaged):
		l.s.Print.Warn("%v", err)
	default:
		return entry{}, err
	}
	return e, nil
}

// warnOfBoth warns if a key that a command supplies is also stored, because the stored value is not used.
func warnOfBoth(s *session.Session, k *keychain.Keychain, ref keychain.Ref) {
	if stored, err := k.Stored().Has(ref); err == nil && stored {
		err := &keychain.SourcedError{Ref: ref, Both: true}
		s.Print.Warn("%s: %v", ui.Printable(ref.Name), err)
		s.Print.Hint("%s", ui.Explain(err).Hint)
	}
}

// fingerprintKey reads the file of --fingerprint-key. It returns nil without the flag.
func fingerprintKey(s *session.Session, o Options) (*fingerprint.Key, error) {
	if o.FingerprintKey == "" {
		return nil, nil
	}
	if !o.JSON {
		return nil, ui.Usagef("ragenv list --json --fingerprint-key FILE", "--fingerprint-key needs --json")
	}
	var data []byte
	var err error
	if o.FingerprintKey == readfile.Standard {
		data, err = io.ReadAll(io.LimitReader(s.Stdin, keyinput.Max))
	} else {
		data, err = readfile.Read(o.FingerprintKey, 0, keyinput.Max)
	}
	if err != nil {
		return nil, err
	}
	key, err := fingerprint.NewKey([]byte(keyinput.Value(data)))
	if err != nil {
		return nil, ui.Errorf("head -c 32 /dev/urandom | base64 > compare.key", "--fingerprint-key: %w", err)
	}
	return key, nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
