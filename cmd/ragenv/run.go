package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/execve"
	"github.com/ragenv/ragenv/internal/injection"
	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/maskedrun"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

const runCommandName = "run"

func newRunCommand(p *program) *cli.Command {
	var o injection.Options
	var only, envFile string
	var files cli.StringSlice
	return &cli.Command{
		Name:      runCommandName,
		Usage:     "run a command with your keys (the word run is optional)",
		UsageText: "ragenv [flags] -- COMMAND [ARG...]\nragenv run [flags] [--] COMMAND [ARG...]",
		Description: `Every key of the profile becomes an environment variable of the command. If a variable has several values, the first of
these wins:

  1  the stored key                  with --preserve-env after the shell's
  2  --env-file FILE
  3  the shell
  4  NGC_API_KEY                     for NVIDIA_API_KEY and NGC_CLI_API_KEY that are unset or empty

A warning names each variable that a stored key overrides.

The command replaces ragenv's process, so its terminal, signals and exit code are its own. If it cannot be started, the
exit code is 125 (ragenv failed), 126 (the command cannot be run) or 127 (the command was not found).

--env-file adds variables from a dotenv file. They override the shell's, but not stored keys. A line that only a shell
can read is an error.

With --profile NAME the command gets RAGENV_PROFILE=NAME, so Docker's helper uses the same profile. RAGENV_PASSPHRASE is
never passed on. With --only or --pristine, variables that name a passphrase file are not passed either; --keep-unlock
passes RAGENV_PASSPHRASE_FILE, which docker-credential-ngc needs in the command if the kernel keeps no unlocked
keychain. A command that runs as you can ask the helper for every login while the keychain is unlocked.

--mask replaces stored values in the command's output with ***, also in JSON, percent-encoding, base64 and hexadecimal,
even across line breaks and spaces in base64 and hexadecimal. The command then runs as a child, on a terminal of its own
if there is one. It can still send a key elsewhere, or print it in another form, such as a dump with offsets.

--file passes a key as a file in memory. The variable VAR holds its path; only the command and what it starts can read
it. Nothing is written to a disk, and the key's own variables are not set (--only NAME keeps them). Memory files need
Linux; --temp-files writes files of mode 0600 instead, and removes them when the command ends.

  FORMAT              contents
  raw                 the value alone
  dotenv              a line NAME=VALUE
  docker-config       Docker's config.json with the login to nvcr.io
  netrc               the same login, for curl
  helm-repositories   Helm's repositories.yaml with the login to helm.ngc.nvidia.com

  # Start the services with every key of the profile
  ragenv -- docker compose up -d

  # With variables from a file, and no others from this shell
  ragenv --pristine --env-file deploy.env -- docker compose up -d

  # With one key only
  ragenv --only NGC_API_KEY -- sh -c 'echo ${#NGC_API_KEY}'

  # With a key as a file instead of a variable
  ragenv --file HELM_REPOSITORY_CONFIG=NGC_API_KEY:helm-repositories -- helm dependency update
  ragenv --file KEYS=NGC_API_KEY:dotenv -- sh -c 'docker run --env-file "$KEYS" IMAGE'`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "pass only the stored keys `A,B`"},
			&cli.BoolFlag{Name: "preserve-env", Destination: &o.PreserveEnv, Usage: "prefer the shell's values over stored ones"},
			&cli.StringFlag{Name: "env-file", Destination: &envFile, Usage: "add variables from the dotenv file `FILE`"},
			&cli.BoolFlag{Name: "pristine", Destination: &o.Pristine, Usage: "drop the shell's other variables"},
			&cli.BoolFlag{Name: "keep-unlock", Destination: &o.KeepUnlock, Usage: "with --only or --pristine, also pass RAGENV_PASSPHRASE_FILE"},
			&cli.StringSliceFlag{Name: "file", Destination: &files, Usage: "pass a key as a file: `VAR=NAME[:FORMAT]`"},
			&cli.BoolFlag{Name: "temp-files", Destination: &o.TempFiles, Usage: "with --file, use temporary files on disk instead of memory"},
			&cli.BoolFlag{Name: "mask", Destination: &o.Mask, Usage: "hide stored values in the command's output"},
		},
		Action: func(c *cli.Context) (err error) {
			o.Command = c.Args().Slice()
			if o.Only, err = parseOnly(c, only); err != nil {
				return ownFailure(err)
			}
			if c.IsSet("env-file") {
				o.EnvFile = &envFile
			}
			if o.Files, err = parseFiles(c, files.Value()); err != nil {
				return ownFailure(err)
			}
			return p.run(globalsOf(c), o)
		},
	}
}

// run runs a command. It returns only if the command could not be started or ran as a child.
func (p *program) run(g globals, o injection.Options) error {
	s, err := p.open(g)
	if err != nil {
		return ownFailure(err)
	}
	if len(o.Command) == 0 {
		return ownFailure(ui.Usagef("ragenv -- docker compose up", "no command to run"))
	}
	o.Streams = maskedrun.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	code, err := injection.Run(s, o)
	if err == nil && code != 0 { // on Windows, and under --mask
		return exitStatus(code)
	}
	if errors.Is(err, execve.ErrNotFound) {
		err = p.notFound(err, o.Command)
	}
	return ownFailure(err)
}

// notFound adds the command line that was probably meant to the error for a command that does not exist.
func (p *program) notFound(err error, command []string) error {
	before := []string{"--"}
	if n := len(p.args) - len(command); n > 0 {
		before = p.args[:n]
	}
	explained := *ui.Explain(err)
	hint := commandline.CorrectedCommand(newApp(p), before, command)
	switch {
	case hint != "":
		explained.Hint = hint
	case runtime.GOOS != "windows" && p.getenv("SHELL") != "" && functionName(command[0]):
		line := programName + " " + ui.QuoteWords(before) + ` "$SHELL" -ic ` + shellquote.Quote(ui.QuoteWords(command))
		explained.Hint = "check the spelling and PATH; if it is an alias or a function of your shell: " + line
	}
	return &explained
}

// functionName reports whether a word may name an alias or a function of a shell.
func functionName(word string) bool {
	return word != "" && word[0] != '-' && !strings.Contains(word, "/") && !secrets.LooksLikeKey(word)
}

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

const fileExample = "ragenv --file KEY_FILE=" + secrets.NGCAPIKey + ` -- sh -c 'wc -c "$KEY_FILE"'`

// parseFiles parses the values of --file.
func parseFiles(c *cli.Context, texts []string) ([]keyfile.Spec, error) {
	var specs []keyfile.Spec
	for _, text := range texts {
		spec, err := keyfile.ParseSpec(text)
		switch {
		case errors.Is(err, keyfile.ErrUnknownFormat):
			return nil, ui.Usagef(fileExample, "--file: the format is one of %s", strings.Join(keyfile.Formats(), ", "))
		case err != nil:
			return nil, ui.Usagef(fileExample, "--file is %w", err)
		}
		if err := envName(c, spec.Name); err != nil {
			return nil, err
		}
		if !secrets.ValidName(spec.Variable) || secrets.LooksLikeKey(spec.Variable) || strings.HasPrefix(spec.Variable, "RAGENV_") {
			return nil, ui.Usagef(fileExample, "--file: the text before = is not a valid variable name")
		}
		if slices.ContainsFunc(specs, func(other keyfile.Spec) bool { return other.Variable == spec.Variable }) {
			return nil, ui.Usagef(commandline.HelpHint(c), "--file: %s is given twice", spec.Variable)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}
