package commandline

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"
)

// Run executes a command line, given without the program's name. It returns the command's error, or
// ErrHelpShown.
//
// It replaces urfave's App.Run, which links text/template for help. That package calls methods by name, so
// the linker has to keep every exported method in the program, which is a tenth of its size.
func Run(app *cli.App, args []string) error {
	app.Metadata[argsKey] = args
	args = Arrange(app, args)
	command := &cli.Command{Flags: app.Flags, Subcommands: app.Commands, Before: app.Before, Action: app.Action, OnUsageError: app.OnUsageError}
	for len(args) > 0 {
		next := FindCommand(command.Subcommands, args[0])
		if next == nil {
			break
		}
		command, args = next, args[1:]
	}
	set := flag.NewFlagSet(command.Name, flag.ContinueOnError)
	set.SetOutput(io.Discard) // we print the errors
	c := cli.NewContext(app, set, nil)
	c.Command = command
	for _, f := range command.Flags {
		if err := f.Apply(set); err != nil {
			return err
		}
	}
	err := set.Parse(args)
	if err == nil {
		err = joinForms(command.Flags, set)
	}
	if err != nil {
		if err := forgottenDashes(app, app.Metadata[argsKey].([]string)); err != nil {
			return err
		}
		return command.OnUsageError(c, err, command.HelpName != "")
	}
	if command.HelpName == "" && c.Bool(flagVersion) {
		_, err := fmt.Fprintf(app.Writer, "%s version %s\n", app.Name, app.Version)
		return err
	}
	if err := command.Before(c); err != nil {
		return err
	}
	return command.Action(c)
}

// joinForms gives all forms of a flag, such as -p and --profile, the same value. It returns an error if two
// were given.
func joinForms(flags []cli.Flag, set *flag.FlagSet) error {
	var given []string
	set.Visit(func(f *flag.Flag) { given = append(given, f.Name) })
	for _, f := range flags {
		names := f.Names()
		i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(given, name) })
		if i < 0 {
			continue
		}
		for j, name := range names {
			switch {
			case j == i:
			case slices.Contains(given, name):
				return errors.New("two forms of the flag " + name)
			default:
				if err := set.Set(name, set.Lookup(names[i]).Value.String()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
