package importer

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// readPlace reads another program's file in its own format. If a name has several keys, the last one
// counts, as for variables.
func readPlace(s *session.Session, source *source, text []byte, o Options) {
	source.values = source.format.Read(text)
	for _, v := range source.values {
		if v.Name == "" {
			s.Print.Note("%s line %d: skipped the %s of another service", ui.Printable(source.title), v.Line, ui.Printable(v.Label))
			continue
		}
		source.entries = append(source.entries, dotenv.Entry{Name: v.Name, Value: v.Value, Literal: true, Line: v.Line})
	}
	if o.Remove && !source.format.Writes && len(source.entries) > 0 {
		s.Print.Warn("%s is not changed by --remove: delete it after a backup of the key", ui.Printable(source.title))
	}
}

// removeFromPlace removes the values that the keychain has from another program's file.
func removeFromPlace(s *session.Session, source source, kept map[keychain.Ref]keychain.Secret, o Options) error {
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
		secret, ok := kept[s.EnvRef(v.Name)]
		switch {
		case !ok || v.Name == "":
		case secret != keychain.NewSecret(v.Value):
			s.Print.Warn("%s line %d holds another value of %s, which stays there", ui.Printable(source.path), v.Line, v.Name)
		case !v.Removable():
			stays = s.Afterwards(stays, ui.Errorf(shellquote.Edit(source.path, v.Line),
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
	if o.DryRunOnly {
		s.Print.Note("would be removed from %s: %s", ui.Printable(source.path), ui.Printable(strings.Join(labels, ", ")))
		return stays
	}
	if err := atomicfile.Replace(source.path, old, bom.Encode(places.Remove(text, removed), encoding), 0o600); err != nil {
		return s.Afterwards(stays, fmt.Errorf("the keys are stored, but stay in the file too: %w", err))
	}
	s.Print.Note("removed from %s: %s", ui.Printable(source.path), ui.Printable(strings.Join(labels, ", ")))
	for _, place := range places.Table() {
		if place.Name == source.format.Name {
			s.Print.Note("to use the keychain there: %s", place.Instead)
		}
	}
	afterRemoval(s, source, nil)
	return stays
}

// fileLogins returns the logins to import from a file in Docker's format: the one for nvcr.io, or all.
func fileLogins(s *session.Session, source source, text []byte, o Options) ([]dockersetup.Login, error) {
	f, err := dockerconfig.Parse(source.title, text)
	if err != nil {
		return nil, dockersetup.ExplainError(err)
	}
	return wantedLogins(s, source.title, f, o), nil
}

// wantedLogins returns the logins in f to import, and warns about those that cannot be kept.
func wantedLogins(s *session.Session, title string, f *dockerconfig.File, o Options) []dockersetup.Login {
	logins, unkept := dockersetup.ReadLogins(s, f, o.All)
	for _, login := range unkept {
		s.Print.Warn("the login for %s in %s cannot be kept: %s", login.Server, ui.Printable(title), login.Reason)
	}
	return slices.DeleteFunc(logins, func(login dockersetup.Login) bool {
		return o.Only != nil && !slices.Contains(o.Only, login.Item.Name)
	})
}

// imported returns the logins that the keychain has.
func imported(logins []dockersetup.Login, kept map[keychain.Ref]keychain.Secret) []dockersetup.Login {
	return slices.DeleteFunc(slices.Clone(logins), func(login dockersetup.Login) bool {
		secret, ok := kept[login.Item.Ref]
		return !ok || secret != login.Item.Secret
	})
}

// removeFileLogins removes imported logins from a file in Docker's format other than Docker's own
// config.json.
func removeFileLogins(s *session.Session, source source, kept map[keychain.Ref]keychain.Secret, o Options) error {
	moved := imported(source.logins, kept)
	if len(moved) == 0 {
		return nil
	}
	changed, err := editUnlessDry(o, source.path, func(f *dockerconfig.File) error {
		dockersetup.ClearMoved(f, moved)
		return nil
	})
	if err != nil {
		return dockersetup.ExplainError(err)
	}
	if changed || o.DryRunOnly {
		var servers []string
		for _, login := range moved {
			servers = append(servers, login.Auth.Server)
		}
		if o.DryRunOnly {
			s.Print.Note("would be removed from %s: the login for %s", ui.Printable(source.path), ui.Printable(strings.Join(servers, ", ")))
			return nil
		}
		s.Print.Note("removed from %s: the login for %s", ui.Printable(source.path), ui.Printable(strings.Join(servers, ", ")))
		abs, _ := filepath.Abs(source.path)
		for _, place := range places.Table() {
			if place.At(placeOptions(s), abs) {
				s.Print.Note("to use the keychain there: %s", place.Instead)
			}
		}
		afterRemoval(s, source, nil)
	}
	return nil
}

func placeOptions(s *session.Session) places.Options {
	return places.Options{Home: s.Config.Paths.Home, Getenv: s.Getenv}
}
