package commandline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// WithFlag adds a global flag and its value, such as "--profile work", to the commands in a hint that accept
// the flag. A hint that names the flag itself stays as it is.
func WithFlag(app *cli.App, hint, flag, value string) string {
	if strings.Contains(hint, " "+Dashed(flag)+" ") {
		return hint
	}
	words := regexp.MustCompile(`\b` + regexp.QuoteMeta(app.Name) + `((?: [a-z]+)+| --(?: |$))`)
	return words.ReplaceAllStringFunc(hint, func(line string) string {
		path := strings.Fields(strings.TrimPrefix(line, app.Name))
		given := " " + Dashed(flag) + " " + value
		if path[0] == "--" {
			return app.Name + given + strings.TrimPrefix(line, app.Name)
		}
		end := app.Name
		var last *cli.Command
		for commands := app.Commands; len(path) > 0; path = path[1:] {
			next := FindCommand(commands, path[0])
			if next == nil {
				break
			}
			last, commands, end = next, next.Subcommands, end+" "+path[0]
		}
		if last == nil || !slices.ContainsFunc(last.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flag) }) {
			return line
		}
		return end + given + strings.TrimPrefix(line, end)
	})
}
