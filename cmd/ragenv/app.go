package main

import (
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/ui"
)

// Names of the flags that every command has.
const (
	flagProfile = "profile"
	flagQuiet   = "quiet"
	flagHelp    = "help"
)

const runCommandName = "run"

// errHelpShown ends a command that was asked for its help.
var errHelpShown = errors.New("help shown")

// globalFlags are on every command, so that they can stand before and after its name. None of them reads the environment
// by urfave's EnvVars: the help would show the values.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagProfile, Aliases: []string{"p"}, Usage: "use the keys of profile `NAME`"},
		&cli.BoolFlag{Name: flagQuiet, Aliases: []string{"q"}, Usage: "print no notes, only warnings and errors"},
		&cli.BoolFlag{Name: flagHelp, Aliases: []string{"h"}, Usage: "show this help"},
	}
}

func newApp(p *program) *cli.App {
	cli.HelpFlag = nil // ours is in globalFlags: urfave's takes an argument after it for a help topic
	app := &cli.App{
		Name:            programName,
		Usage:           "run commands with your keys, kept in one keychain",
		Version:         buildinfo.Version(),
		Commands:        commands(p),
		Flags:           globalFlags(),
		HideHelp:        true,
		HideHelpCommand: true,
		Writer:          p.stdout,
		ErrWriter:       p.stderr,
		ExitErrHandler:  func(*cli.Context, error) {}, // main prints and exits
		OnUsageError:    usageError,
		Before:          helpFirst(p),
	}
	app.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return unknownCommand(app.Commands, "", c.Args().Slice())
		}
		return writeAppHelp(p.stdout, app)
	}
	for _, command := range app.Commands {
		prepare(p, command, "")
	}
	return app
}

// prepare gives a command and those below it what urfave does not inherit.
func prepare(p *program, command *cli.Command, parent string) {
	command.HelpName = strings.TrimSpace(parent + " " + command.Name)
	command.HideHelp, command.HideHelpCommand = true, true
	command.Flags = append(command.Flags, globalFlags()...)
	command.OnUsageError = usageError
	command.Before = helpFirst(p)
	if command.Action == nil {
		path := command.HelpName
		command.Action = func(c *cli.Context) error {
			if c.Args().Present() {
				return unknownCommand(command.Subcommands, path, c.Args().Slice())
			}
			return writeCommandHelp(p.stdout, command)
		}
	}
	if command.Name == runCommandName {
		command.OnUsageError = func(c *cli.Context, err error, sub bool) error {
			return ui.WithCode(usageError(c, err, sub), ui.CodeOwnFailure)
		}
	}
	for _, sub := range command.Subcommands {
		prepare(p, sub, command.HelpName)
	}
}

// helpFirst shows a command's help before anything else is looked at.
func helpFirst(p *program) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if !c.Bool(flagHelp) {
			return nil
		}
		var err error
		if c.Command.HelpName == programName || c.Command.HelpName == "" {
			err = writeAppHelp(p.stdout, c.App)
		} else {
			err = writeCommandHelp(p.stdout, c.Command)
		}
		if err != nil {
			return err
		}
		return errHelpShown
	}
}

// helpHint is the hint of a usage error.
func helpHint(c *cli.Context) string {
	path := strings.TrimSpace(strings.TrimPrefix(c.Command.HelpName, programName))
	return strings.Join(strings.Fields(programName+" "+path+" --help"), " ")
}

// flagErrors are the texts of package flag, and of urfave on top of it, and ours. Values are left out: one may be a key.
// The patterns are compiled when they are needed, not at every start.
var flagErrors = []struct{ pattern, text string }{
	{`^flag provided but not defined: -(\S+)`, "unknown flag %s"},
	{`^flag needs an argument: -(\S+)`, "the flag %s needs a value"},
	{`^invalid boolean value .* for -([\w-]+): `, "the flag %s takes no value"},
	{`^invalid value .* for flag -([\w-]+): `, "the flag %s cannot have that value"},
	{`^Cannot use two forms of the same flag: (\S+)`, "the flag %s is given in two forms"},
}

func usageError(c *cli.Context, err error, _ bool) error {
	for _, e := range flagErrors {
		if m := regexp.MustCompile(e.pattern).FindStringSubmatch(err.Error()); m != nil {
			return ui.Usagef(helpHint(c), e.text, dashed(m[1]))
		}
	}
	return ui.Usagef(helpHint(c), "these flags cannot be read")
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// unknownCommand says what is meant by a word that is no command: one that is to be run, or a mistyped one.
func unknownCommand(known []*cli.Command, group string, args []string) error {
	name := args[0]
	hint := strings.Join(strings.Fields(programName+" "+group+" --help"), " ")
	words := append(strings.Fields(group), args...)
	switch near := nearest(known, name); {
	case runnable(words[0]):
		hint = programName + " -- " + quoteWords(words)
		if near != "" && group == "" {
			hint += ", or: " + programName + " " + near
		}
	case near != "":
		hint = strings.Join(strings.Fields(programName+" "+group+" "+near), " ")
	case group == "":
		hint = programName + " --help, or to run a command with the keys: " + programName + " -- COMMAND"
	}
	return ui.Usagef(hint, "%s is not a command of %s", quoteWords([]string{name}), strings.TrimSpace(programName+" "+group))
}

// runnable tells whether a command of that name is on PATH.
func runnable(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// nearest returns the command one would have to change least to get, "" if none is near.
func nearest(known []*cli.Command, word string) string {
	best, least := "", min(2, (len(word)+1)/2)+1
	for _, command := range known {
		if d := distance(command.Name, word); d < least {
			best, least = command.Name, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// quoteWords writes words as a shell would take them, and keeps what looks like a key out of sight.
func quoteWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		switch {
		case looksSecret(word):
			quoted[i] = "..."
		case word != "" && !strings.ContainsFunc(word, needsQuotes):
			quoted[i] = word
		default:
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func needsQuotes(r rune) bool {
	plain := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%"
	return !slices.Contains([]rune(plain), r)
}
