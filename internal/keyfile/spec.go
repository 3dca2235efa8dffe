package keyfile

import (
	"errors"
	"strings"
)

// Spec is what a user asks for: the key Name in a file of a Format, whose path the variable Variable has.
type Spec struct{ Variable, Name, Format string }

// ErrSpec: the text is not of the form VAR=NAME or VAR=NAME:FORMAT.
var ErrSpec = errors.New("not of the form VAR=NAME[:FORMAT]")

// ParseSpec reads VAR=NAME[:FORMAT]. It checks neither name: what a caller shows of a bad one may be a key. Its errors are
// ErrSpec and ErrUnknownFormat, and hold nothing of the text.
func ParseSpec(text string) (Spec, error) {
	variable, rest, found := strings.Cut(text, "=")
	name, format, hasFormat := strings.Cut(rest, ":")
	if !found || variable == "" || name == "" {
		return Spec{}, ErrSpec
	}
	if !hasFormat {
		format = Raw
	}
	if _, ok := formats[format]; !ok {
		return Spec{}, ErrUnknownFormat
	}
	return Spec{variable, name, format}, nil
}
