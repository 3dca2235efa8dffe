package credentialhelper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
)

// fromEnvironment returns the value of a secret's own variable, for machines without any store, such as CI runners; ""
// if it is unset or empty. The value is taken as it is: one that cannot be a password is an error, not mended.
func (h *helper) fromEnvironment(known secrets.Secret) (string, error) {
	value := h.getenv(known.Name)
	switch {
	case value == "":
		return "", nil
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", ui.Errorf(`export `+known.Name+`="$(printf %s "$`+known.Name+`" | tr -d '[:cntrl:]')"`,
			"$%s holds a line break or another control character, so it cannot be the key", known.Name)
	case !utf8.ValidString(value):
		return "", ui.Errorf("export the key again", "$%s is not valid UTF-8, so it cannot be the key", known.Name)
	}
	return value, nil
}
