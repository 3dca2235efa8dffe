package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Arrange sorts a command line into the order that package flag requires: the command's path, its flags,
// "--", its arguments. So flags may stand anywhere ("ragenv --profile x list", "ragenv set NAME --force"),
// and "ragenv [flags] -- COMMAND" becomes "ragenv run [flags] -- COMMAND". It does not change what follows
// "--" or the command to run. Like docker, it drops a global flag before a command that does not use it.
func Arrange(app *cli.App, args []string) []string {
	var path, flags []string
	var global []int // indexes in flags of the global flags before the command's name
	var last *cli.Command
	known, run := app.Flags, runCommand(app)
	if run != nil {
		known = slices.Concat(run.Flags, known)
	}
	commands := app.Commands
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			if len(path) == 0 && run != nil {
				path, last = []string{run.Name}, run
			}
			break
		}
		if IsFlag(arg) {
			n := min(FlagLength(known, arg), len(args))
			if name := flagName(arg); len(commands) > 0 && FindFlag(app.Flags, name) != nil && !slices.Contains(versionFlag().Names(), name) {
				global = append(global, len(flags))
			}
			flags, args = append(flags, args[:n]...), args[n:]
			continue
		}
		command := FindCommand(commands, arg)
		if command == nil {
			break
		}
		path, last, args = append(path, arg), command, args[1:]
		known, commands = slices.Concat(command.Flags, known), command.Subcommands
	}
	for _, i := range slices.Backward(global) {
		if last != nil && FindFlag(last.Flags, flagName(flags[i])) == nil {
			flags = slices.Delete(flags, i, min(i+FlagLength(app.Flags, flags[i]), len(flags)))
		}
	}
	if len(path) > 0 && last != run && len(commands) == 0 {
		more, arguments := separate(known, args)
		if flags = append(flags, more...); lacksValue(known, flags) {
			return slices.Concat(path, flags)
		}
		if args = arguments; len(args) > 0 {
			args = slices.Concat([]string{"--"}, args)
		}
	}
	return slices.Concat(path, flags, args)
}

// flagName returns the name of the flag in arg.
func flagName(word string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	return name
}

// separate splits flags from arguments. Everything after "--" is an argument.
func separate(known []cli.Flag, args []string) (flags, arguments []string) {
	for len(args) > 0 {
		switch arg := args[0]; {
		case arg == "--":
			return flags, append(arguments, args[1:]...)
		case IsFlag(arg):
			n := min(FlagLength(known, arg), len(args))
			flags, args = append(flags, args[:n]...), args[n:]
		default:
			arguments, args = append(arguments, arg), args[1:]
		}
	}
	return flags, arguments
}

// IsFlag reports whether a word of the command line is a flag.
func IsFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' && arg != "--" }

// FlagLength returns the number of words that a flag and its value take.
func FlagLength(known []cli.Flag, arg string) int {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return 1
	}
	for _, f := range known {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		if d, ok := f.(cli.DocGenerationFlag); ok && d.TakesValue() {
			return 2
		}
		return 1
	}
	return 1
}

// lacksValue reports whether the last flag still needs a value, so that a following "--" would be taken as
// the value.
func lacksValue(known []cli.Flag, flags []string) bool {
	for len(flags) > 0 {
		n := FlagLength(known, flags[0])
		if n > len(flags) {
			return true
		}
		flags = flags[n:]
	}
	return false
}

// FindCommand returns the command with that name, or nil.
func FindCommand(commands []*cli.Command, name string) *cli.Command {
	for _, command := range commands {
		if command.HasName(name) {
			return command
		}
	}
	return nil
}
