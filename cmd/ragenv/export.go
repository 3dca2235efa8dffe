package main

import (
	"errors"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/injection"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

const (
	formatKubernetes = "kubernetes"
	applyKubernetes  = "ragenv export --format kubernetes | kubectl apply --server-side -f -"
)

// shellFormats are evaluated by the shell that started ragenv, so variables already set there count.
var shellFormats = []string{"shell", "fish", "powershell"}

type exportOptions struct {
	format, only string
	kubernetes   render.Options
	reveal       bool
}

func newExportCommand(p *program) *cli.Command {
	var o exportOptions
	var namespaces cli.StringSlice
	return &cli.Command{
		Name:  "export",
		Usage: "write the keys in another program's format",
		Description: `Every format is exact: the reader gets every byte of every value, and a value that the format cannot hold is refused by
name. A terminal needs --reveal. Prefer ragenv -- COMMAND where possible: then only that command has the keys.

As with ragenv run, NVIDIA_API_KEY and NGC_CLI_API_KEY follow NGC_API_KEY; in shell, fish and powershell, only if they
are unset or empty.

  FORMAT       for
  shell        sh, bash, zsh
  fish         fish
  powershell   PowerShell
  dotenv       Docker Compose, as .env or env_file
  docker       docker run --env-file: it writes no quotes, and refuses a value with a line break
  github       a step of GitHub Actions
  json         other programs, and ragenv import
  kubernetes   kubectl apply

kubernetes writes the Secrets that NVIDIA's RAG chart reads: ngc-secret and ngc-api with the NGC key, and rag-api-keys
with the keys of the services, each empty if it is not stored. Use --name to write the other keys to a Secret of their
own. Install the chart with --set imagePullSecret.create=false --set ngcApiSecret.create=false, so that Helm does not
create the same Secrets.

  # Set the keys in this shell
  eval "$(ragenv export)"

  # The same in fish, and in PowerShell
  ragenv export --format fish | source
  ragenv export --format powershell | Out-String | Invoke-Expression

  # Hand the keys to one container
  docker run --env-file <(ragenv export --format docker) IMAGE

  # Hand the keys to the next steps of a GitHub job
  ragenv export --format github >> "$GITHUB_ENV"

  # Create the Secrets of the RAG chart, in one namespace or in two
  ragenv export --format kubernetes | kubectl apply --server-side -f -
  ragenv export --format kubernetes --namespace rag,nim | kubectl apply --server-side -f -`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "shell", Destination: &o.format, Usage: "write `FORMAT`: " + strings.Join(render.Names(), ", ") + " (default: shell)"},
			&cli.StringFlag{Name: "only", Destination: &o.only, Usage: "write only `A,B` of the stored keys"},
			&cli.StringSliceFlag{Name: "namespace", Destination: &namespaces, Usage: "kubernetes: the `NAMESPACE` of the Secrets, or several with commas (default: kubectl's)"},
			&cli.StringFlag{Name: "name", Destination: &o.kubernetes.Name, Usage: "kubernetes: write keys that the chart does not read to `SECRET`"},
			&cli.StringFlag{Name: "helm-release", Destination: &o.kubernetes.HelmRelease, Usage: "kubernetes: take over the Secrets that Helm created for `RELEASE`"},
			&cli.BoolFlag{Name: "reveal", Destination: &o.reveal, Usage: "also print to a terminal"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if !slices.Contains(render.Names(), o.format) {
				return ui.Usagef(commandline.HelpHint(c), "--format is one of %s", strings.Join(render.Names(), ", "))
			}
			if o.format != formatKubernetes && (c.IsSet("namespace") || c.IsSet("name") || c.IsSet("helm-release")) {
				return ui.Usagef(applyKubernetes, "--namespace, --name and --helm-release need --format kubernetes")
			}
			o.kubernetes.Namespaces = namespaces.Value()
			only, err := parseOnly(c, o.only)
			if err != nil {
				return err
			}
			return runExport(s, only, o)
		},
	}
}

func runExport(s *session.Session, only []string, o exportOptions) error {
	if s.ToTerminal() && !o.reveal {
		return ui.Errorf("pipe it, as ragenv export --help shows, or: ragenv export --reveal", "keys are not printed to a terminal, where others may see them")
	}
	var base []string
	if slices.Contains(shellFormats, o.format) {
		base = system.Environ()
	}
	values, err := exported(s, base, only, o.format != formatKubernetes)
	if err != nil {
		return err
	}
	if o.format == "github" && s.Getenv("GITHUB_ACTIONS") == "true" {
		if err := render.GitHubMasks(s.Stderr, values); err != nil {
			return err
		}
	}
	o.kubernetes.Selected = only != nil
	if err := checkPlaces(s, values, o); err != nil {
		return err
	}
	return explainRender(render.Render(s.Stdout, o.format, values, o.kubernetes))
}

// checkPlaces reports the values that fit none of the Secrets that the chart reads.
func checkPlaces(s *session.Session, values []render.Value, o exportOptions) error {
	unplaced := render.Unplaced(values)
	if o.format != formatKubernetes || o.kubernetes.Name != "" || len(unplaced) == 0 {
		return nil
	}
	const told = "in none of the Secrets that the RAG chart reads"
	if len(unplaced) == len(values) {
		return ui.Errorf("ragenv export --format kubernetes --name SECRET | kubectl apply --server-side -f -", "%s: %s", strings.Join(unplaced, ", "), told)
	}
	s.Print.Note("%s: %s (--name SECRET adds one)", strings.Join(unplaced, ", "), told)
	return nil
}

// exported returns the stored keys, or only those named, with their aliases: what ragenv run adds to the
// inherited environment. An alias that base already sets is omitted. Without withAliases every alias is
// omitted, unless only names it.
func exported(s *session.Session, base, only []string, withAliases bool) ([]render.Value, error) {
	aliases := s.Aliases()
	items, err := injection.Items(s, injection.Sources(only, aliases))
	if err != nil {
		return nil, err
	}
	items = injection.HandedOver(s, items)
	in := childenv.Input{Stored: injection.StoredValues(items, base, only, aliases), FoldCase: runtime.GOOS == "windows"}
	var absent []string
	for _, name := range only {
		if _, ok := in.Stored[name]; !ok && injection.Inherited(base, name) == "" {
			absent = append(absent, name)
		}
	}
	switch {
	case len(absent) > 0:
		return nil, s.Absent(strings.Join(absent, ", ")+": not stored", only, absent, "export --only NAME")
	case len(in.Stored) == 0 && only == nil:
		return nil, s.WithoutKeys("ragenv setup"+s.ForProfile(), "no key is stored%s", s.InProfile())
	}
	if withAliases {
		in.Aliases = aliases
	}
	result, err := childenv.Build(in)
	if err != nil {
		return nil, ui.Errorf("write others only: ragenv export --only A,B", "%w", err)
	}
	var values []render.Value
	for _, entry := range result.Env {
		name, value, _ := strings.Cut(entry, "=")
		if _, stored := in.Stored[name]; stored || injection.Inherited(base, name) == "" {
			values = append(values, render.Value{Name: name, Value: value})
		}
	}
	s.WarnOfExpiry(items)
	return values, nil
}

// explainRender adds a hint to the error for a value or name that a format cannot represent.
func explainRender(err error) error {
	var value *render.ValueError
	var name *render.NameError
	var option *render.OptionError
	switch {
	case errors.As(err, &value):
		return ui.Errorf("write the others with --only, or use another format", "%w", err)
	case errors.As(err, &name):
		return ui.Errorf("write the others with --only", "%w", err)
	case errors.As(err, &option):
		return ui.Usagef("ragenv export --help", "--%w", err)
	}
	return err
}
