package opener

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// maxAhead is how far in the future an item's date may be, for wrong clocks. The keychain changes such a
// date to now.
const maxAhead = 366 * 24 * time.Hour

// Accept returns an error if an item must not be stored, whether it was typed or comes from a file, a
// backup, another backend or a login. Every command can name, hand over and remove what Accept allows. Its
// errors contain nothing of the secret.
func Accept(item keychain.Item) error {
	switch item.Kind {
	case keychain.KindEnv, keychain.KindPrevious:
		if err := secrets.CheckName(item.Name); err != nil {
			return err
		}
	case keychain.KindFingerprint: // use the name before "-", if there is one
		name, _, _ := strings.Cut(item.Name, "-")
		if err := secrets.CheckName(name); err != nil {
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
	if item.Updated.After(time.Now().Add(maxAhead)) {
		// If a registry has two logins, the later one answers: this one would answer forever.
		return fmt.Errorf("it is dated %s, which is yet to come", item.Updated.UTC().Format(time.DateOnly))
	}
	if year := item.Expires.UTC().Year(); !item.Expires.IsZero() && (year < 1970 || year > 9999) {
		return fmt.Errorf("it would expire in the year %d", year)
	}
	return nil
}
