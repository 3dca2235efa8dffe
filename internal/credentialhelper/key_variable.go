package credentialhelper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/validate"
)

// fromEnvironment returns the value of a secret's own variable, for machines without a keychain such as CI
// runners, or "" if it is unset or empty. It trims white space with a warning, and warns about an unusual
// value. A value that cannot be the key is an error, because the registry would refuse even public images
// with it.
func (h *helper) fromEnvironment(known secrets.Secret) (string, error) {
	value := h.getenv(known.Name)
	if value == "" {
		return "", nil
	}
	key := validate.Trim(known.Kind, value)
	switch {
	case strings.ContainsFunc(key, unicode.IsControl):
		return "", ui.Errorf(`export `+known.Name+`="$(printf %s "$`+known.Name+`" | tr -d '[:cntrl:]')"`,
			"$%s holds a line break or another control character, so it cannot be the key", known.Name)
	case !utf8.ValidString(key):
		return "", ui.Errorf("export the key again", "$%s is not valid UTF-8, so it cannot be the key", known.Name)
	}
	for _, finding := range validate.Check(known.Kind, key) {
		switch finding.Severity {
		case validate.Refuse:
			return "", ui.Errorf(finding.Hint+": export "+known.Name+"=KEY", "$%s is not used: %s", known.Name, finding.Message)
		case validate.Unusual:
			h.print.Warn("$%s: %s", known.Name, finding.Message)
		}
	}
	if key != value {
		h.print.Warn("$%s has white space around the key, which is dropped", known.Name)
	}
	return key, nil
}
