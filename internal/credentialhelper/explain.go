package credentialhelper

import (
	"errors"
	"fmt"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
)

// missing reports that the key for a registry is not stored, with a hint.
func (h *helper) missing(known secrets.Secret, v *vault) error {
	what := "no key is stored as " + known.Name
	if v.config != nil && v.config.Profile != config.DefaultProfile {
		what += fmt.Sprintf(" in the profile %q", v.config.Profile)
	}
	if caller, ok := h.underSudo(v); ok {
		return ui.Errorf(sudoHint(known), "%s: %s", what, caller.Sentence(v.config.Paths))
	}
	switch {
	case errors.Is(v.absent, config.ErrNoHome):
		return ui.Errorf("set HOME, or put the key into "+known.Name, "%s: %w", what, v.absent)
	case v.absent != nil:
		return ui.Errorf("ragenv setup", "%s", what)
	}
	return ui.Errorf("ragenv set "+known.Name, "%s", what)
}

// explain adds to an error what the helper knows about its cause.
func (h *helper) explain(err error) error {
	if errors.Is(err, config.ErrNoHome) {
		return ui.Errorf(config.HomeHint()+", for Docker too", "%w", err)
	}
	if err, ok := sudo.Explain(h.getenv, err); ok {
		known, _ := secrets.Lookup(secrets.NGCAPIKey)
		return ui.Errorf(sudoHint(known), "%w", err)
	}
	return err
}

func (h *helper) underSudo(v *vault) (sudo.Caller, bool) {
	if v.config == nil {
		return sudo.Caller{}, false
	}
	return sudo.KeysElsewhere(h.getenv, v.config.Paths)
}

func sudoHint(known secrets.Secret) string {
	return "run docker without sudo, or store the key for root as well: sudo ragenv set " + known.Name
}
