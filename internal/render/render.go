// Package render writes names and values in formats that other programs read: shells, Docker Compose,
// GitHub Actions, Kubernetes. Each format is exact: the reader gets every byte of every value, or the
// format refuses the value.
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

// Value is one variable. Its value may contain any bytes except NUL, which no environment can hold.
type Value struct{ Name, Value string }

// Options are extra settings for the kubernetes format. Other formats ignore them.
type Options struct {
	Namespaces  []string // write each Secret once per namespace; none leaves the namespace to kubectl
	Name        string   // the name of the Secret for values that the chart does not use; "" omits them
	HelmRelease string   // adds metadata, so that Helm adopts and keeps the Secrets for that release; "" for none
	Selected    bool     // values are a selection: skip Secrets that none of them belongs to
}

// Format writes values, which are valid and sorted by name. It is stateless.
type Format func(w *bytes.Buffer, values []Value, opts Options) error

// The names of formats that need more than their values.
const (
	GitHub     = "github"
	Kubernetes = "kubernetes"
)

var formats = map[string]Format{
	"docker":     docker,
	"dotenv":     dotenv,
	"fish":       fish,
	GitHub:       github,
	"json":       jsonObject,
	Kubernetes:   kubernetes,
	"powershell": powershell,
	"shell":      shell,
}

// ErrUnknownFormat means that no format has this name. See Names.
var ErrUnknownFormat = errors.New("unknown format")

// ValueError reports why a format cannot hold a value. It never shows the value.
type ValueError struct {
	Format string
	Name   string // the variable
	Reason string // what the value contains, such as "a NUL byte"
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s cannot hold %s: %s", e.Format, e.Name, e.Reason)
}

// NameError reports why a format cannot hold a variable with this name.
type NameError struct {
	Format string
	Name   string
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s cannot hold %+.64q: %s", e.Format, e.Name, e.Reason)
}

// OptionError reports which field of Options cannot be used.
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

// Render writes values to w in the named format, sorted by name, in one Write. The values may be in any
// order, but names must be unique. Errors before the Write, which leave w untouched: ErrUnknownFormat,
// *ValueError, *NameError, *OptionError.
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

// requireUTF8 refuses values that are not UTF-8, for formats read as Unicode text, where other bytes would
// become U+FFFD.
func requireUTF8(format string, values []Value) error {
	for _, v := range values {
		if !utf8.ValidString(v.Value) {
			return &ValueError{format, v.Name, "bytes that are not UTF-8"}
		}
	}
	return nil
}
