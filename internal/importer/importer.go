// Package importer stores the keys it finds in files, in the environment and in Docker's config.json.
package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// Options are the flags of ragenv import.
type Options struct {
	Files                            []string
	Only                             []string
	FromEnv, Docker                  bool
	All, Remove, Replace, DryRunOnly bool
	As                               dotenv.Syntax // empty: what both readers agree on
}

// stays says that --remove cannot remove a key.
func (o Options) stays() string {
	if o.DryRunOnly {
		return "would be stored, but would stay there too"
	}
	return "is stored, but stays there too"
}

// importable is a key that was found, and the item to store for it.
type importable struct {
	item    keychain.Item
	name    string // as in the source
	from    string // the source, shown to the user
	follows string // the name of the same key; if set, the key is not stored again
}

// withoutUnusual asks about names that --all found but that do not look like secrets, and returns what is
// left.
func withoutUnusual(s *session.Session, found []importable) ([]importable, error) {
	items := make([]keychain.Item, len(found))
	for i, f := range found {
		items[i] = f.item
	}
	names := s.Unusual(items)
	if len(names) == 0 {
		return found, nil
	}
	yes, err := s.ConfirmUnusual(names, found[0].from, "give --force with --all, or name them: ragenv import --only "+strings.Join(names, ",")+" FILE")
	if err != nil || yes {
		return found, err
	}
	return slices.DeleteFunc(found, func(f importable) bool {
		return f.item.Kind == keychain.KindEnv && slices.Contains(names, f.item.Name)
	}), nil
}

// noKeyHint returns the hint if no key was found: a shell reads what has to be expanded.
func noKeyHint(files []source, o Options) string {
	for _, file := range files {
		expands := slices.ContainsFunc(file.entries, func(entry dotenv.Entry) bool { return !entry.Literal && entry.Differs == nil && o.wants(entry.Name) })
		if expands && file.path != "" && slices.Contains([]string{"", ".env", ".sh"}, filepath.Ext(file.path)) {
			path := file.path
			if !filepath.IsAbs(path) {
				path = "./" + path
			}
			return "sh -c " + shellquote.Quote("set -a; . "+shellquote.Word(path)+"; ragenv import --from-env")
		}
	}
	return "ragenv import --help"
}

// Run stores the keys of the sources and, with Remove, removes them there. It stores as much as it can and
// returns an error for the rest.
func Run(s *session.Session, o Options) error {
	files, err := readImportFiles(s, o)
	if err != nil {
		return err
	}
	var found []importable
	for _, file := range files {
		if err := checkReadings(s, file, o); err != nil {
			return err
		}
		found = append(found, selectKeys(s, file, o)...)
		for _, login := range file.logins {
			found = append(found, importable{item: login.Item, name: login.Auth.Server, from: file.title})
		}
	}
	if o.FromEnv {
		found = append(found, selectKeys(s, environmentSource(s, o.Only), o)...)
	}
	var logins []dockersetup.Login
	if o.Docker {
		if logins, err = plaintextLogins(s, o); err != nil {
			return err
		}
		for _, login := range logins {
			found = append(found, importable{item: login.Item, name: login.Auth.Server, from: "Docker's config.json"})
		}
	}
	if absent := notFound(o.Only, found); absent != "" {
		return ui.Errorf("ragenv import --help", "%s: not found there as a plain value", absent)
	}
	if o.All && !o.Replace {
		if found, err = withoutUnusual(s, found); err != nil {
			return err
		}
	}
	var unread error
	for _, file := range files {
		unread = s.Afterwards(unread, file.unread)
	}
	if len(found) == 0 {
		if unread != nil {
			return unread
		}
		return ui.Errorf(noKeyHint(files, o), "found no key to import")
	}
	if err := showFound(s, found); err != nil {
		return err
	}
	kept, failed := storeFound(s, found, o)
	failed = s.Afterwards(failed, unread)
	if kept == nil || !o.Remove {
		return failed
	}
	for _, file := range files {
		failed = s.Afterwards(failed, removeFromFile(s, file, kept, o))
	}
	return s.Afterwards(failed, removeLogins(s, logins, kept, o))
}

func notFound(only []string, found []importable) string {
	for _, name := range only {
		there := false
		for _, f := range found {
			there = there || f.name == name
		}
		if !there {
			return name
		}
	}
	return ""
}

// showFound prints what was found, with masked values.
func showFound(s *session.Session, found []importable) error {
	rows := [][]string{{"FOUND", "VALUE", "IN"}}
	for _, f := range found {
		from := f.from
		if f.follows != "" {
			from += " (follows " + f.follows + ")"
		}
		rows = append(rows, []string{f.name, validate.Mask(f.item.Secret.Reveal()), from})
	}
	return ui.StyleFor(s.Stdout, s.Getenv).Table(s.Stdout, rows)
}

// storeFound stores what it can and returns what is certainly in the keychain, nil if that could not be
// opened. It prints all failures except the last.
func storeFound(s *session.Session, found []importable, o Options) (kept map[keychain.Ref]keychain.Secret, failed error) {
	k, err := openForImport(s, o)
	if err != nil {
		return nil, err
	}
	kept = map[keychain.Ref]keychain.Secret{}
	for _, f := range found {
		if f.follows != "" {
			continue
		}
		if err := storeOne(s, k, f, kept, o); err != nil {
			failed = s.Afterwards(failed, err)
			if errors.Is(err, keychain.ErrLocked) || errors.Is(err, ui.ErrInterrupted) || errors.Is(err, keychain.ErrWrongPassphrase) {
				return kept, failed // the others would fail the same way
			}
			continue
		}
		kept[f.item.Ref] = f.item.Secret
	}
	return kept, failed
}

// openForImport opens the keychain. For a dry run it returns nil if there is none yet and one could be
// created.
func openForImport(s *session.Session, o Options) (*keychain.Keychain, error) {
	if !o.DryRunOnly {
		return s.Opener().Write()
	}
	k, err := s.QuietOpener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, s.Opener().CanCreate()
	}
	return k, err
}

// storeOne stores a key or, in a dry run, says that it would. kept has the keys stored so far.
func storeOne(s *session.Session, k *keychain.Keychain, f importable, kept map[keychain.Ref]keychain.Secret, o Options) error {
	if f.item.Kind == keychain.KindEnv {
		if err := s.CheckValueOr(f.item.Name, f.item.Secret.Reveal(), o.Replace, "run it again with --force"); err != nil {
			return err
		}
	}
	var stored session.StoredItem
	var err error
	if o.DryRunOnly {
		stored.Did, err = foresee(s, k, f.item, kept, o.Replace)
	} else {
		stored, err = s.StoreAndRead(k, f.item, o.Replace)
	}
	switch {
	case err != nil:
		return err
	case o.DryRunOnly && stored.Did == session.StoredNow:
		s.Print.Note("%s%s would be stored", f.item.Name, s.InProfile())
	case stored.Did == session.StoredOther && o.Remove && isFormer(s, k, f.item):
		s.Print.Note("%s holds a former value of %s%s, which is not stored again", ui.Printable(f.from), f.item.Name, s.InProfile())
	case stored.Did == session.StoredOther && isFormer(s, k, f.item):
		return ui.Errorf("to remove it from there: run it again with --remove", "%s holds a former value of %s%s", ui.Printable(f.from), f.item.Name, s.InProfile())
	case stored.Did == session.StoredOther:
		return ui.Errorf("to replace it: run it again with --force; to compare: ragenv get "+f.item.Name,
			"%s%s is already stored with a different value than in %s", f.item.Name, s.InProfile(), ui.Printable(f.from))
	case stored.Did == session.StoredSame:
		s.Print.Note("%s%s already has that value", f.item.Name, s.InProfile())
	default:
		s.Print.Note("stored %s%s in the %s backend", f.item.Name, s.InProfile(), k.Backend())
		if stored.Kept {
			s.SaysKept(f.item.Name)
		}
	}
	return nil
}

// foresee returns what StoreAndRead would do after storing kept, without storing anything. k is nil if
// there is no keychain yet.
func foresee(s *session.Session, k *keychain.Keychain, item keychain.Item, kept map[keychain.Ref]keychain.Secret, replace bool) (session.Storing, error) {
	if err := opener.Accept(item); err != nil {
		return session.StoredOther, fmt.Errorf("%s: %w", item.Name, err)
	}
	var stored keychain.Item
	err := error(keychain.ErrNotFound)
	if secret, ok := kept[item.Ref]; ok {
		stored, err = keychain.Item{Username: item.Username, Secret: secret}, nil
	} else if k != nil {
		stored, err = s.Get(k, item.Ref)
	}
	switch {
	case errors.Is(err, keychain.ErrNotFound), errors.Is(err, keychain.ErrDamaged) && replace:
		return session.StoredNow, nil
	case err != nil:
		return session.StoredOther, err
	case stored.Secret == item.Secret && stored.Username == item.Username:
		return session.StoredSame, nil
	case replace:
		return session.StoredNow, nil
	}
	return session.StoredOther, nil
}

// isFormer reports whether this value of the item was replaced before. It is false for a key that cannot be
// regenerated, because the former value may still be needed.
func isFormer(s *session.Session, k *keychain.Keychain, item keychain.Item) bool {
	if known, _ := secrets.Lookup(item.Name); k == nil || item.Kind != keychain.KindEnv || known.Irreplaceable {
		return false
	}
	var known []keychain.Fingerprint
	err := s.Unlocked(k, func() (err error) {
		known, err = k.Fingerprints(item.Profile)
		return err
	})
	return err == nil && slices.ContainsFunc(known, func(f keychain.Fingerprint) bool { return f.Ref == item.Ref && f.Matches(item.Secret.Reveal()) })
}
