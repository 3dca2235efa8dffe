package keyfile

import (
	"errors"
	"strings"
)

// Spec is a request for a file: the key Name in a Format. The variable Variable holds the file's path.
type Spec struct{ Variable, Name, Format string }

// ErrSpec means that the text does not have the form VAR=NAME or VAR=NAME:FORMAT.
var ErrSpec = errors.New("not of the form VAR=NAME[:FORMAT]")

// ParseSpec parses VAR=NAME[:FORMAT]. It checks neither name, because a bad one may be a key that a caller
// would show. Errors: ErrSpec and ErrUnknownFormat, which contain nothing of the text.
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
