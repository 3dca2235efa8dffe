// Package commandline implements ragenv's command line: word order, help, completion, and the form of usage
// errors. It adapts urfave/cli for this. The caller supplies the writers and the commands.
package commandline

import (
	"errors"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/nearest"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
)

// Flag names. Every command and the program have help; only the program has version.
const (
	flagHelp    = "help"
	flagVersion = "version"
)

// ErrHelpShown: the command showed its help instead of running.
var ErrHelpShown = errors.New("help shown")

// Program describes a command line.
type Program struct {
	Name, Usage, Version string
	Synopsis, FirstSteps string // shown in the program's own help
	// Flags returns the global flags. They may precede any command's name, and also follow it unless listed
	// in Without. None may use urfave's EnvVars, because the help would show the values.
	Flags func() []cli.Flag
	// Without lists the global flags that a command, given by its path ("docker status"), does not accept
	// after its name.
	Without  map[string][]string
	Commands []*cli.Command
	// Meant lists words that users try, and what to type instead.
	Meant []Meant
	// Run names the command that runs another one. "NAME [flags] -- COMMAND" is short for it, and its usage
	// errors have the exit code of its own failures.
	Run            string
	Stdout, Stderr io.Writer
}

// New returns a program's command line, to be run by Run.
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

// Meant maps words that are not a command to what to type instead.
type Meant struct {
	Words string // such as "ls", or "docker login"
	Type  string // the command line to type; the words that follow replace its last word if that is NAME
	Run   bool   // if set, suggest running the rest of the line as a command instead of Type
}

// The app's metadata keys for Program.Run and Program.Meant.
const (
	runKey   = "run"
	meantKey = "meant"
)

// runCommand returns the command that runs others, or nil.
func runCommand(app *cli.App) *cli.Command {
	name, _ := app.Metadata[runKey].(string)
	return app.Command(name)
}

func versionFlag() cli.Flag {
	return &cli.BoolFlag{Name: flagVersion, Aliases: []string{"v"}, Usage: "print the version"}
}

// flagsOf returns the global flags that a command accepts after its name. The path "" means the program
// itself.
func (p Program) flagsOf(path string) []cli.Flag {
	flags := slices.DeleteFunc(p.Flags(), func(f cli.Flag) bool { return slices.Contains(p.Without[path], f.Names()[0]) })
	return append(flags, &cli.BoolFlag{Name: flagHelp, Aliases: []string{"h"}, Usage: "show this help"})
}

// prepare sets up what all commands have in common, recursively.
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

// helpFirst shows a command's help before it does anything else.
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

// HelpHint returns the hint of a usage error: the command that shows the help.
func HelpHint(c *cli.Context) string {
	path := strings.TrimSpace(strings.TrimPrefix(c.Command.HelpName, c.App.Name))
	return strings.Join(strings.Fields(c.App.Name+" "+path+" --help"), " ")
}

// NoArguments returns a usage error if the command got arguments.
func NoArguments(c *cli.Context) error {
	if c.Args().Present() {
		return ui.Usagef(HelpHint(c), "%s takes no arguments", Path(c.App, c.Command))
	}
	return nil
}

// flagErrors maps the errors of package flag, urfave and joinForms to our texts. Values are omitted,
// because one may be a key. The patterns are compiled on demand, not at every start.
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
			hint := HelpHint(c)
			if corrected := correctedFlag(c, m[1]); corrected != "" {
				hint = corrected
			}
			return ui.Usagef(hint, e.text, Dashed(m[1]))
		}
	}
	return ui.Usagef(HelpHint(c), "these flags cannot be read")
}

// Dashed returns a flag as the user types it.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// UnknownCommand returns the error for a word that is not a command of a group ("" is the program itself).
// It suggests running the word as a command, or the command that it may be a typo of.
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
	near := nearest.Word(names, name)
	if near == "" && group != "" && len(args) == 1 {
		near = beginning(names, name)
	}
	before := []string{"--"}
	typed, _ := c.App.Metadata[argsKey].([]string)
	if flags, _, ok := runFlags(c.App, typed); ok {
		before = append(flags, "--")
	}
	corrected, behind := "", program+" "+ui.QuoteWords(before)+" "
	if group == "" {
		corrected = CorrectedCommand(c.App, before, args)
	}
	switch {
	case secrets.LooksLikeKey(name):
		return ui.Usagef(hint, "this is a key, not a command of %s", strings.TrimSpace(program+" "+group))
	case at >= 0 && all[at].Run:
		command := args[1:]
		if len(command) > 0 && command[0] == "--" {
			command = command[1:]
		}
		if len(command) == 0 {
			command = []string{"COMMAND"}
		}
		hint = behind + ui.QuoteWords(command)
	case at >= 0:
		hint = all[at].Type
		if line, ok := strings.CutSuffix(hint, " NAME"); ok && len(args) > 1 {
			hint = line + " " + ui.QuoteWords(args[1:])
		}
	case runnable(words[0]):
		hint = behind + ui.QuoteWords(words)
		if near != "" {
			hint += ", or: " + ownCommand(program, group, near, args[1:])
		}
	case corrected != "":
		hint = corrected
	case near != "":
		hint = ownCommand(program, group, near, args[1:])
	case group == "":
		hint = "for a list: " + program + " --help; to run a command with your keys: " + program + " -- COMMAND"
	}
	return ui.Usagef(hint, "%s is not a command of %s", ui.QuoteWords([]string{name}), strings.TrimSpace(program+" "+group))
}

func ownCommand(program, group, name string, args []string) string {
	return ui.QuoteWords(slices.Concat([]string{program}, strings.Fields(group), []string{name}, args))
}

// beginning returns the only one of words that begins with at least three letters of word, or "".
func beginning(words []string, word string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(known string) bool { return !strings.HasPrefix(known, word) })
	if len(words) != 1 || len(word) < 3 {
		return ""
	}
	return words[0]
}

// runnable reports whether PATH has a command of that name.
func runnable(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
