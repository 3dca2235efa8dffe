package commandline

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"
)

// Run does what a command line says, without the program's name. It returns the error of the command, or ErrHelpShown.
//
// urfave's own App.Run is not used: it links the package of templates for a help that is not ours, and that package calls methods by
// their names, so that the linker has to keep every exported method of every type in the program: a tenth of its size.
func Run(app *cli.App, args []string) error {
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
	set.SetOutput(io.Discard) // the errors are ours to print
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

// joinForms gives each form of a flag that was set, such as -p and --profile, the same value. Error: that two forms were given.
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
