package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/completion"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// newCompleteCommand is what the completion scripts run. Its arguments are the words after the program's
// name, up to the one at the cursor, which may be empty. It prints a commandline.Completion.
//
// It prints nothing on an error or if nothing is known. It never prompts or unlocks.
func newCompleteCommand(p *program) *cli.Command {
	var newWord bool
	return &cli.Command{
		Name:      "__complete",
		Usage:     "answer a completion script",
		ArgsUsage: "WORD...",
		Hidden:    true,
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "new-word", Destination: &newWord, Usage: "the word at the cursor is empty, and omitted"}},
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if newWord || len(words) == 0 {
				words = append(words, "")
			}
			_, _ = io.WriteString(p.stdout, p.completionSources().Complete(newApp(p), words).String())
			return nil
		},
	}
}

// completionSources maps each place of a command line to what completes it. A test checks that every flag
// and argument is here.
func (p *program) completionSources() commandline.Sources {
	names := completion.Names{Getenv: p.getenv}
	return commandline.Sources{
		"set NAME":          names.Known,
		"--unused":          names.Known,
		"--used":            names.Known,
		"verify NAME":       names.Variables,
		"source set NAME":   names.Known,
		"source set A,B":    nil,
		"source rm NAME":    names.Sourced,
		"NAME":              names.Stored,
		"--profile":         names.Profiles,
		"--name":            nil,
		"PROFILE":           names.Profiles,
		"profile copy FROM": names.Profiles,
		"profile copy TO":   names.Profiles,
		"FROM":              commandline.List(keychain.Backends),
		"TO":                commandline.List(keychain.Backends),
		"BACKEND":           commandline.List(keychain.Backends),
		"FORMAT":            commandline.List(render.Names),
		"SHELL":             commandline.List(completion.Shells),
		"COMMAND":           commandline.Commands,
		"FILE":              commandline.Files,
		"A,B":               names.VariableList,
		"WHEN":              nil,
		"DURATION":          nil,
		"KEY":               nil,
		"IMAGE":             nil,
		"NAMESPACE":         nil,
		"SECRET":            nil,
		"RELEASE":           nil,
		"VAR=NAME[:FORMAT]": nil,
		"URL":               nil,
		"DIR":               commandline.Files,
		"WORD":              nil,
		"N":                 nil,
		"shell|compose":     commandline.List(func() []string { return []string{string(dotenv.Shell), string(dotenv.Compose)} }),
	}
}
