package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/helm"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

func newHelmCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "helm",
		Usage: "let Helm fetch NVIDIA's charts with the stored key",
		Description: `Helm uses a plugin for addresses that begin with ngc://. These commands install that plugin, for Helm 3 and 4, or remove
it. The key is then in no argument and in no repositories.yaml.

  # Let Helm fetch NVIDIA's charts with the stored key
  ragenv helm configure`,
		Subcommands: []*cli.Command{
			newHelmConfigureCommand(p),
			newHelmUnconfigureCommand(p),
			newHelmFetchCommand(p),
		},
	}
}

func helmPlugin(s *session.Session) (helm.Plugin, error) {
	paths, err := s.HelmPaths()
	return helm.In(paths.Plugins), err
}

// explainHelm adds a hint to the error for a plugin that cannot be written.
func explainHelm(plugin helm.Plugin, err error) error {
	var link *os.LinkError
	switch {
	case errors.Is(err, helm.ErrForeign):
		return ui.Errorf("helm plugin uninstall ragenv-ngc", "%w", err)
	case errors.As(err, &link) && runtime.GOOS == "windows":
		return ui.Errorf("turn on Developer Mode in the settings, or run it as administrator", "Windows does not let you create a symbolic link: %w", err)
	case errors.Is(err, os.ErrPermission):
		return ui.Errorf("ls -ld "+shellquote.Word(filepath.Dir(plugin.Dir)), "%w", err)
	}
	return err
}
