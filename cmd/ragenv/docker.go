package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
)

// The credential helper, as config.json and as PATH have it.
const (
	helperName    = "ngc"
	helperProgram = "docker-credential-" + helperName
)

func newDockerCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "docker",
		Usage: "let Docker log in to nvcr.io with the stored key",
		Description: `Docker's config.json names the programs that Docker asks for logins. These commands name ` + helperProgram + ` there, and
take it out again. $DOCKER_CONFIG is honoured.`,
		Subcommands: []*cli.Command{
			newDockerConfigureCommand(p),
			newDockerUnconfigureCommand(p),
			newDockerStatusCommand(p),
		},
	}
}

// dockerConfigPath is where Docker looks for config.json.
func (s *session) dockerConfigPath() string {
	return dockerconfig.Path(s.getenv, s.config.Paths.Home)
}

// dockerUndoFile is where the record lies of what docker configure replaced.
func (s *session) dockerUndoFile() string {
	return dockerconfig.UndoFile(s.config.Paths.State, s.dockerConfigPath())
}

// dockerConfigError adds to an error of dockerconfig what can be done about it.
func dockerConfigError(err error) error {
	var syntax *dockerconfig.SyntaxError
	var other *dockerconfig.ErrOtherStore
	switch {
	case errors.As(err, &syntax):
		return ui.Errorf("correct that line; nothing was changed", "%w", err)
	case errors.As(err, &other):
		return ui.Errorf("ragenv docker configure (without --store: for "+serverurl.NGC+" alone, beside it)", "%w: it is not replaced", err)
	case errors.Is(err, dockerconfig.ErrChanged):
		return ui.Errorf("run it again", "%w", err)
	}
	return err
}

// findHelper returns the path of the credential helper as Docker finds it.
func findHelper() (string, error) { return exec.LookPath(helperProgram) }

// warnOfMissingHelper says what to do where Docker would not find the helper: Docker's own message does not.
func (s *session) warnOfMissingHelper() {
	if _, err := findHelper(); err == nil {
		return
	}
	s.print.Warn("%s is not on PATH, so Docker cannot run it", helperProgram)
	if self, err := os.Executable(); err == nil {
		dir := filepath.Dir(self)
		if _, err := os.Stat(filepath.Join(dir, helperProgram)); err == nil {
			s.print.Hint(`export PATH="%s:$PATH"`, dir)
			return
		}
	}
	s.print.Hint("install %s in a directory of PATH, such as that of ragenv", helperProgram)
}
