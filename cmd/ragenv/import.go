package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/importer"
	"github.com/ragenv/ragenv/internal/ui"
)

func newImportCommand(p *program) *cli.Command {
	var o importer.Options
	var only, as string
	return &cli.Command{
		Name:      "import",
		Usage:     "store the keys found in files, in the environment or in Docker's config.json",
		ArgsUsage: "[FILE...]",
		Description: `FILE is one of these; "-" is standard input:

  a file of assignments     .env, export lines for a shell, the output of ragenv export (shell, dotenv, json)
  ~/.ngc/config             of the NGC CLI
  .netrc, .credentials      of curl and of enroot
  repositories.yaml         of Helm
  config.json, auth.json    of Docker, Podman, regctl, Apptainer and Kubernetes

Nothing in it is run or expanded: a value with ${...} or $(...) is skipped. Only variables that ragenv knows as keys are imported;
--only names others, --all imports every one of a file. It asks before it imports a name that is not a secret's; where nobody can
be asked, that is skipped unless --force is given.

A shell and Docker Compose read some lines differently: "export X=two words" is "two" for the one and "two words" for the other.
Such a line is shown with both readings, and nothing is stored until --as says which one is meant.

Existing values are kept unless --force is given; the rest is stored, and the exit code is 1. It is 1, too, if no key is found, or
if a line that seems to have one cannot be read. --dry-run exits as the import would. With --remove a comment replaces the line of
each key after that was read back from the keychain, and nothing else in the file changes.

  # Move the keys of a file into the keychain
  ragenv import .env --remove
  ragenv import ~/.ngc/config --remove

  # Show what would be imported from this shell and from Docker's config.json
  ragenv import --from-env --docker --dry-run

  # Copy the keys of another machine
  ssh HOST ragenv export --format json | ragenv import -`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "look in the environment"},
			&cli.BoolFlag{Name: "docker", Destination: &o.Docker, Usage: "look for logins in plain text in Docker's config.json: that of nvcr.io, with --all every one"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "take only the variables `A,B`"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &o.All, Usage: "take also what ragenv does not know as a key"},
			&cli.StringFlag{Name: "as", Destination: &as, Usage: "read the files as `shell|compose` does"},
			&cli.BoolFlag{Name: "remove", Destination: &o.Remove, Usage: "take out of the file what is stored then"},
			&cli.BoolFlag{Name: "force", Destination: &o.Replace, Usage: "store unusual values too, and replace other values, also those that cannot be regenerated"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.DryRunOnly, Usage: "show what would be stored, and change nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if o.Only, err = parseOnly(c, only); err != nil {
				return err
			}
			o.Files, o.As = c.Args().Slice(), dotenv.Syntax(as)
			switch {
			case c.IsSet("as") && o.As != dotenv.Shell && o.As != dotenv.Compose:
				return ui.Usagef(commandline.HelpHint(c), "--as takes shell or compose")
			case len(o.Files) == 0 && !o.FromEnv && !o.Docker:
				return ui.Usagef("ragenv import .env, or --from-env, or --docker", "no source was named to import from")
			case o.All && o.Only != nil:
				return ui.Usagef(commandline.HelpHint(c), "use only one of --all and --only")
			case o.All && o.FromEnv:
				return ui.Usagef("ragenv import --from-env --only A,B", "--all does not go with --from-env: most of an environment is no key")
			case o.Remove && o.FromEnv:
				return ui.Usagef("unset the variables in the shell, and where it sets them", "--remove cannot take anything out of the environment of the shell")
			}
			return importer.Run(s, o)
		},
	}
}
