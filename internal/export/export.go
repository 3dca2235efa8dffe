// Package export writes the stored keys in another program's format. Package render has the formats.
package export

import (
	"errors"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/injection"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// shellFormats are evaluated by the shell that started ragenv, so variables already set there count.
var shellFormats = []string{"shell", "fish", "powershell"}

// Options are the flags of ragenv export.
type Options struct {
	Format     string   // one of render.Names
	Only       []string // variable names; nil means all
	Kubernetes render.Options
	Reveal     bool
}

// Run writes the stored keys to standard output, and refuses a terminal unless o.Reveal is set.
func Run(s *session.Session, o Options) error {
	if s.ToTerminal() && !o.Reveal {
		return ui.Errorf("pipe it, as ragenv export --help shows, or: ragenv export --reveal", "keys are not printed to a terminal, where others may see them")
	}
	var base []string
	if slices.Contains(shellFormats, o.Format) {
		base = system.Environ()
	}
	values, err := injection.Values(s, base, o.Only, o.Format != render.Kubernetes)
	if err != nil {
		return err
	}
	if o.Format == render.GitHub && s.Getenv("GITHUB_ACTIONS") == "true" {
		if err := render.GitHubMasks(s.Stderr, values); err != nil {
			return err
		}
	}
	o.Kubernetes.Selected = o.Only != nil
	if err := checkPlaces(s, values, o); err != nil {
		return err
	}
	return explain(render.Render(s.Stdout, o.Format, values, o.Kubernetes))
}

// checkPlaces reports the values that fit none of the Secrets that the chart reads.
func checkPlaces(s *session.Session, values []render.Value, o Options) error {
	unplaced := render.Unplaced(values)
	if o.Format != render.Kubernetes || o.Kubernetes.Name != "" || len(unplaced) == 0 {
		return nil
	}
	const told = "in none of the Secrets that the RAG chart reads"
	if len(unplaced) == len(values) {
		return ui.Errorf("ragenv export --format kubernetes --name SECRET | kubectl apply --server-side -f -", "%s: %s", strings.Join(unplaced, ", "), told)
	}
	s.Print.Note("%s: %s (--name SECRET adds one)", strings.Join(unplaced, ", "), told)
	return nil
}

// explain adds a hint to the error for a value or name that a format cannot represent.
func explain(err error) error {
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
