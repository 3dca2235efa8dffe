package opener

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// desktop is an operating system with a working keychain.
type desktop struct{}

func (desktop) Probe(keychain.Options) error { return nil }

func (desktop) Open(keychain.Options) (keychain.SystemBackend, error) {
	return nil, keychain.ErrUnavailable
}

// commands is a source of one key.
type commands struct{ ref keychain.Ref }

func (c commands) Refs() []keychain.Ref { return []keychain.Ref{c.ref} }

func (c commands) Get(keychain.Ref) (keychain.Item, error) {
	return keychain.Item{Ref: c.ref, Secret: keychain.NewSecret("printed")}, nil
}

// CanCreate needs a passphrase or a terminal for a file store, but not for other backends.
func TestCanCreate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	canAsk := error(keychain.ErrNoStore)
	if terminal, err := ui.OpenTerminal(); err == nil {
		terminal.Close()
		canAsk = nil
	}
	for name, c := range map[string]struct {
		backend, passphraseFile string
		desktop                 bool
		want                    error
	}{
		"a file store, and a passphrase":       {keychain.BackendFile, file, false, nil},
		"a file store, and no passphrase":      {keychain.BackendFile, "", false, canAsk},
		"a file store on a desktop":            {keychain.BackendFile, "", true, canAsk},
		"a passphrase file that is not there":  {keychain.BackendFile, file + "-absent", false, os.ErrNotExist},
		"another backend":                      {keychain.BackendPass, "", false, nil},
		"no backend is named":                  {"", "", false, canAsk},
		"no backend is named, and a file":      {"", file, false, nil},
		"no backend is named, a desktop":       {"", "", true, nil},
		"no backend is named, a bad file":      {"", file + "-absent", false, os.ErrNotExist},
		"another backend, and a file not read": {keychain.BackendPass, file + "-absent", false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if keychain.HasSystem() {
				t.Skip("this program has the keychains of the machine")
			}
			if c.desktop {
				keychain.RegisterSystem(desktop{})
				t.Cleanup(func() { keychain.RegisterSystem(nil) })
			}
			w := newWorld(t)
			w.variables[passphrase.EnvFile] = c.passphraseFile
			o := w.opener(t)
			o.Config.Backend = c.backend
			if err := o.CanCreate(); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// Keys from commands are read together with stored keys, and also if nothing is stored. A program without
// commands reads only stored keys.
func TestCommandsAreReadToo(t *testing.T) {
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}
	before := newSources
	t.Cleanup(func() { newSources = before })
	for name, c := range map[string]struct{ registered, named, want bool }{
		"a program that runs commands":   {true, true, true},
		"no command in the config file":  {true, false, false},
		"a program that runs none":       {false, true, false},
		"neither a program nor commands": {false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			newSources = nil
			if c.registered {
				RegisterSources(func(*config.Config) keychain.Source { return commands{ref} })
			}
			o := newWorld(t).opener(t)
			if c.named {
				o.Config.Sources = map[string]map[string]config.Source{ref.Profile: {ref.Name: {Command: []string{"print"}}}}
			}
			k, err := o.Read()
			if c.want && (err != nil || k.Backend() != keychain.SourceOnly) || !c.want && !errors.Is(err, keychain.ErrNoStore) {
				t.Fatalf("nothing is stored: %v", err)
			}
			if _, err := o.Create(nil); err != nil {
				t.Fatal(err)
			}
			for name, open := range map[string]func() (*keychain.Keychain, error){"Read": o.Read, "Write": o.Write} {
				k, err := open()
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				item, err := k.Get(ref)
				if c.want && (err != nil || item.Secret.Reveal() != "printed") || !c.want && !errors.Is(err, keychain.ErrNotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// A first write that cannot record its choice fails, because the next write could choose another backend.
func TestAChoiceThatCannotBeKeptIsAnError(t *testing.T) {
	o := newWorld(t).opener(t)
	if _, err := o.Create(nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(o.Config.Paths.ConfigFile); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(o.Config.Paths.ConfigFile, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Config.Backend = ""
	if _, err := o.Write(); err == nil {
		t.Error("the config file is a directory, and nothing was said")
	}
}
