package main

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/wanted"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// environmentWanted says which environment a command is to have.
type environmentWanted struct {
	base, only []string // "NAME=value" each; names, nil for no limit
	preserve   bool     // values of base win over stored ones
	where      string   // where base comes from, for people; empty is the shell
	command    []string // what is going to be run; empty if not known
	keepUnlock bool     // hand over what leads to the passphrase, although the command gets only some keys
	confined   bool     // the command is not to get at anything else of the keychain
}

// drop are the variables that a command never gets, and those that would lead a confined one to every other key.
func (w environmentWanted) drop() []string {
	drop := []string{passphrase.EnvValue}
	if w.confined {
		drop = append(drop, passphrase.EnvBackupFile)
		if !w.keepUnlock {
			drop = append(drop, passphrase.EnvFile)
		}
	}
	return drop
}

// commandEnv is a command's environment, and the secrets in it.
type commandEnv struct {
	*childenv.Result
	secrets  []string
	injected []string // the names of what was stored, and of their aliases
}

// commandEnvironment makes the environment of a command from base and the profile's keys, or those of them that only names,
// and tells the user what is worth telling.
func (s *session) commandEnvironment(want environmentWanted) (*commandEnv, error) {
	base, only := want.base, want.only
	aliases := s.aliases()
	items, err := s.environmentItems(sources(only, aliases))
	if err != nil {
		return nil, err
	}
	items = s.handedOver(items)
	in := childenv.Input{
		Base: base, Stored: storedValues(items, base, only, aliases), Aliases: aliases, Preserve: want.preserve,
		Wanted: wantedNames(only), Drop: want.drop(), FoldCase: runtime.GOOS == "windows",
	}
	result, err := childenv.Build(in)
	if err != nil {
		return nil, ui.Errorf("hand over others only: ragenv --only A,B -- COMMAND", "%w", err)
	}
	if err := s.checkMissing(result, in, want); err != nil {
		return nil, err
	}
	if len(result.Overridden) > 0 {
		where := "this shell"
		if want.where != "" {
			where = want.where
		}
		s.print.Warn("another value of %s is set in %s: the stored one is used (--preserve-env keeps the shell's)", strings.Join(result.Overridden, ", "), where)
	}
	s.warnOfExpiry(items)
	built := &commandEnv{Result: result, injected: slices.AppendSeq(slices.Clone(result.Filled), maps.Keys(in.Stored))}
	for _, item := range items {
		built.secrets = append(built.secrets, item.Secret.Reveal())
	}
	for _, known := range secrets.All() { // what the shell had set of them
		built.secrets = append(built.secrets, inherited(result.Env, known.Name))
	}
	return built, nil
}

// handedOver omits the items that no command gets, with a warning.
func (s *session) handedOver(items []keychain.Item) []keychain.Item {
	return slices.DeleteFunc(items, func(item keychain.Item) bool {
		err := secrets.CheckName(item.Name)
		if err != nil {
			s.print.Warn("%s is not handed over: %v", item.Name, err)
			s.print.Hint("ragenv rm%s %s", s.forProfile(), shellquote.Word(item.Name))
		}
		return err != nil
	})
}

// storedValues are the values to hand over by name. An item that only does not name was read for an alias of it that only
// does name.
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

// checkMissing fails where a command would run without the keys it was to have, and notes those that are used here.
func (s *session) checkMissing(result *childenv.Result, in childenv.Input, want environmentWanted) error {
	missing := func(names []string) (absent []string) {
		for _, name := range names {
			if inherited(result.Env, name) == "" {
				absent = append(absent, name)
			}
		}
		return absent
	}
	set := func(names []string) string { return "ragenv set" + s.forProfile() + " " + names[0] }
	only := want.only
	if absent := missing(only); len(absent) > 0 {
		return s.withoutKeys(set(absent), "%s%s", notSet(absent), s.inProfile())
	}
	if absent := missing(s.config.Required); only == nil && len(absent) > 0 {
		return s.withoutKeys(set(absent), "%s%s, and the config file requires that", notSet(absent), s.inProfile())
	}
	if len(in.Stored) == 0 && only == nil && !slices.ContainsFunc(secrets.All(), func(known secrets.Secret) bool { return inherited(result.Env, known.Name) != "" }) {
		return s.withoutKeys("ragenv setup"+s.forProfile(), "no key is stored%s, and none is set in this shell", s.inProfile())
	}
	reach := s.reach(want.command)
	for _, name := range result.Missing {
		if known, _ := secrets.Lookup(name); !reach.Uses(known) {
			continue
		} else if known.Optional {
			s.print.Note("%s is not set%s (run ragenv set%s %s, or ragenv config --unused %s)", name, s.inProfile(), s.forProfile(), name, name)
		} else {
			s.print.Note("%s is not set%s (run ragenv set%s %s)", name, s.inProfile(), s.forProfile(), name)
		}
	}
	return nil
}

// notSet says of one or more names that they are not set.
func notSet(names []string) string {
	if len(names) == 1 {
		return names[0] + " is not set"
	}
	return strings.Join(names, ", ") + " are not set"
}

// reach is where the use of a key is searched for, for a command or without one.
func (s *session) reach(command []string) wanted.Reach {
	dir, _ := os.Getwd()
	return wanted.Reach{
		Dir: dir, Command: command, Getenv: s.getenv, Required: s.config.Required, Unused: s.config.Unused,
		Stored: func(name string) bool {
			k, err := s.quietOpener().Read()
			if err != nil {
				return false
			}
			refs, err := k.List("") // of every profile
			return err == nil && slices.ContainsFunc(refs, func(ref keychain.Ref) bool { return ref.Kind == keychain.KindEnv && ref.Name == name })
		},
	}
}

// withoutKeys is the error of a command without its keys; under sudo these are often somewhere else.
func (s *session) withoutKeys(hint, format string, args ...any) error {
	err := ui.Errorf(hint, format, args...)
	if caller, ok := sudo.KeysElsewhere(s.getenv, s.config.Paths); ok {
		return ui.Errorf(sudoHint(caller), "%w; %s", err, caller.Sentence(s.config.Paths))
	}
	return err
}

func sudoHint(caller sudo.Caller) string { return "run ragenv as " + caller.Name + ", without sudo" }

// warnOfExpiry says in one line which keys are about to stop working.
func (s *session) warnOfExpiry(items []keychain.Item) {
	var phrases, names []string
	for _, item := range items {
		if expiry.Near(item.Expires, s.now()) {
			phrases = append(phrases, item.Name+" "+expiry.Phrase(item.Expires, s.now()))
			names = append(names, item.Name)
		}
	}
	if len(names) > 0 {
		s.print.Warn("%s (ragenv rotate %s)", strings.Join(phrases, ", "), names[0])
	}
}

// aliases are the variables that follow others: those of the table and those of the config file.
func (s *session) aliases() map[string][]string {
	aliases := map[string][]string{}
	for _, known := range secrets.All() {
		if len(known.Aliases) > 0 {
			aliases[known.Name] = slices.Clone(known.Aliases)
		}
	}
	for alias, name := range s.config.Aliases {
		if secrets.CheckName(alias) != nil {
			s.print.Warn("%s: the alias %q is no name for a key, and is not used", s.config.Paths.ConfigFile, alias)
			continue
		}
		aliases[name] = append(aliases[name], alias)
	}
	return aliases
}

// sources are the items to read for the names that were given: these, and those they follow. Nil stays nil.
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

// wantedNames are the keys whose absence is worth a note.
func wantedNames(only []string) []string {
	var names []string
	for _, known := range secrets.All() {
		if known.Wanted && (only == nil || slices.Contains(only, known.Name)) {
			names = append(names, known.Name)
		}
	}
	return names
}

// inherited returns a variable's value in an environment, "" if it is not set.
func inherited(environ []string, name string) string {
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		if key == name || runtime.GOOS == "windows" && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// environmentItems reads the profile's variables, or those of them that are named; none if nothing was ever stored.
func (s *session) environmentItems(only []string) ([]keychain.Item, error) {
	return settled(s, func() ([]keychain.Item, error) { return s.environmentItemsOnce(only) })
}

func (s *session) environmentItemsOnce(only []string) ([]keychain.Item, error) {
	k, err := s.opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	refs, err := k.List(s.config.Profile)
	if err != nil {
		return nil, err
	}
	s.forgetOld(k, refs)
	refs = slices.DeleteFunc(refs, func(ref keychain.Ref) bool {
		return ref.Kind != keychain.KindEnv || only != nil && !slices.Contains(only, ref.Name)
	})
	if len(refs) == 0 {
		return nil, nil
	}
	var items []keychain.Item
	err = s.unlocked(k, func() (err error) {
		items, err = k.GetAll(refs)
		return err
	})
	return items, err
}
