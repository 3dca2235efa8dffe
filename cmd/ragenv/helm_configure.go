package main

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

func newHelmConfigureCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "configure",
		Usage: "install the Helm plugin for ngc:// addresses",
		Description: `Writes the plugin ragenv-ngc to Helm's plugin directory ($HELM_PLUGINS is honored). For an address
ngc://helm.ngc.nvidia.com/..., Helm runs ragenv, which fetches https://helm.ngc.nvidia.com/... with NGC_API_KEY. The key
is sent only to that host, over TLS, and does not follow redirects. If the keychain is locked, the fetch fails: run
ragenv unlock first. If no key is stored, $NGC_API_KEY is used.

  # Add NVIDIA's repository, and pull a chart by its address
  ragenv helm configure
  helm repo add nvidia ngc://helm.ngc.nvidia.com/nvidia
  helm pull ngc://helm.ngc.nvidia.com/nvidia/blueprint/charts/nvidia-blueprint-rag-v2.6.0.tgz`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runHelmConfigure(s)
		},
	}
}

func runHelmConfigure(s *session.Session) error {
	plugin, err := helmPlugin(s)
	if err != nil {
		return err
	}
	self, err := programPath()
	if err != nil {
		return err
	}
	changed, err := plugin.Install(self)
	if err != nil {
		return explainHelm(plugin, err)
	}
	if !changed {
		s.Print.Note("%s is already installed", plugin.Dir)
		return nil
	}
	s.Print.Note("installed %s: Helm fetches ngc:// addresses with the stored key", plugin.Dir)
	return nil
}

// programPath returns the path of this program. It prefers the entry in PATH if that is the same file: a
// package manager's link stays in place when an upgrade moves the file behind it.
func programPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", ui.Errorf("run ragenv by its whole path", "the path of this program cannot be found: %w", err)
	}
	if found, err := exec.LookPath(programName); err == nil && filepath.IsAbs(found) {
		here, errHere := os.Stat(self)
		there, errThere := os.Stat(found)
		if errHere == nil && errThere == nil && os.SameFile(here, there) {
			return found, nil
		}
	}
	return self, nil
}
