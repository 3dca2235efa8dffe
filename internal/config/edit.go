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

// fileHead starts a config file that this program creates.
const fileHead = "# ragenv's configuration: see `ragenv config` and the manual page. It holds no secrets.\n"

// Pin writes a top-level string setting, such as KeyBackend, to the config file, keeps every other line,
// and applies the setting. Errors: ErrInvalid or keychain.ErrNewerFormat if the file cannot be read; it is
// then unchanged.
func (c *Config) Pin(key, value string) error {
	err := c.edit(pinning(key, value))
	if err != nil {
		return err
	}
	// The next command would reject the file if a directory above it belongs to another user, so check now.
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

// pinning returns the edit that Pin makes.
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

// SetUnused records in the config file whether the user does not use the key of that name. Errors: those of
// Pin.
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

// editing is an edit of the config file.
type editing struct {
	text   func(text string) string // makes the edit
	change func(doc *document)      // makes the same change to the parsed document
	byHand string                   // what the user must do if the text cannot be edited
}

// maxTries limits how often edit retries after another process has written the file.
const maxTries = 10

// edit changes the config file, and creates it if necessary.
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

// edited returns the text of a config file after an edit. Errors: keychain.ErrNewerFormat; ErrInvalid if
// the file cannot be read before or after the edit, or if the edit did not have exactly its intended
// effect, for example because a line is within a multi-line string.
func (c *Config) edited(text string, e editing) (string, error) {
	read := func(text string) (document, error) {
		doc, _, err := decode(text)
		if err != nil {
			return doc, c.invalid(err)
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
		return "", &FileError{Path: c.Paths.ConfigFile, Err: fmt.Errorf("it is written in a way that ragenv cannot edit: %s by hand", e.byHand)}
	}
	return next, nil
}

// setTopLevel sets a bare top-level key of a TOML document, in its own line if it has one, else before the
// first table. It replaces single-line values only, which these keys have.
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
