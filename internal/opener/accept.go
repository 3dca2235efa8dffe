package opener

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// accept says why an item is not stored, whichever way it came in: by hand, from a file, a backup, another backend or a
// login. What it takes every command can name, hand over and remove. Its errors hold nothing of the secret.
func accept(item keychain.Item) error {
	switch item.Kind {
	case keychain.KindEnv, keychain.KindPrevious:
		if err := secrets.CheckName(item.Name); err != nil {
			return err
		}
	case keychain.KindRegistry:
		server, err := serverurl.Canonical(item.Name)
		if err != nil {
			return err
		}
		if server != item.Name {
			return fmt.Errorf("%w: a login is stored under %s", keychain.ErrInvalidName, server)
		}
	}
	if !utf8.ValidString(item.Username) || strings.ContainsFunc(item.Username, unicode.IsControl) {
		return errors.New("its user name holds a control character, or is not UTF-8")
	}
	if year := item.Expires.UTC().Year(); !item.Expires.IsZero() && (year < 1970 || year > 9999) {
		return fmt.Errorf("it would expire in the year %d", year)
	}
	return nil
}
