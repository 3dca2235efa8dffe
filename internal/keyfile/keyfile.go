// Package keyfile renders a secret as a file in the format that another program reads.
package keyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/secrets"
)

// Raw is the format of the value alone, byte for byte.
const Raw = "raw"

// Key is a secret and what else its file may contain.
type Key struct {
	Name, Value string
	// Repositories is Helm's current repositories.yaml, which the helm-repositories format adds to. It is
	// nil if there is none.
	Repositories []byte
}

// ErrUnknownFormat means that no format has this name. See Formats.
var ErrUnknownFormat = errors.New("unknown format")

// Error reports that a key cannot be written in a format. It never shows the value.
type Error struct {
	Name, Format string
	Reason       string
	Err          error // the parse error of Repositories, or nil
}

func (e *Error) Error() string { return fmt.Sprintf("%s as %s: %s", e.Name, e.Format, e.Reason) }

// Unwrap returns the parse error of Repositories, or nil.
func (e *Error) Unwrap() error { return e.Err }

var formats = map[string]func(Key) ([]byte, error){
	Raw:                 func(k Key) ([]byte, error) { return []byte(k.Value), nil },
	"docker-config":     dockerConfig,
	"dotenv":            dotenv,
	"helm-repositories": helmRepositories,
	"netrc":             netrc,
}

// Formats returns the names of all formats, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Render returns the content of the file. Errors: ErrUnknownFormat, *Error.
func Render(format string, key Key) ([]byte, error) {
	write, ok := formats[format]
	if !ok {
		return nil, fmt.Errorf("%w: %+.40q: one of %s", ErrUnknownFormat, format, strings.Join(Formats(), ", "))
	}
	return write(key)
}

// dotenv renders NAME=VALUE, for docker run --env-file and Compose.
func dotenv(k Key) ([]byte, error) {
	var b strings.Builder
	err := render.Render(&b, "dotenv", []render.Value{{Name: k.Name, Value: k.Value}}, render.Options{})
	var value *render.ValueError
	if errors.As(err, &value) {
		return nil, &Error{Name: k.Name, Format: "dotenv", Reason: "it has " + value.Reason}
	}
	return []byte(b.String()), err
}

// dockerConfig renders Docker's config.json with the logins of the key. It suits a
// kubernetes.io/dockerconfigjson Secret and --authfile of Podman, Buildah and Skopeo.
func dockerConfig(k Key) ([]byte, error) {
	of, err := login(k, "docker-config")
	if err != nil {
		return nil, err
	}
	type auth struct {
		Auth []byte `json:"auth"` // base64 of user:password
	}
	auths := map[string]auth{}
	for _, registry := range of.Registries {
		auths[registry] = auth{[]byte(of.Username + ":" + k.Value)}
	}
	return json.Marshal(map[string]any{"auths": auths})
}

// netrc renders a file for curl --netrc-file and others (curl's documentation, "netrc"). Words end at white
// space, and readers disagree on quotes and backslashes.
func netrc(k Key) ([]byte, error) {
	of, err := login(k, "netrc")
	if err != nil {
		return nil, err
	}
	for i := range len(k.Value) {
		if c := k.Value[i]; c <= ' ' || c > '~' || strings.IndexByte(`"\#`, c) >= 0 {
			return nil, &Error{Name: k.Name, Format: "netrc", Reason: "its value has white space, quotes or other bytes that readers of netrc files take apart"}
		}
	}
	var b strings.Builder
	for _, host := range append(slices.Clone(of.Registries), of.ChartHost) {
		if host != "" {
			fmt.Fprintf(&b, "machine %s\nlogin %s\npassword %s\n", host, of.Username, k.Value)
		}
	}
	return []byte(b.String()), nil
}

// login returns the table entry of a key that is a registry login.
func login(k Key, format string) (secrets.Secret, error) {
	of, ok := secrets.Lookup(k.Name)
	if !ok || len(of.Registries) == 0 {
		return of, &Error{Name: k.Name, Format: format, Reason: "it is no login of a registry, as " + secrets.NGCAPIKey + " is"}
	}
	return of, nil
}
