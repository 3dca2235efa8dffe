package dockersetup

import (
	"errors"
	"os"
	"os/exec"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

// The credential helper's name in config.json and on PATH.
const (
	HelperName    = credentialhelper.Name
	HelperProgram = credentialhelper.Program
)

// ConfigPath returns the path where Docker expects config.json.
func ConfigPath(s *session.Session) string {
	return dockerconfig.Path(s.Getenv, s.Config.Paths.Home)
}

// UndoFile returns the path of the record of what docker configure replaced.
func UndoFile(s *session.Session) string {
	return dockerconfig.UndoFile(s.Config.Paths.State, ConfigPath(s))
}

// ExplainError adds a hint to an error of dockerconfig.
func ExplainError(err error) error {
	var syntax *dockerconfig.SyntaxError
	var other *dockerconfig.ErrOtherStore
	switch {
	case errors.As(err, &syntax):
		return ui.Errorf(dockerconfig.Hint(syntax.Path, err), "%w; nothing was changed", err)
	case errors.As(err, &other):
		return ui.Errorf("to use it for "+serverurl.NGC+" alone, next to that: ragenv docker configure", "%w: it is not replaced", err)
	case errors.Is(err, dockerconfig.ErrChanged):
		return ui.Errorf("run it again", "%w", err)
	}
	return err
}

// ExplainErrorAt is ExplainError for an error of writing the file at path.
func ExplainErrorAt(path string, err error) error {
	var syntax *dockerconfig.SyntaxError
	if hint := dockerconfig.Hint(path, err); hint != "" && !errors.As(err, &syntax) {
		return ui.Errorf(hint, "%w", err)
	}
	return ExplainError(err)
}

// FindHelper returns the path of the credential helper as Docker finds it.
func FindHelper() (string, error) { return exec.LookPath(HelperProgram) }

// WarnOfMissingHelper warns, with a hint, if Docker would not find the helper. Docker's own message has no
// hint.
func WarnOfMissingHelper(s *session.Session) {
	if _, err := FindHelper(); err == nil {
		return
	}
	s.Print.Warn("%s is not on PATH, so Docker cannot run it", HelperProgram)
	self, _ := os.Executable() // "" on an error
	s.Print.Hint("%s", credentialhelper.PathHint(self))
}

// unkeptLogin is a login that no helper can store.
type unkeptLogin struct{ Server, registry, Reason string } // Server as in config.json, registry as in Docker's commands

// NamesHelper reports whether Docker asks the helper for anything.
func NamesHelper(f *dockerconfig.File) bool {
	if f.CredsStore() == HelperName {
		return true
	}
	for _, name := range f.CredHelpers() {
		if name == HelperName {
			return true
		}
	}
	return false
}

// AsksHelper reports whether Docker asks the helper for a server.
func AsksHelper(f *dockerconfig.File, server string) bool {
	name, _ := f.HelperFor(server)
	return name == HelperName
}

// RemoveHelper removes the helper from all settings.
func RemoveHelper(f *dockerconfig.File) {
	if f.CredsStore() == HelperName {
		f.RemoveCredsStore()
	}
	for host, name := range f.CredHelpers() {
		if name == HelperName {
			f.RemoveCredHelper(host)
		}
	}
}
