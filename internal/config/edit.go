package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

// fileHead begins a config file that this program creates.
const fileHead = "# ragenv's configuration: see `ragenv config` and the manual page. It holds no secrets.\n"

// Pin writes a top-level string setting, such as KeyBackend, into the config file, keeps every other line, and puts it into
// effect. Errors: ErrInvalid or keychain.ErrNewerFormat if the file cannot be read as it is; it is then left alone.
func (c *Config) Pin(key, value string) error {
	path := c.Paths.ConfigFile
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := c.pinOnce(key, value)
		if err == nil {
			break
		}
		if !errors.Is(err, atomicfile.ErrChanged) || try == maxTries {
			return err
		}
	}
	switch key {
	case KeyBackend:
		c.Backend = value
	case KeyProfile:
		c.Profile = value
	}
	c.Origins[key] = OriginFile
	return nil
}

// maxTries bounds how often Pin begins again because another process wrote the file meanwhile.
const maxTries = 10

func (c *Config) pinOnce(key, value string) error {
	if _, err := c.readText(); err != nil {
		return err
	}
	data, err := atomicfile.Read(c.Paths.ConfigFile)
	text := string(data)
	if errors.Is(err, fs.ErrNotExist) {
		data, text = nil, fileHead
	} else if err != nil {
		return err
	}
	next, err := c.edited(text, key, value)
	if err != nil {
		return err
	}
	return atomicfile.Replace(c.Paths.ConfigFile, data, []byte(next), 0o600)
}

// edited returns the text of a config file with a top-level string setting. Errors: ErrInvalid or keychain.ErrNewerFormat if
// the file cannot be read, before or after; ErrInvalid also where lines are not what they look like, as within a string of
// several lines, so that the setting is not set or another one changed.
func (c *Config) edited(text, key, value string) (string, error) {
	read := func(text string) (document, error) {
		doc, _, err := decode(text)
		if err != nil {
			return doc, fmt.Errorf("%w: %s%w", ErrInvalid, c.Paths.ConfigFile, err)
		}
		return doc, (&Config{Paths: c.Paths, Origins: map[string]Origin{}}).parse(text)
	}
	want, err := read(text)
	if err != nil {
		return "", err
	}
	switch key {
	case KeyBackend:
		want.Backend = &value
	case KeyProfile:
		want.Profile = &value
	}
	next := setTopLevel(text, key, value)
	got, err := read(next)
	if err != nil {
		return "", err
	}
	if !reflect.DeepEqual(got, want) {
		return "", fmt.Errorf("%w: %s is written in a way that ragenv cannot edit: set %s = %q by hand", ErrInvalid, c.Paths.ConfigFile, key, value)
	}
	return next, nil
}

// setTopLevel sets a bare top-level key of a TOML document to a string, in its line if it has one, else before the first
// table. Only single-line values are replaced, which is what these keys have.
func setTopLevel(text, key, value string) string {
	setting := fmt.Sprintf("%s = %q", key, value)
	lines := strings.SplitAfter(text, "\n")
	table := len(lines)
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			table = i
			break
		}
		name, rest, found := strings.Cut(trimmed, "=")
		if !found || strings.Trim(strings.TrimSpace(name), `"'`) != key {
			continue
		}
		if _, comment, found := strings.Cut(rest, " #"); found {
			setting += " #" + comment
		}
		lines[i] = setting + line[len(strings.TrimRight(line, "\r\n")):]
		return strings.Join(lines, "")
	}
	head := strings.Join(lines[:table], "")
	if head != "" && !strings.HasSuffix(head, "\n") {
		head += "\n"
	}
	return head + setting + "\n" + strings.Join(lines[table:], "")
}
