// Package commandline is how ragenv's command line works: the order of its words, its help, its completion, and the form of
// its usage errors. It adapts urfave/cli to that, gets the writers and the commands, and knows none of them.
package commandline

import (
	"errors"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

// Names of flags: the help is on every command and on the program itself, the version only there.
const (
	flagHelp    = "help"
	flagVersion = "version"
)

// ErrHelpShown ends a command that was asked for its help.
var ErrHelpShown = errors.New("help shown")

// Program is what a command line is made of.
type Program struct {
	Name, Usage, Version string
	Synopsis, FirstSteps string // in the program's own help
	// Flags returns the global flags. They are taken before every command's name, and after it unless Without says otherwise.
	// None of them may read the environment by urfave's EnvVars: the help would show the values.
	Flags func() []cli.Flag
	// Without has the global flags that mean nothing to a command, by its path ("docker status"): after its name they are unknown.
	Without  map[string][]string
	Commands []*cli.Command
	// Meant are words that people try, and what to type instead.
	Meant []Meant
	// Run names the command that runs another one: "NAME [flags] -- COMMAND" is short for it, and its usage errors have the
	// exit code of its own failures.
	Run            string
	Stdout, Stderr io.Writer
}

// New returns a program's command line, for Run.
func New(p Program) *cli.App {
	app := &cli.App{
		Name:         p.Name,
		Usage:        p.Usage,
		Version:      p.Version,
		UsageText:    p.Synopsis,
		Description:  p.FirstSteps,
		Commands:     p.Commands,
		Flags:        append(p.flagsOf(""), versionFlag()),
		Writer:       p.Stdout,
		ErrWriter:    p.Stderr,
		OnUsageError: usageError,
		Before:       helpFirst,
		Metadata:     map[string]any{runKey: p.Run, meantKey: p.Meant},
	}
	app.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return UnknownCommand(c, app.Commands, "")
		}
		return writeAppHelp(p.Stdout, app)
	}
	for _, command := range app.Commands {
		p.prepare(command, "")
	}
	return app
}

// Meant is what to type instead of words that are not a command.
type Meant struct {
	Words string // such as "ls", or "docker login"
	Type  string // the command line to type
	Run   bool   // the rest of the line is a command to run, instead of Type
}

// Where an app keeps the name of the command that runs others, and what is meant by other words.
const (
	runKey   = "run"
	meantKey = "meant"
)

// runCommand returns the command that runs others, nil if there is none.
func runCommand(app *cli.App) *cli.Command {
	name, _ := app.Metadata[runKey].(string)
	return app.Command(name)
}

func versionFlag() cli.Flag {
	return &cli.BoolFlag{Name: flagVersion, Aliases: []string{"v"}, Usage: "print the version"}
}

// flagsOf returns the global flags that a command takes after its name; "" is the program itself.
func (p Program) flagsOf(path string) []cli.Flag {
	flags := slices.DeleteFunc(p.Flags(), func(f cli.Flag) bool { return slices.Contains(p.Without[path], f.Names()[0]) })
	return append(flags, &cli.BoolFlag{Name: flagHelp, Aliases: []string{"h"}, Usage: "show this help"})
}

// prepare gives a command and those below it what they have in common.
func (p Program) prepare(command *cli.Command, parent string) {
	command.HelpName = strings.TrimSpace(parent + " " + command.Name)
	command.Flags = append(command.Flags, p.flagsOf(command.HelpName)...)
	command.OnUsageError = usageError
	command.Before = helpFirst
	if command.Action == nil {
		path := command.HelpName
		command.Action = func(c *cli.Context) error {
			if c.Args().Present() {
				return UnknownCommand(c, command.Subcommands, path)
			}
			return writeCommandHelp(p.Stdout, c.App, command)
		}
	}
	if parent == "" && command.Name == p.Run {
		command.OnUsageError = func(c *cli.Context, err error, sub bool) error {
			return ui.WithCode(usageError(c, err, sub), ui.CodeOwnFailure)
		}
	}
	for _, sub := range command.Subcommands {
		p.prepare(sub, command.HelpName)
	}
}

// helpFirst shows a command's help before anything else is done.
func helpFirst(c *cli.Context) error {
	if !c.Bool(flagHelp) {
		return nil
	}
	var err error
	if c.Command.HelpName == c.App.Name || c.Command.HelpName == "" {
		err = writeAppHelp(c.App.Writer, c.App)
	} else {
		err = writeCommandHelp(c.App.Writer, c.App, c.Command)
	}
	if err != nil {
		return err
	}
	return ErrHelpShown
}

// HelpHint is the hint of a usage error: the command that shows the help.
func HelpHint(c *cli.Context) string {
	path := strings.TrimSpace(strings.TrimPrefix(c.Command.HelpName, c.App.Name))
	return strings.Join(strings.Fields(c.App.Name+" "+path+" --help"), " ")
}

// NoArguments refuses arguments where a command has none.
func NoArguments(c *cli.Context) error {
	if c.Args().Present() {
		return ui.Usagef(HelpHint(c), "%s takes no arguments", Path(c.App, c.Command))
	}
	return nil
}

// flagErrors are the texts of package flag, of urfave on top of it, and of joinForms. Values are omitted: one may be a key.
// The patterns are compiled when they are needed, not at every start.
var flagErrors = []struct{ pattern, text string }{
	{`^flag provided but not defined: -(\S+)`, "unknown flag %s"},
	{`^flag needs an argument: -(\S+)`, "the flag %s needs a value"},
	{`^invalid boolean value .* for -([\w-]+): `, "the flag %s takes no value"},
	{`^invalid value .* for flag -([\w-]+): `, "the flag %s cannot have that value"},
	{`^two forms of the flag (\S+)`, "the flag %s is given in two forms"},
}

func usageError(c *cli.Context, err error, _ bool) error {
	for _, e := range flagErrors {
		if m := regexp.MustCompile(e.pattern).FindStringSubmatch(err.Error()); m != nil {
			return ui.Usagef(HelpHint(c), e.text, Dashed(m[1]))
		}
	}
	return ui.Usagef(HelpHint(c), "these flags cannot be read")
}

// Dashed returns a flag as it is typed.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// UnknownCommand says what is meant by a word that is no command of a group ("" is the program itself): one that is to be
// run, or a mistyped one.
func UnknownCommand(c *cli.Context, known []*cli.Command, group string) error {
	program, args := c.App.Name, c.Args().Slice()
	name := args[0]
	hint := strings.Join(strings.Fields(program+" "+group+" --help"), " ")
	words := append(strings.Fields(group), args...)
	all, _ := c.App.Metadata[meantKey].([]Meant)
	at := slices.IndexFunc(all, func(m Meant) bool { return m.Words == strings.TrimSpace(group+" "+name) })
	names := make([]string, len(known))
	for i, command := range known {
		names[i] = command.Name
	}
	switch near := Nearest(names, name); {
	case at >= 0 && all[at].Run:
		command := args[1:]
		if len(command) > 0 && command[0] == "--" {
			command = command[1:]
		}
		if len(command) == 0 {
			command = []string{"COMMAND"}
		}
		hint = program + " -- " + QuoteWords(command)
	case at >= 0:
		hint = all[at].Type
	case runnable(words[0]):
		hint = program + " -- " + QuoteWords(words)
		if near != "" && group == "" {
			hint += ", or: " + program + " " + near
		}
	case near != "":
		hint = strings.Join(strings.Fields(program+" "+group+" "+near), " ")
	case group == "":
		hint = program + " --help, or to run a command with the keys: " + program + " -- COMMAND"
	}
	return ui.Usagef(hint, "%s is not a command of %s", QuoteWords([]string{name}), strings.TrimSpace(program+" "+group))
}

// runnable reports whether a command of that name is on PATH.
func runnable(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// Nearest returns the one of the words that has to be changed least to get another, in whatever case; "" if none is near: urfave's
// own SuggestCommand returns one for every word.
func Nearest(words []string, word string) string {
	best, least := "", min(2, (len(word)+1)/2)+1
	for _, known := range words {
		if d := smetrics.WagnerFischer(strings.ToLower(known), strings.ToLower(word), 1, 1, 1); d < least {
			best, least = known, d
		}
	}
	return best
}

// QuoteWords writes words as a shell would take them, and keeps what looks like a key out of sight.
func QuoteWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if quoted[i] = shellquote.Word(word); secrets.LooksLikeKey(word) {
			quoted[i] = "..."
		}
	}
	return strings.Join(quoted, " ")
}
