package commandline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// WithFlag adds a global flag and its value, such as "--profile work", to the commands in a hint that accept
// the flag. A command that has the flag stays as it is.
func WithFlag(app *cli.App, hint, flag, value string) string {
	given := " " + Dashed(flag)
	words := regexp.MustCompile(`\b` + regexp.QuoteMeta(app.Name) + `((?: [a-z]+)+| --(?: |$))`)
	commands := words.FindAllStringIndex(hint, -1)
	end := len(hint)
	for _, at := range slices.Backward(commands) { // from the end, so that the positions stay
		name := acceptsFlag(app, hint[at[0]:at[1]], flag)
		isRun := name == app.Name // what follows "--" is another program's
		if name != "" && (isRun || !strings.Contains(hint[at[1]:end], given+" ")) {
			hint = hint[:at[0]] + name + given + " " + value + hint[at[0]+len(name):]
		}
		end = at[0]
	}
	return hint
}

// acceptsFlag returns the beginning of a line that the flag can follow, such as "ragenv docker configure",
// or "" if the command has no such flag.
func acceptsFlag(app *cli.App, line, flag string) string {
	path := strings.Fields(strings.TrimPrefix(line, app.Name))
	if path[0] == "--" {
		return app.Name
	}
	name := app.Name
	var last *cli.Command
	for commands := app.Commands; len(path) > 0; path = path[1:] {
		next := FindCommand(commands, path[0])
		if next == nil {
			break
		}
		last, commands, name = next, next.Subcommands, name+" "+path[0]
	}
	if last == nil || !slices.ContainsFunc(last.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flag) }) {
		return ""
	}
	return name
}
