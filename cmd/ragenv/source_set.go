package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type sourceSetOptions struct {
	config.Source
	forced bool
}

const sourceExample = "ragenv source set " + secrets.NGCAPIKey + " -- pass show ngc"

func newSourceSetCommand(p *program) *cli.Command {
	var o sourceSetOptions
	var env string
	return &cli.Command{
		Name:      "set",
		Usage:     "set the command that prints a key",
		ArgsUsage: "NAME COMMAND...",
		UsageText: "ragenv source set [flags] NAME -- COMMAND [ARG...]",
		Description: `Runs the command once to check that it works, and writes it to the config file with its arguments and the full path of
its program. Anyone who can read that file can read the arguments, so do not put a key there.

The command runs without a shell, a terminal or input, in your home directory, for at most 30 seconds. It gets PATH,
HOME and the other variables of ragenv run --pristine, and those that --env names. It has to print only the key, on one
line. Log in to the vault first: a command that asks for something fails.

--cache keeps the key in the kernel's keyring for that long, like an unlocked keychain (Linux only). "ragenv lock"
removes it.

  # From pass
  ragenv source set NGC_API_KEY -- pass show ngc

  # From Vault, asked at most every five minutes
  ragenv source set NGC_API_KEY --env VAULT_ADDR --cache 5m -- vault kv get -field=key secret/ngc

  # From a file that sops encrypted
  ragenv source set NGC_API_KEY -- sops decrypt --extract '["ngc"]' keys.yaml`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "env", Destination: &env, Usage: "also pass the variables `A,B`"},
			&cli.StringFlag{Name: "cache", Destination: &o.Cache, Usage: "cache the key for `DURATION` (5m, 1h)"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "set it even if the command now gives no key, or an unusual one"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() < 2 {
				return ui.Usagef(sourceExample, "ragenv source set takes a name and a command")
			}
			name := c.Args().First()
			if err := envName(c, name); err != nil {
				return err
			}
			o.Command = c.Args().Tail()
			for _, word := range o.Command {
				if secrets.LooksLikeKey(word) {
					return ui.Usagef("ragenv set "+name, "a word of the command is a key, and the config file holds none")
				}
			}
			for variable := range strings.SplitSeq(env, ",") {
				if variable = strings.TrimSpace(variable); variable != "" {
					o.Env = append(o.Env, variable)
				}
			}
			return runSourceSet(s, s.EnvRef(name), o)
		},
	}
}

func runSourceSet(s *session.Session, ref keychain.Ref, o sourceSetOptions) error {
	path, err := exec.LookPath(o.Command[0])
	if err == nil {
		path, err = filepath.Abs(path) // do not resolve links: an update of the program moves the target
	}
	if err != nil {
		return ui.Errorf("install it, or name it by its path", "%s is not found on PATH", ui.Printable(o.Command[0]))
	}
	o.Command[0] = path
	if err := o.Check(); err != nil {
		return ui.Usagef("ragenv source set --help", "%w", err)
	}
	value, err := s.Commands().Run(ref, o.Source)
	switch {
	case err != nil && !o.forced:
		return err
	case err != nil:
		s.Print.Warn("%v", err)
	default:
		if err := s.CheckValueOr(ref.Name, value.Reveal(), o.forced, "run it again with --force"); err != nil {
			return err
		}
	}
	if err := notStoredYet(s, ref); err != nil {
		return err
	}
	if err := s.Commands().Forget(); err != nil {
		return err
	}
	if err := s.Config.SetSource(ref, o.Source); err != nil {
		return session.ExplainConfig(err)
	}
	s.Print.Note("%s%s now comes from %s (%s)", ref.Name, s.InProfile(), ui.Printable(o.Command[0]), s.Config.Paths.ConfigFile)
	return nil
}

// notStoredYet returns an error if the key is already stored: a key has one place.
func notStoredYet(s *session.Session, ref keychain.Ref) error {
	k, err := s.QuietOpener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil
	}
	if err != nil {
		return err
	}
	stored, err := k.Stored().Has(ref)
	if err != nil || !stored {
		return err
	}
	return ui.Errorf("remove that one first: ragenv rm "+ref.Name, "%s is already stored%s, and a key can come from one place only", ref.Name, s.InProfile())
}
