// Package injection runs a command with the keys. It decides what the command receives: environment
// variables from the stored keys, the shell and an --env-file, and keys in files.
package injection

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/wanted"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// request describes the environment that a command should have.
type request struct {
	Base, Only []string // Base: "NAME=value" each; Only: names, nil for all
	Preserve   bool     // values in Base win over stored ones
	Where      string   // where Base comes from, for messages; empty for the shell
	Command    []string // the command to run; empty if not known
	KeepUnlock bool     // keep the variables that lead to the passphrase, even if only some keys are wanted
	Confined   bool     // the command must not reach the rest of the keychain
}

// drop returns the variables that no command gets and, for a confined command, those that would lead to all
// other keys.
func (w request) drop() []string {
	drop := []string{passphrase.EnvValue}
	if w.Confined {
		drop = append(drop, passphrase.EnvBackupFile)
		if !w.KeepUnlock {
			drop = append(drop, passphrase.EnvFile)
		}
	}
	return drop
}

// environment is a command's environment, and the secrets in it.
type environment struct {
	*childenv.Result
	Secrets  []string
	Injected []string // the names of stored keys and of their aliases
}

// Environ returns base, "NAME=value" each, with the profile's keys. It prints the warnings and notes of Run,
// and fails if there is no key.
func Environ(s *session.Session, base []string) ([]string, error) {
	built, err := build(s, request{Base: base})
	if err != nil {
		return nil, err
	}
	return built.Env, nil
}

// build builds the environment of a command from want.Base and the profile's keys, limited to want.Only, and
// prints warnings and notes. It fails if keys that the command needs are missing.
func build(s *session.Session, want request) (*environment, error) {
	base, only := want.Base, want.Only
	aliases := s.Aliases()
	items, stored, err := readItems(s, sources(only, aliases))
	if err != nil {
		return nil, err
	}
	items = handedOver(s, items)
	in := childenv.Input{
		Base: base, Stored: storedValues(items, base, only, aliases), Aliases: aliases, Preserve: want.Preserve,
		Wanted: wantedNames(only), Drop: want.drop(), FoldCase: runtime.GOOS == "windows",
	}
	result, err := childenv.Build(in)
	if err != nil {
		return nil, ui.Errorf("pass only the others: ragenv --only A,B -- COMMAND", "%w", err)
	}
	if err := checkMissing(s, result, in, want, stored); err != nil {
		return nil, err
	}
	if len(result.Overridden) > 0 {
		where := "this shell"
		if want.Where != "" {
			where = want.Where
		}
		s.Print.Warn("another value of %s is set in %s: the stored one is used (--preserve-env keeps the shell's)", strings.Join(result.Overridden, ", "), where)
	}
	s.WarnOfExpiry(items)
	built := &environment{Result: result, Injected: slices.AppendSeq(slices.Clone(result.Filled), maps.Keys(in.Stored))}
	for _, item := range items {
		built.Secrets = append(built.Secrets, item.Secret.Reveal())
	}
	for _, known := range secrets.All() { // those that the shell had set
		built.Secrets = append(built.Secrets, inherited(result.Env, known.Name))
	}
	return built, nil
}

// handedOver removes the items that no command may get, with a warning for each.
func handedOver(s *session.Session, items []keychain.Item) []keychain.Item {
	return slices.DeleteFunc(items, func(item keychain.Item) bool {
		err := secrets.CheckName(item.Name)
		if err != nil {
			s.Print.Warn("%s is not passed to the command: %v", item.Name, err)
			s.Print.Hint("ragenv rm %s", shellquote.Word(item.Name))
		}
		return err != nil
	})
}

// storedValues returns the values to hand over, by name. An item that is not in only was read because one
// of its aliases is.
func storedValues(items []keychain.Item, base, only []string, aliases map[string][]string) map[string]string {
	values := map[string]string{}
	for _, item := range items {
		if only == nil || slices.Contains(only, item.Name) {
			values[item.Name] = item.Secret.Reveal()
			continue
		}
		for _, alias := range aliases[item.Name] {
			if slices.Contains(only, alias) && inherited(base, alias) == "" {
				values[alias] = item.Secret.Reveal()
			}
		}
	}
	return values
}

// checkMissing fails if the command would run without keys that it needs, and notes missing keys that are
// used here.
func checkMissing(s *session.Session, result *childenv.Result, in childenv.Input, want request, stored []keychain.Ref) error {
	missing := func(names []string) (absent []string) {
		for _, name := range names {
			if inherited(result.Env, name) == "" {
				absent = append(absent, name)
			}
		}
		return absent
	}
	set := func(names []string) string { return "ragenv set " + names[0] }
	only := want.Only
	if absent := missing(only); len(absent) > 0 {
		return s.Absent(notSet(absent), only, absent, "run --only NAME -- COMMAND")
	}
	if absent := missing(s.Config.Required); only == nil && len(absent) > 0 {
		return s.WithoutKeys(set(absent), "%s%s, and the config file requires that", notSet(absent), s.InProfile())
	}
	if len(in.Stored) == 0 && only == nil && !slices.ContainsFunc(secrets.All(), func(known secrets.Secret) bool { return inherited(result.Env, known.Name) != "" }) {
		return s.WithoutKeys("ragenv setup", "no key is stored%s, and none is set in this shell", s.InProfile())
	}
	reach := reach(s, want.Command, stored)
	for _, name := range result.Missing {
		if known, _ := secrets.Lookup(name); !reach.Uses(known) {
			continue
		} else if known.Optional {
			s.Print.Note("%s is not set%s (run %s, or ragenv config --unused %s)", name, s.InProfile(), s.Print.Completed("ragenv set "+name), name)
		} else {
			s.Print.Note("%s is not set%s (run %s)", name, s.InProfile(), s.Print.Completed("ragenv set "+name))
		}
	}
	return nil
}

// notSet says that one or more names are not set.
func notSet(names []string) string {
	if len(names) == 1 {
		return names[0] + " is not set"
	}
	return strings.Join(names, ", ") + " are not set"
}

// reach describes where to search for uses of a key. command may be empty. stored are the items of all
// profiles.
func reach(s *session.Session, command []string, stored []keychain.Ref) wanted.Reach {
	dir, _ := os.Getwd()
	return wanted.Reach{
		Dir: dir, Command: command, Getenv: s.Getenv, Required: s.Config.Required, Unused: s.Config.Unused,
		Stored: func(name string) bool {
			return slices.ContainsFunc(stored, func(ref keychain.Ref) bool { return ref.Kind == keychain.KindEnv && ref.Name == name })
		},
	}
}

// sources returns the items to read for the names in only: the names themselves and, for aliases, the names
// they follow. Nil stays nil.
func sources(only []string, aliases map[string][]string) []string {
	if only == nil {
		return nil
	}
	names := slices.Clone(only)
	for name, followers := range aliases {
		if slices.ContainsFunc(followers, func(alias string) bool { return slices.Contains(only, alias) }) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// wantedNames returns the keys that deserve a note if they are missing.
func wantedNames(only []string) []string {
	var names []string
	for _, known := range secrets.All() {
		if known.Wanted && (only == nil || slices.Contains(only, known.Name)) {
			names = append(names, known.Name)
		}
	}
	return names
}

// inherited returns the value of a variable in an environment, "" if it is not set.
func inherited(environ []string, name string) string {
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		if key == name || runtime.GOOS == "windows" && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// readItems reads the profile's variables, limited to the names in only. It returns none if nothing was ever
// stored. stored are the items of all profiles.
func readItems(s *session.Session, only []string) (items []keychain.Item, stored []keychain.Ref, err error) {
	items, err = session.Settled(s, func() (items []keychain.Item, err error) {
		items, stored, err = readItemsOnce(s, only)
		return items, err
	})
	return items, stored, err
}

func readItemsOnce(s *session.Session, only []string) (items []keychain.Item, stored []keychain.Ref, err error) {
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	stored, err = k.List("")
	if err != nil {
		return nil, nil, err
	}
	refs := slices.DeleteFunc(slices.Clone(stored), func(ref keychain.Ref) bool { return ref.Profile != s.Config.Profile })
	s.ForgetOld(k, refs)
	refs = slices.DeleteFunc(refs, func(ref keychain.Ref) bool {
		return ref.Kind != keychain.KindEnv || only != nil && !slices.Contains(only, ref.Name)
	})
	if len(refs) == 0 {
		return nil, stored, nil
	}
	items, err = s.GetAll(k, refs)
	return items, stored, err
}
