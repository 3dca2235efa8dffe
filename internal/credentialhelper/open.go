package credentialhelper

import (
	"errors"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// openRead opens the active profile for reading. It is not an error if nothing was ever stored;
// vault.absent then says why.
func (h *helper) openRead() (*vault, error) {
	v, err := h.openWith(opener.Opener.Read)
	if errors.Is(err, keychain.ErrNoStore) || errors.Is(err, config.ErrNoHome) {
		v.absent, err = err, nil
	}
	return v, err
}

// openWrite opens the active profile for writing. The first write creates a store if the environment has a
// passphrase for it; otherwise the error says how to create one.
func (h *helper) openWrite() (*vault, error) { return h.openWith(opener.Opener.Write) }

// changing runs a change of several items while no other process runs one.
func (h *helper) changing(v *vault, change func() error) error {
	if v.keychain == nil {
		return change()
	}
	return h.opener(v.config).Changing(v.keychain, change)
}

func (h *helper) opener(settings *config.Config) opener.Opener {
	return opener.Opener{Config: settings, Getenv: h.getenv, Print: h.print}
}

// openWith returns a vault with what is known even on an error. It never prompts: parallel pulls would each
// prompt.
func (h *helper) openWith(open func(opener.Opener) (*keychain.Keychain, error)) (*vault, error) {
	settings, err := h.settings()
	if err != nil {
		return &vault{}, err
	}
	k, err := open(h.opener(settings))
	return &vault{keychain: k, config: settings, backend: settings.Backend}, err
}
