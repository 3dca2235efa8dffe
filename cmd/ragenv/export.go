package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/export"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/ui"
)

const applyKubernetes = "ragenv export --format kubernetes | kubectl apply --server-side -f -"

func newExportCommand(p *program) *cli.Command {
	var o export.Options
	var only string
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
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "shell", Destination: &o.Format, Usage: "write `FORMAT`: " + strings.Join(render.Names(), ", ") + " (default: shell)"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "write only `A,B` of the stored keys"},
			&cli.StringSliceFlag{Name: "namespace", Destination: &namespaces, Usage: "kubernetes: the `NAMESPACE` of the Secrets, or several with commas (default: kubectl's)"},
			&cli.StringFlag{Name: "name", Destination: &o.Kubernetes.Name, Usage: "kubernetes: write keys that the chart does not read to `SECRET`"},
			&cli.StringFlag{Name: "helm-release", Destination: &o.Kubernetes.HelmRelease, Usage: "kubernetes: take over the Secrets that Helm created for `RELEASE`"},
			&cli.BoolFlag{Name: "reveal", Destination: &o.Reveal, Usage: "also print to a terminal"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if !slices.Contains(render.Names(), o.Format) {
				return ui.Usagef(commandline.HelpHint(c), "--format is one of %s", strings.Join(render.Names(), ", "))
			}
			if o.Format != render.Kubernetes && (c.IsSet("namespace") || c.IsSet("name") || c.IsSet("helm-release")) {
				return ui.Usagef(applyKubernetes, "--namespace, --name and --helm-release need --format kubernetes")
			}
			o.Kubernetes.Namespaces = namespaces.Value()
			if o.Only, err = parseOnly(c, only); err != nil {
				return err
			}
			return export.Run(s, o)
		},
	}
}
