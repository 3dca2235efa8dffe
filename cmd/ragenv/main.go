// Command ragenv keeps a user's keys in one keychain and runs commands with them in the environment. Run as
// docker-credential-ngc, it is the credential helper with every backend.
package main

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	_ "github.com/ragenv/ragenv/internal/bigstack" // makes the start cheaper
	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/execve"
	"github.com/ragenv/ragenv/internal/hardening"
	"github.com/ragenv/ragenv/internal/injection"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

func main() {
	hardening.Undumpable()
	if credentialhelper.Called(os.Args[0]) {
		os.Exit(credentialhelper.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	}
	os.Exit(newProgram().main(os.Args[1:]))
}

const programName = "ragenv"

// program holds what a run of ragenv uses of its surroundings.
type program struct {
	stdin          *os.File
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	args           []string // the command line, without the program's name
	profile        string   // of the flag, for hints; empty without it
}

func newProgram() *program {
	return &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now}
}

// main runs the command line, given without the program's name, and returns the exit code.
func (p *program) main(args []string) int {
	if err := hardening.Elevated(); err != nil {
		return p.printer(false).Fail(ownFailure(ui.Errorf(hardening.Fix(programName), "%w", err)))
	}
	return p.finish(p.do(args))
}

// finish prints the error of the command line and returns the exit code.
func (p *program) finish(err error) int {
	if errors.Is(err, commandline.ErrHelpShown) {
		return 0
	}
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	return p.printer(false).Fail(p.underSudo(err))
}

// again replaces this process with the same command line, under a name that allows it to use the session
// bus.
func (p *program) again() error {
	return execve.Again(programName+"-again", os.Args[1:], system.Environ())
}

// do runs the command line.
func (p *program) do(args []string) error {
	p.args = args
	if len(args) > 1 && args[0] == "--" {
		// The usual form has no flags to parse, and starts faster without the parser (docs/benchmarks.md).
		return p.run(globals{}, injection.Options{Command: args[1:]})
	}
	return p.parse(args)
}

func (p *program) parse(args []string) error { return commandline.Run(newApp(p), args) }

// newApp returns the application with every command.
func newApp(p *program) *cli.App {
	return commandline.New(commandline.Program{
		Name:       programName,
		Usage:      "run commands with your keys, kept in one keychain",
		Version:    buildinfo.Version(),
		Synopsis:   "ragenv [flags] -- COMMAND [ARG...]\nragenv COMMAND [flags] [ARG...]",
		FirstSteps: "ragenv setup\nragenv -- docker compose up",
		Flags:      globalFlags,
		Without:    withoutFlags,
		Commands:   commands(p),
		Meant:      meant,
		Run:        runCommandName,
		Stdout:     p.stdout,
		Stderr:     p.stderr,
	})
}

// exitStatus makes ragenv exit with the code of its child process and print nothing.
type exitStatus int

// ownFailure gives an error the exit code for a failure before the command started, unless it has its own
// code: for a command that was not found, or for a user who canceled a prompt.
func ownFailure(err error) error {
	if err == nil {
		return nil
	}
	switch code := ui.Explain(err).Code; code {
	case 0, ui.CodeFailure, ui.CodeUsage:
		return ui.WithCode(err, ui.CodeOwnFailure)
	}
	return err
}
