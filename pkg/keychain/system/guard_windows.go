package system

import (
	"errors"
	"fmt"

	"github.com/danieljoos/wincred"
	"golang.org/x/sys/windows"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func newGuard(name string, _ keychain.Options) guard {
	if name != keychain.BackendWinCred {
		return guard{}
	}
	return guard{
		// The library hides errors of List.
		probe: func() error {
			if _, err := wincred.List(); err != nil && !errors.Is(err, windows.ERROR_NOT_FOUND) {
				return err
			}
			return nil
		},
		failed: func(err error) error {
			if errors.Is(err, windows.ERROR_NO_SUCH_LOGON_SESSION) {
				return fmt.Errorf("the %s backend is %w: this logon session has no credentials, as over SSH with a key", keychain.BackendWinCred, keychain.ErrUnavailable)
			}
			return err
		},
	}
}
