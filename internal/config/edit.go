package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/tomlquote"
	"github.com/ragenv/ragenv/internal/trustedfile"
)

// fileHead begins a config file that this program creates.
const fileHead = "# ragenv's configuration: see `ragenv config` and the manual page. It holds no secrets.\n"

// Pin writes a top-level string setting, such as KeyBackend, into the config file, keeps every other line, and puts it into
// effect. Errors: ErrInvalid or keychain.ErrNewerFormat if the file cannot be read as it is; it is then left alone.
func (c *Config) Pin(key, value string) error {
	err := c.edit(pinning(key, value))
	if err != nil {
		return err
	}
	// Below a directory of another user the next command would refuse the file: better said now.
	if _, err := trustedfile.Read(c.Paths.ConfigFile, atomicfile.MaxSize); err != nil {
		return err
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

// pinning is the change that Pin makes.
func pinning(key, value string) editing {
	return editing{
		byHand: fmt.Sprintf("set %s = %q", key, value),
		change: func(doc *document) {
			switch key {
			case KeyBackend:
				doc.Backend = &value
			case KeyProfile:
				doc.Profile = &value
			}
		},
		text: func(text string) string { return setTopLevel(text, key, tomlquote.String(value)) },
	}
}

// SetUnused writes into the config file that the user does not use the key of that name, or does. Errors: as Pin.
func (c *Config) SetUnused(name string, unused bool) error {
	if slices.Contains(c.Unused, name) == unused {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(c.Unused), func(other string) bool { return other == name })
	if unused {
		names = append(names, name)
	}
	if names == nil {
		names = []string{}
	}
	value := tomlquote.Array(names)
	err := c.edit(editing{
		byHand: fmt.Sprintf("set %s = %s", KeyUnused, value),
		change: func(doc *document) { doc.Unused = names },
		text:   func(text string) string { return setTopLevel(text, KeyUnused, value) },
	})
	if err != nil {
		return err
	}
	c.Unused, c.Origins[KeyUnused] = names, OriginFile
	return nil
}

// editing is one change of the config file.
type editing struct {
	text   func(text string) string // makes it
	change func(doc *document)      // says what it is to mean
	byHand string                   // what a user does where the text cannot be edited
}

// maxTries bounds how often edit begins again because another process wrote the file meanwhile.
const maxTries = 10

// edit changes the config file, which it creates if there is none.
func (c *Config) edit(e editing) error {
	if err := os.MkdirAll(filepath.Dir(c.Paths.ConfigFile), 0o700); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := c.editOnce(e)
		if !errors.Is(err, atomicfile.ErrChanged) || try == maxTries {
			return err
		}
	}
}

func (c *Config) editOnce(e editing) error {
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
	next, err := c.edited(text, e)
	if err != nil {
		return err
	}
	return atomicfile.Replace(c.Paths.ConfigFile, data, []byte(next), 0o600)
}

// edited returns the text of a config file with a change. Errors: ErrInvalid or keychain.ErrNewerFormat if the file cannot be
// read, before or after; ErrInvalid also where lines are not what they look like, as within a string of several lines, so that
// the change is not made or another setting changed.
func (c *Config) edited(text string, e editing) (string, error) {
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
	e.change(&want)
	next := e.text(text)
	got, err := read(next)
	if err != nil {
		return "", err
	}
	if !reflect.DeepEqual(got, want) {
		return "", fmt.Errorf("%w: %s is written in a way that ragenv cannot edit: %s by hand", ErrInvalid, c.Paths.ConfigFile, e.byHand)
	}
	return next, nil
}

// setTopLevel sets a bare top-level key of a TOML document to a value, in its line if it has one, else before the first
// table. Only single-line values are replaced, which is what these keys have.
func setTopLevel(text, key, value string) string {
	setting := key + " = " + value
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
