package main

import (
	"fmt"
	"io"
	"os/exec"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

type dockerConfigureOptions struct{ store, podman, dryRun bool }

func newDockerConfigureCommand(p *program) *cli.Command {
	var o dockerConfigureOptions
	return &cli.Command{
		Name:  "configure",
		Usage: "name " + helperProgram + " in Docker's config.json",
		Description: `Sets credHelpers["nvcr.io"], and with --store credsStore, for every registry. Nothing else in the file is touched.

Docker would no longer see a login that the file has in plain text, so it is moved into the keychain first: that of nvcr.io,
and with --store all of them. A login is removed from the file only after it was read back from the keychain. A credsStore of another
name is never replaced. ragenv docker unconfigure puts back what was there.

Where nerdctl is installed, credHelpers["nvcr.io:443"] is set as well: its login goes by that name.

Podman, Buildah and Skopeo read credHelpers there, too, but not credsStore. With --podman the helper is named in Podman's own
configuration instead, for every registry; "podman login" then keeps its logins in the keychain as well.

  # Let Docker log in to nvcr.io with the stored key
  ragenv docker configure

  # Show the change without making it
  ragenv docker configure --dry-run

  # Keep the logins of every registry in the keychain
  ragenv docker configure --store`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "store", Destination: &o.store, Usage: "for every registry, not only nvcr.io"},
			&cli.BoolFlag{Name: "podman", Destination: &o.podman, Usage: "for Podman, Buildah and Skopeo, in their own configuration"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Usage: "show what would change, and change nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if o.podman && o.store {
				return ui.Usagef("ragenv docker configure --store && ragenv docker configure --podman", "--store and --podman are for different files")
			}
			if o.podman {
				return s.configurePodman(o.dryRun)
			}
			return runDockerConfigure(s, o)
		},
	}
}

func runDockerConfigure(s *session, o dockerConfigureOptions) error {
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return dockerConfigError(err)
	}
	return configureDocker(s, f, o)
}

// configureDocker configures the file that was loaded, whose edit reads it again: another program may have changed it.
func configureDocker(s *session, f *dockerconfig.File, o dockerConfigureOptions) error {
	path := f.Path()
	// All that can be refused is refused before a key is written.
	if err := s.nameHelper(f, o.store); err != nil {
		return dockerConfigError(err)
	}
	for _, fault := range f.Faults() {
		if !fault.BOM {
			s.print.Warn("%v", fault)
			s.print.Hint("%s", fault.Hint())
		}
	}
	logins := s.loginsToMove(f, o.store)
	hadBOM := f.DropBOM()
	if o.dryRun {
		for _, login := range logins {
			f.ClearAuth(login.auth.Server)
			s.print.Note("the login for %s would be moved into the keychain as %s", login.auth.Server, login.item.Name)
		}
		if !f.Changed() {
			s.print.Note("nothing would change: %s is configured already", path)
			return nil
		}
		_, err := io.WriteString(ui.Shown(s.stdout), f.Diff())
		return err
	}
	// Before a key is moved: what cannot be recorded could not be put back.
	record, err := dockerconfig.LoadUndo(s.dockerUndoFile())
	if err != nil {
		return err
	}
	moved, err := s.moveLogins(logins)
	if err != nil {
		return err
	}
	former, isOther := "", false
	changed, err := dockerconfig.Edit(path, func(f *dockerconfig.File) error {
		f.DropBOM()
		former, isOther = f.CredHelper(serverurl.NGC)
		isOther = isOther && former != helperName && !s.isWindowsHelper(former)
		if err := s.nameHelper(f, o.store); err != nil {
			return err
		}
		clearMoved(f, moved)
		return s.recordDockerEdit(record, f.Undo())
	})
	if err != nil {
		return dockerConfigErrorAt(path, err)
	}
	if hadBOM && changed {
		s.print.Note("removed the byte order mark of %s: Docker reads nothing of a file with one", path)
	}
	if !changed {
		s.print.Note("%s is configured already", path)
	} else {
		if isOther {
			s.print.Note("%s was in place for %s before (ragenv docker unconfigure puts it back)", nameOr(former, "no helper"), serverurl.NGC)
		}
		s.print.Note("Docker asks %s for %s now (%s)", helperProgram, registries(o.store), path)
	}
	s.warnOfMissingHelper()
	if o.store {
		s.warnOfPodman()
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

// nameHelper makes the edit. Under --store a helper of nvcr.io's own would come before, so it is changed too. Under WSL the
// helper of Windows stays: somebody chose the keychain of Windows.
func (s *session) nameHelper(f *dockerconfig.File, store bool) error {
	if store {
		if err := f.SetCredsStore(helperName, false); err != nil {
			return err
		}
		if name, ok := f.CredHelper(serverurl.NGC); !ok || name == helperName {
			return nil
		}
	}
	if name, _ := f.CredHelper(serverurl.NGC); s.isWindowsHelper(name) {
		return nil
	}
	f.SetCredHelper(serverurl.NGC, helperName)
	if name, ok := f.CredHelper(nerdctlNGC); !store && !ok && findNerdctl() || name == helperName {
		f.SetCredHelper(nerdctlNGC, helperName)
	}
	return nil
}

// nerdctlNGC is what nerdctl calls nvcr.io (github.com/containerd/nerdctl/v2, pkg/imgutil/dockerconfigresolver). Its pulls look for
// the name without a port, too; but without a helper for this one, "nerdctl login" writes the key to config.json in plain text.
const nerdctlNGC = serverurl.NGC + ":443"

func findNerdctl() bool {
	_, err := exec.LookPath("nerdctl")
	return err == nil
}

// recordDockerEdit keeps what unconfigure needs, before the edit is made: a crash between the two leaves a record of an edit
// that never was, which takes nothing back, and not an edit that nobody can take back.
func (s *session) recordDockerEdit(record, edit dockerconfig.Undo) error {
	if len(edit.Edits) == 0 {
		return nil
	}
	if record.Path == "" {
		record.Path = edit.Path
	}
	record.Edits = slices.Clip(record.Edits) // the caller may have to begin again
	record.Add(edit)
	if err := record.Save(s.dockerUndoFile()); err != nil {
		return notRecorded(err)
	}
	return nil
}

func notRecorded(err error) error {
	return fmt.Errorf("config.json is unchanged: what docker unconfigure needs cannot be recorded: %w", err)
}

// loginsToMove returns the logins that Docker would no longer see. It warns of those that no helper can keep.
func (s *session) loginsToMove(f *dockerconfig.File, all bool) []plaintextLogin {
	logins, unkept := s.readLogins(f, all)
	for _, login := range unkept {
		s.print.Warn("the login for %s stays in config.json, where Docker no longer reads it: %s", login.server, login.reason)
		if len(f.Faults()) > 0 || login.reason == "it cannot be read" { // docker login would rewrite the file without what it did not read
			s.print.Hint("%s", shellquote.Edit(f.Path(), f.AuthLine(login.server)))
			continue
		}
		s.print.Hint("docker login %s", shellquote.Word(nameOr(login.registry, "SERVER")))
	}
	return logins
}

// moveLogins stores logins, reads each back, and returns those that the keychain surely has. One that would replace
// another key is left where it is.
func (s *session) moveLogins(logins []plaintextLogin) ([]plaintextLogin, error) {
	if len(logins) == 0 {
		return nil, nil
	}
	k, err := s.opener().Write()
	if err != nil {
		return nil, err
	}
	var moved []plaintextLogin
	for _, login := range logins {
		stored, err := s.storeAndRead(k, login.item, false)
		if err != nil {
			return nil, fmt.Errorf("%w (config.json is unchanged)", err)
		}
		if stored.did == storedOther {
			s.print.Warn("the login for %s in config.json is not the one stored as %s: it stays there, and Docker no longer reads it", login.auth.Server, login.item.Name)
			s.print.Hint("to use that one instead: ragenv rm %s && ragenv docker configure; or delete it from config.json", shellquote.Word(login.item.Name))
			continue
		}
		s.print.Note("moved the login for %s into the keychain, as %s", login.auth.Server, login.item.Name)
		moved = append(moved, login)
	}
	return moved, nil
}
