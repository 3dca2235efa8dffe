package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/gitindex"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// afterRemoval says what the programs that read the file need now.
func afterRemoval(s *session.Session, source source, names []string) {
	base := filepath.Base(source.path)
	if source.format == nil && source.logins == nil && (strings.Contains(base, ".env") && base != ".envrc" || strings.HasSuffix(base, ".env")) {
		s.Print.Note("docker compose now needs ragenv: ragenv -- docker compose up -d")
	}
	if base == ".envrc" {
		s.Print.Note(`to give direnv the keys, add this line to it: eval "$(ragenv export)"`)
	}
	for _, name := range names {
		if s.Getenv(name) != "" {
			s.Print.Note("this shell still has %s", name)
			s.Hint(shellquote.Unset(name))
		}
	}
	if inRepository(source.path) {
		s.Print.Note("if %s was ever committed, its history still has the key: rotate it with ragenv rotate", ui.Printable(base))
	}
}

// inRepository reports whether a file is, or may be, in a git repository.
func inRepository(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	_, _, err = gitindex.Find(filepath.Dir(path))
	return !errors.Is(err, gitindex.ErrNoRepository)
}

// removeFromFile removes the assignments of stored keys from a file, including earlier assignments and
// those of the keys' aliases.
func removeFromFile(s *session.Session, source source, kept map[keychain.Ref]keychain.Secret, o Options) error {
	leader := leaders(s.Aliases())
	isKept := func(entry dotenv.Entry) bool {
		for _, name := range []string{entry.Name, leader[entry.Name]} {
			if secret, ok := kept[s.EnvRef(name)]; ok && entry.Literal && secret == keychain.NewSecret(entry.Value) {
				return true
			}
		}
		return false
	}
	switch {
	case source.path == "":
		return nil
	case source.format != nil:
		return removeFromPlace(s, source, kept, o)
	case source.logins != nil:
		return removeFileLogins(s, source, kept, o)
	}
	disk, err := atomicfile.Read(source.path)
	if err != nil {
		return err
	}
	old, encoding, err := bom.Decode(disk)
	if err != nil {
		return err
	}
	entries, _ := readVariables(old, o.As)
	var removed []dotenv.Entry
	var failed error
	data := old
	for _, entry := range entries {
		if !isKept(entry) {
			if _, ok := kept[s.EnvRef(entry.Name)]; ok && entry.Literal && entry.Value != "" {
				s.Print.Warn("%s line %d holds another value of %s, which stays there", ui.Printable(source.path), entry.Line, entry.Name)
			}
			continue
		}
		if _, err := dotenv.Remove(old, []dotenv.Entry{entry}); err != nil {
			failed = s.Afterwards(failed, ui.Errorf(shellquote.Edit(source.path, entry.Line), "%s: %s %s: %w", ui.Printable(source.path), entry.Name, o.stays(), err))
			continue
		}
		removed = append(removed, entry)
	}
	if len(removed) == 0 {
		return failed
	}
	if data, err = dotenv.Remove(old, removed); err != nil {
		return s.Afterwards(failed, err)
	}
	var names []string
	for _, entry := range removed {
		names = append(names, entry.Name)
	}
	if o.DryRunOnly {
		s.Print.Note("would be removed from %s: %s", ui.Printable(source.path), strings.Join(names, ", "))
		return failed
	}
	if err := atomicfile.Replace(source.path, disk, bom.Encode(data, encoding), 0o600); err != nil {
		return s.Afterwards(failed, fmt.Errorf("the keys are stored, but stay in the file too: %w", err))
	}
	s.Print.Note("removed from %s: %s", ui.Printable(source.path), strings.Join(names, ", "))
	afterRemoval(s, source, names)
	return failed
}

// removeLogins removes imported logins from config.json where Docker already asks a helper. Docker would
// lose the others.
func removeLogins(s *session.Session, logins []dockersetup.Login, kept map[keychain.Ref]keychain.Secret, o Options) error {
	moved := imported(logins, kept)
	if len(moved) == 0 {
		return nil
	}
	var needed error
	changed, err := editUnlessDry(o, dockersetup.ConfigPath(s), func(f *dockerconfig.File) error {
		needed = nil
		ignored := f.IgnoredAuths()
		dockersetup.ClearMoved(f, slices.DeleteFunc(slices.Clone(moved), func(login dockersetup.Login) bool {
			if slices.Contains(ignored, login.Auth) {
				return false
			}
			needed = ui.Errorf("to move it, with --store for every registry: ragenv docker configure", "the login for %s stays in config.json: Docker does not ask %s yet", login.Auth.Server, dockersetup.HelperProgram)
			return true
		}))
		return nil
	})
	if err != nil {
		return dockersetup.ExplainError(err)
	}
	switch {
	case o.DryRunOnly && needed == nil:
		s.Print.Note("would be removed from %s: logins that Docker gets from a helper", dockersetup.ConfigPath(s))
	case changed:
		s.Print.Note("removed from %s: logins that Docker gets from a helper", dockersetup.ConfigPath(s))
	}
	return needed
}

// editUnlessDry edits a config.json. A dry run edits only the copy in memory.
func editUnlessDry(o Options, path string, change func(*dockerconfig.File) error) (changed bool, err error) {
	if !o.DryRunOnly {
		return dockerconfig.Edit(path, change)
	}
	f, err := dockerconfig.Load(path)
	if err != nil {
		return false, err
	}
	return false, change(f)
}
