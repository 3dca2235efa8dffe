package session

import (
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/helm"
	"github.com/ragenv/ragenv/internal/ui"
)

// HelmPaths returns the locations of Helm's files.
func (s *Session) HelmPaths() (helm.Paths, error) {
	paths, err := helm.FindPaths(s.Getenv, s.Config.Paths.Home)
	if err != nil {
		return paths, ui.Errorf(config.HomeHint(), "%w", err)
	}
	return paths, nil
}
