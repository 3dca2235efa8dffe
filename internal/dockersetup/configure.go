// Package dockersetup configures Docker and Podman to use the helper, and moves their plain-text logins to
// the keychain.
package dockersetup

import (
	"fmt"
	"io"
	"os/exec"
	"slices"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

// Options are the flags of ragenv docker configure.
type Options struct{ Store, Podman, DryRun bool }

// Configure adds the helper to Docker's config.json and moves the logins there to the keychain.
func Configure(s *session.Session, o Options) error {
	f, err := dockerconfig.Load(ConfigPath(s))
	if err != nil {
		return ExplainError(err)
	}
	return ConfigureFile(s, f, o)
}

// ConfigureFile is Configure for a loaded file. The edit reads the file again, because another program may
// have changed it.
func ConfigureFile(s *session.Session, f *dockerconfig.File, o Options) error {
	path := f.Path()
	// Detect every refusal before a key is written.
	if err := nameHelper(s, f, o.Store); err != nil {
		return ExplainError(err)
	}
	for _, fault := range f.Faults() {
		if !fault.BOM {
			s.Print.Warn("%v", fault)
			s.Print.Hint("%s", fault.Hint())
		}
	}
	logins := loginsToMove(s, f, o.Store)
	hadBOM := f.DropBOM()
	if o.DryRun {
		for _, login := range logins {
			f.ClearAuth(login.Auth.Server)
			s.Print.Note("the login for %s would be moved into the keychain as %s", login.Auth.Server, login.Item.Name)
		}
		if !f.Changed() {
			s.Print.Note("nothing would change: %s is configured already", path)
			return nil
		}
		_, err := io.WriteString(ui.Shown(s.Stdout), f.Diff())
		return err
	}
	// Before a key is moved: an edit that cannot be recorded could not be undone.
	record, err := dockerconfig.LoadUndo(UndoFile(s))
	if err != nil {
		return err
	}
	moved, err := moveLogins(s, logins)
	if err != nil {
		return err
	}
	former, isOther := "", false
	changed, err := dockerconfig.Edit(path, func(f *dockerconfig.File) error {
		f.DropBOM()
		former, isOther = f.CredHelper(serverurl.NGC)
		isOther = isOther && former != HelperName && !credentialhelper.IsWindowsHelper(s.Getenv, former)
		if err := nameHelper(s, f, o.Store); err != nil {
			return err
		}
		ClearMoved(f, moved)
		return recordEdit(s, record, f.Undo())
	})
	if err != nil {
		return ExplainErrorAt(path, err)
	}
	if hadBOM && changed {
		s.Print.Note("removed the byte order mark of %s: Docker reads nothing of a file with one", path)
	}
	if !changed {
		s.Print.Note("%s is configured already", path)
	} else {
		if isOther {
			s.Print.Note("%s was configured for %s before (ragenv docker unconfigure restores it)", nameOr(former, "no helper"), serverurl.NGC)
		}
		s.Print.Note("Docker now uses %s for %s (%s)", HelperProgram, registries(o.Store), path)
	}
	WarnOfMissingHelper(s)
	if o.Store {
		warnOfPodman(s)
	}
	return nil
}

func registries(all bool) string {
	if all {
		return "every registry"
	}
	return serverurl.NGC
}

func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// nameHelper makes the edit. With --store it also changes a helper for nvcr.io itself, which takes
// precedence. Under WSL it keeps the Windows helper, because the user chose the Windows keychain.
func nameHelper(s *session.Session, f *dockerconfig.File, store bool) error {
	if store {
		if err := f.SetCredsStore(HelperName, false); err != nil {
			return err
		}
		if name, ok := f.CredHelper(serverurl.NGC); !ok || name == HelperName {
			return nil
		}
	}
	if name, _ := f.CredHelper(serverurl.NGC); credentialhelper.IsWindowsHelper(s.Getenv, name) {
		return nil
	}
	f.SetCredHelper(serverurl.NGC, HelperName)
	if name, ok := f.CredHelper(nerdctlNGC); !store && !ok && findNerdctl() || name == HelperName {
		f.SetCredHelper(nerdctlNGC, HelperName)
	}
	return nil
}

// nerdctlNGC is nerdctl's name for nvcr.io (github.com/containerd/nerdctl/v2,
// pkg/imgutil/dockerconfigresolver). Its pulls also try the name without a port, but without a helper for
// this one, "nerdctl login" writes the key to config.json in plain text.
const nerdctlNGC = serverurl.NGC + ":443"

func findNerdctl() bool {
	_, err := exec.LookPath("nerdctl")
	return err == nil
}

// recordEdit saves what unconfigure needs, before the edit is made. After a crash in between, the record
// describes an edit that was never made, which is harmless; the reverse would leave an edit that cannot be
// undone.
func recordEdit(s *session.Session, record, edit dockerconfig.Undo) error {
	if len(edit.Edits) == 0 {
		return nil
	}
	if record.Path == "" {
		record.Path = edit.Path
	}
	record.Edits = slices.Clip(record.Edits) // the caller may retry
	record.Add(edit)
	if err := record.Save(UndoFile(s)); err != nil {
		return notRecorded(err)
	}
	return nil
}

func notRecorded(err error) error {
	return fmt.Errorf("config.json is unchanged: what docker unconfigure needs cannot be recorded: %w", err)
}

// loginsToMove returns the logins that Docker would no longer see, and warns about those that no helper can
// store.
func loginsToMove(s *session.Session, f *dockerconfig.File, all bool) []Login {
	logins, unkept := ReadLogins(s, f, all)
	for _, login := range unkept {
		s.Print.Warn("the login for %s stays in config.json, where Docker no longer reads it: %s", login.Server, login.Reason)
		if len(f.Faults()) > 0 || login.Reason == "it cannot be read" { // docker login would drop what it cannot read
			s.Print.Hint("%s", shellquote.Edit(f.Path(), f.AuthLine(login.Server)))
			continue
		}
		s.Print.Hint("docker login %s", shellquote.Word(nameOr(login.registry, "SERVER")))
	}
	return logins
}

// moveLogins stores logins, reads each back, and returns those that the keychain certainly has. It skips a
// login that would replace a different key.
func moveLogins(s *session.Session, logins []Login) ([]Login, error) {
	if len(logins) == 0 {
		return nil, nil
	}
	k, err := s.Opener().Write()
	if err != nil {
		return nil, err
	}
	var moved []Login
	for _, login := range logins {
		stored, err := s.StoreAndRead(k, login.Item, false)
		if err != nil {
			return nil, fmt.Errorf("%w (config.json is unchanged)", err)
		}
		if stored.Did == session.StoredOther {
			s.Print.Warn("the login for %s in config.json is not the one stored as %s: it stays there, and Docker no longer reads it", login.Auth.Server, login.Item.Name)
			s.Print.Hint("to use that one instead: ragenv rm %s && ragenv docker configure; or delete it from config.json", shellquote.Word(login.Item.Name))
			continue
		}
		s.Print.Note("moved the login for %s into the keychain, as %s", login.Auth.Server, login.Item.Name)
		moved = append(moved, login)
	}
	return moved, nil
}
