// Package render writes names and values in the formats that other programs read: shells, Docker Compose, GitHub Actions,
// Kubernetes. Each format is exact: what reads it gets every byte of every value, or the format refuses the value.
package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
)

// Value is one variable. Its value may be any bytes but NUL, which no environment can hold.
type Value struct{ Name, Value string }

// Options are what some formats take in addition to the values. All of them are kubernetes'.
type Options struct {
	Namespaces  []string // every Secret once in each; none leaves it to kubectl
	Name        string   // the name of the Secret of values that the chart has no place for; "" leaves them out
	HelmRelease string   // writes the metadata by which Helm takes the Secrets for that release's, and keeps them; "" for none
	Selected    bool     // the values are a selection: no Secret is written that none of them belongs to
}

// Format writes values, which are valid and sorted by name. It holds no state.
type Format func(w *bytes.Buffer, values []Value, opts Options) error

var formats = map[string]Format{
	"docker":     docker,
	"dotenv":     dotenv,
	"fish":       fish,
	"github":     github,
	"json":       jsonObject,
	"kubernetes": kubernetes,
	"powershell": powershell,
	"shell":      shell,
}

// ErrUnknownFormat: no format of that name; Names lists them.
var ErrUnknownFormat = errors.New("unknown format")

// ValueError says why a format cannot hold a value. It never shows the value.
type ValueError struct {
	Format string
	Name   string // the variable
	Reason string // what is in the value, "a NUL byte"
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s cannot hold %s: %s", e.Format, e.Name, e.Reason)
}

// NameError says why a format cannot hold a variable of that name.
type NameError struct {
	Format string
	Name   string
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s cannot hold %+.64q: %s", e.Format, e.Name, e.Reason)
}

// OptionError says which field of Options cannot be used.
type OptionError struct {
	Option string // "namespace", "name" or "helm-release"
	Value  string
	Reason string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("%s %+.80q: %s", e.Option, e.Value, e.Reason)
}

// Names returns the names of all formats, sorted.
func Names() []string { return slices.Sorted(maps.Keys(formats)) }

// Render writes values to w in the named format, sorted by name, in one Write. On an error before that, nothing is written:
// ErrUnknownFormat, *ValueError, *NameError or *OptionError. The values may be in any order; no name may come twice.
func Render(w io.Writer, format string, values []Value, opts Options) error {
	write, ok := formats[format]
	if !ok {
		return fmt.Errorf("%w: %+.40q: one of %s", ErrUnknownFormat, format, strings.Join(Names(), ", "))
	}
	sorted := slices.SortedFunc(slices.Values(values), func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	for i, v := range sorted {
		switch {
		case !secrets.ValidName(v.Name):
			return &NameError{format, v.Name, "not a name of an environment variable"}
		case i > 0 && sorted[i-1].Name == v.Name:
			return &NameError{format, v.Name, "it comes twice"}
		case strings.Contains(v.Value, "\x00"):
			return &ValueError{format, v.Name, "a NUL byte"}
		}
	}
	var buf bytes.Buffer
	if err := write(&buf, sorted, opts); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// requireUTF8 refuses values of a format that is read as Unicode text, where other bytes would silently become U+FFFD.
func requireUTF8(format string, values []Value) error {
	for _, v := range values {
		if !utf8.ValidString(v.Value) {
			return &ValueError{format, v.Name, "bytes that are not UTF-8"}
		}
	}
	return nil
}
