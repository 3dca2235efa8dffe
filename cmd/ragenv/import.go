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
		Usage:     "store keys from files, the environment or Docker's config.json",
		ArgsUsage: "[FILE...]",
		Description: `FILE is one of these, or "-" for standard input:

  a file of assignments     .env, export lines for a shell, the output of ragenv export (shell, dotenv, json)
  ~/.ngc/config             of the NGC CLI
  .netrc, .credentials      of curl and of enroot
  repositories.yaml         of Helm
  config.json, auth.json    of Docker, Podman, regctl, Apptainer and Kubernetes

Nothing in a file is run or expanded: values with ${...} or $(...) are skipped. By default, only variables that ragenv
knows as keys are imported; --only names others, and --all imports every variable of a file. It asks before it imports a
name that does not look like a secret's; without a terminal, that name is skipped unless --force is given.

A shell and Docker Compose read some lines differently: "export X=two words" is "two" for a shell and "two words" for
Compose. Such a line is shown with both readings, and nothing is stored until --as selects one.

Existing values are kept unless --force is given; the other keys are stored, and the exit code is 1. It is also 1 if no
key is found, or if a line that seems to have one cannot be read. --dry-run has the same exit codes. --remove reads each
stored key back from the keychain, then replaces its line with a comment. The rest of the file does not change.

  # Move the keys of a file into the keychain
  ragenv import .env --remove
  ragenv import ~/.ngc/config --remove

  # Show what would be imported from this shell and from Docker's config.json
  ragenv import --from-env --docker --dry-run

  # Copy the keys of another machine
  ssh HOST ragenv export --format json | ragenv import -`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "read the environment"},
			&cli.BoolFlag{Name: "docker", Destination: &o.Docker, Usage: "read plain-text logins from Docker's config.json: nvcr.io, or all with --all"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "import only the variables `A,B`"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &o.All, Usage: "also import variables that are not known keys"},
			&cli.StringFlag{Name: "as", Destination: &as, Usage: "read files the way `shell|compose` does"},
			&cli.BoolFlag{Name: "remove", Destination: &o.Remove, Usage: "remove each stored key from its file"},
			&cli.BoolFlag{Name: "force", Destination: &o.Replace, Usage: "store unusual values, and replace existing ones, even if they cannot be regenerated"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.DryRunOnly, Usage: "show what would be stored, without storing it"},
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
				return ui.Usagef("give --from-env, --docker or a file: ragenv import .env", "no source to import from")
			case o.All && o.Only != nil:
				return ui.Usagef(commandline.HelpHint(c), "use only one of --all and --only")
			case o.All && o.FromEnv:
				return ui.Usagef("ragenv import --from-env --only A,B", "--all cannot be used with --from-env: most environment variables are not keys")
			case o.Remove && o.FromEnv:
				return ui.Usagef("unset the variables in the shell and in the files that set them", "--remove cannot remove variables from the shell's environment")
			}
			return importer.Run(s, o)
		},
	}
}
