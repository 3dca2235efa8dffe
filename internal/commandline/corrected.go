package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/nearest"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
)

// argsKey is the app's metadata key for the words that Run was called with.
const argsKey = "args"

// CorrectedCommand returns the command line that was probably meant with before, the words up to and
// including "--", and command, of which the first word is no program: a line quoted as one word, flags after
// "--", a variable's assignment, Compose 1. It is "" if none of these was.
func CorrectedCommand(app *cli.App, before, command []string) string {
	first, rest := command[0], command[1:]
	words := strings.Fields(first)
	switch {
	case first == "--":
		command = rest
	case IsFlag(first):
		flags, arguments, ok := runFlags(app, command)
		if !ok {
			return ""
		}
		before = slices.Concat(slices.DeleteFunc(slices.Clone(before), func(word string) bool { return word == "--" }), flags, []string{"--"})
		command = arguments
	case assignment(first):
		command = slices.Concat([]string{"env"}, command)
	case len(words) > 1 && !runnable(words[0]):
		return ""
	case len(words) > 1 && strings.ContainsAny(first, "|&;<>()$`\\\"'*?[#~\n"):
		command = slices.Concat([]string{"sh", "-c"}, command)
	case len(words) > 1:
		command = slices.Concat(words, rest)
	case first == "docker-compose" && runnable("docker"):
		command = slices.Concat([]string{"docker", "compose"}, rest)
	default:
		return ""
	}
	if len(command) == 0 {
		command = []string{"COMMAND"}
	}
	return app.Name + " " + ui.QuoteWords(slices.Concat(before, command))
}

// assignment reports whether a word sets a variable for the command that follows, as in a shell.
func assignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && secrets.ValidName(name)
}

// runFlags splits words into the flags of the command that runs others and what follows them, without "--".
// ok is false if one is unknown.
func runFlags(app *cli.App, words []string) (flags, rest []string, ok bool) {
	known := app.Flags
	if run := runCommand(app); run != nil {
		known = slices.Concat(run.Flags, known)
	}
	for len(words) > 0 && IsFlag(words[0]) {
		if FindFlag(known, flagName(words[0])) == nil {
			return nil, nil, false
		}
		n := min(FlagLength(known, words[0]), len(words))
		flags, words = append(flags, words[:n]...), words[n:]
	}
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	return flags, words, true
}

// forgottenDashes returns the error for a line with flags of the command that runs others, but without the
// "--" before the command, and nil for other lines.
func forgottenDashes(app *cli.App, args []string) error {
	flags, command, ok := runFlags(app, args)
	if !ok || len(flags) == 0 || len(command) == 0 || slices.Contains(args, "--") {
		return nil
	}
	if own := FindCommand(app.Commands, command[0]); own != nil {
		group := len(own.Subcommands) > 0 // "docker" is a program, too
		if !group || len(command) == 1 || FindCommand(own.Subcommands, command[1]) != nil {
			return nil
		}
	}
	hint := app.Name + " " + ui.QuoteWords(slices.Concat(flags, []string{"--"}, command))
	return ui.Usagef(hint, "there is no -- before the command to run")
}

var letters = lazyregexp.New(`^[a-z][a-z-]{2,}$`)

// correctedFlag returns the command line with the flag that an unknown one may be a typo of, or "".
func correctedFlag(c *cli.Context, unknown string) string {
	args, _ := c.App.Metadata[argsKey].([]string)
	var known []string
	flags := c.Command.Flags
	if run := runCommand(c.App); c.Command.HelpName == "" && run != nil {
		flags = slices.Concat(flags, run.Flags)
	}
	for _, f := range flags {
		known = append(known, f.Names()[0])
	}
	near := nearest.Word(known, unknown)
	at := slices.IndexFunc(args, func(word string) bool { return IsFlag(word) && flagName(word) == unknown })
	if near == "" || near == flagHelp || at < 0 || !letters().MatchString(unknown) {
		return ""
	}
	_, value, hasValue := strings.Cut(args[at], "=")
	words := slices.Clone(args)
	if words[at] = Dashed(near); hasValue {
		words[at] += "=" + value
	}
	return c.App.Name + " " + ui.QuoteWords(words)
}
