package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// readPlace reads a file of another program by its own format. Of several keys for one name the last counts, as for variables.
func (s *session) readPlace(source *importSource, text []byte, o importOptions) {
	source.values = source.format.Read(text)
	for _, v := range source.values {
		if v.Name == "" {
			s.print.Note("%s line %d: the %s is another service's, and is left alone", ui.Printable(source.title), v.Line, ui.Printable(v.Label))
			continue
		}
		source.entries = append(source.entries, dotenv.Entry{Name: v.Name, Value: v.Value, Literal: true, Line: v.Line})
	}
	if o.remove && !source.format.Writes && len(source.entries) > 0 {
		s.print.Warn("%s is not changed by --remove: delete it after a backup of the key", ui.Printable(source.title))
	}
}

// removeFromPlace removes from a file of another program the values that the keychain has.
func (s *session) removeFromPlace(source importSource, kept map[keychain.Ref]keychain.Secret, o importOptions) error {
	if !source.format.Writes {
		return nil
	}
	old, err := atomicfile.Read(source.path)
	if err != nil {
		return err
	}
	text, encoding, err := bom.Decode(old)
	if err != nil {
		return err
	}
	var removed []places.Value
	var stays error
	for _, v := range source.format.Read(text) {
		secret, ok := kept[s.envRef(v.Name)]
		switch {
		case !ok || v.Name == "":
		case secret != keychain.NewSecret(v.Value):
			s.print.Warn("%s line %d holds another value of %s, which stays there", ui.Printable(source.path), v.Line, v.Name)
		case !v.Removable():
			stays = s.afterwards(stays, ui.Errorf(shellquote.Edit(source.path, v.Line),
				"%s line %d: %s %s: more is on its line", ui.Printable(source.path), v.Line, v.Name, o.stays()))
		default:
			removed = append(removed, v)
		}
	}
	if len(removed) == 0 {
		return stays
	}
	var labels []string
	for _, v := range removed {
		labels = append(labels, v.Label)
	}
	if o.dryRunOnly {
		s.print.Note("would be removed from %s: %s", ui.Printable(source.path), ui.Printable(strings.Join(labels, ", ")))
		return stays
	}
	if err := atomicfile.Replace(source.path, old, bom.Encode(places.Remove(text, removed), encoding), 0o600); err != nil {
		return s.afterwards(stays, fmt.Errorf("the keys are stored, but stay in the file too: %w", err))
	}
	s.print.Note("removed from %s: %s", ui.Printable(source.path), ui.Printable(strings.Join(labels, ", ")))
	for _, place := range places.Table() {
		if place.Name == source.format.Name {
			s.print.Note("that program's way to the keychain: %s", place.Instead)
		}
	}
	s.afterRemoval(source, nil)
	return stays
}

// fileLogins returns the logins of a file of Docker's format that can be kept: that of nvcr.io, or every one.
func (s *session) fileLogins(source importSource, text []byte, o importOptions) ([]plaintextLogin, error) {
	f, err := dockerconfig.Parse(source.title, text)
	if err != nil {
		return nil, dockerConfigError(err)
	}
	logins, unkept := s.readLogins(f, o.all)
	for _, login := range unkept {
		s.print.Warn("the login for %s in %s cannot be kept: %s", login.server, ui.Printable(source.title), login.reason)
	}
	return slices.DeleteFunc(logins, func(login plaintextLogin) bool {
		return o.only != nil && !slices.Contains(o.only, login.item.Name)
	}), nil
}

// removeFileLogins removes kept logins from a file of Docker's format that is not Docker's own config.json.
func (s *session) removeFileLogins(source importSource, kept map[keychain.Ref]keychain.Secret, o importOptions) error {
	var moved []plaintextLogin
	for _, login := range source.logins {
		if secret, ok := kept[login.item.Ref]; ok && secret == login.item.Secret {
			moved = append(moved, login)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	changed, err := editUnlessDry(o, source.path, func(f *dockerconfig.File) error {
		clearMoved(f, moved)
		return nil
	})
	if err != nil {
		return dockerConfigError(err)
	}
	if changed || o.dryRunOnly {
		var servers []string
		for _, login := range moved {
			servers = append(servers, login.auth.Server)
		}
		if o.dryRunOnly {
			s.print.Note("would be removed from %s: the login for %s", ui.Printable(source.path), ui.Printable(strings.Join(servers, ", ")))
			return nil
		}
		s.print.Note("removed from %s: the login for %s", ui.Printable(source.path), ui.Printable(strings.Join(servers, ", ")))
		abs, _ := filepath.Abs(source.path)
		for _, place := range places.Table() {
			if place.At(s.placeOptions(), abs) {
				s.print.Note("that program's way to the keychain: %s", place.Instead)
			}
		}
		s.afterRemoval(source, nil)
	}
	return nil
}

func (s *session) placeOptions() places.Options {
	return places.Options{Home: s.config.Paths.Home, Getenv: s.getenv}
}

// afterRemoval says what the programs that read the file need now.
func (s *session) afterRemoval(source importSource, names []string) {
	base := filepath.Base(source.path)
	if source.format == nil && source.logins == nil && (strings.Contains(base, ".env") && base != ".envrc" || strings.HasSuffix(base, ".env")) {
		s.print.Note("docker compose needs ragenv now: ragenv -- docker compose up -d")
	}
	if base == ".envrc" {
		s.print.Note(`direnv gets the keys with this line in it: eval "$(ragenv export)"`)
	}
	for _, name := range names {
		if s.getenv(name) != "" {
			s.print.Note("this shell still has %s", name)
			s.hint(shellquote.Unset(name))
		}
	}
	if inRepository(source.path) {
		s.print.Note("if %s was ever committed, its history still has the key: rotate it with ragenv rotate", ui.Printable(base))
	}
}

// inRepository reports whether a file is below a directory that is a git repository.
func inRepository(path string) bool {
	dir, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	for dir = filepath.Dir(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		if filepath.Dir(dir) == dir {
			return false
		}
	}
}
