package podmanconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

// NamedError reports that the line cannot be added to the file that a variable names.
type NamedError struct {
	Variable, Path string
	Err            error
	Line           string // the line to add; "" if the file itself is missing
}

func (e *NamedError) Error() string {
	var pathError *fs.PathError
	err := e.Err
	if errors.As(err, &pathError) {
		err = pathError.Err // the message already has the path
	}
	return fmt.Sprintf("$%s: %s: %v", e.Variable, e.Path, err)
}

// Unwrap returns the cause.
func (e *NamedError) Unwrap() error { return e.Err }

// lineHead precedes the line that is added to a file. In TOML, a top-level setting must come before the
// first table.
const lineHead = "# The next line was added by ragenv docker configure --podman; ragenv docker unconfigure removes both.\n"

// NamedFile returns the file that $CONTAINERS_REGISTRIES_CONF names, and the text that Configure would add
// to its beginning, "" for none. Its errors are those of Configure.
func (p Place) NamedFile(helper string) (path, added string, err error) {
	line, err := p.planLine(helper)
	return p.Named, string(line), err
}

// planLine returns the text to add to the named file, nil for none.
func (p Place) planLine(helper string) ([]byte, error) {
	if p.Last != "" {
		helpers, err := read(p.Last)
		if err != nil {
			return nil, err
		}
		if helpers != nil && !slices.Contains(helpers, helper) {
			return nil, &OverriddenError{Path: p.Last, Newer: true}
		}
	}
	if p.Named == "" {
		return nil, nil
	}
	line := []byte(lineHead + setting([]string{helper, authFile}))
	if !filepath.IsAbs(p.Named) {
		return nil, &NamedError{EnvNamed, p.Named, errors.New("it is no absolute path"), ""}
	}
	if _, err := atomicfile.Read(p.Named); errors.Is(err, fs.ErrNotExist) {
		return nil, &NamedError{EnvNamed, p.Named, err, ""}
	}
	switch helpers, err := read(p.Named); {
	case err != nil:
		return nil, err
	case slices.Contains(helpers, helper):
		return nil, nil
	case helpers != nil:
		return nil, &OverriddenError{Path: p.Named}
	}
	return line, nil
}

// hasLine reports whether the named file already has our line, whose record may be lost.
func (p Place) hasLine() bool {
	if p.Named == "" {
		return false
	}
	text, err := atomicfile.Read(p.Named)
	return err == nil && bytes.Contains(text, []byte(lineHead))
}

func (p Place) addLine(helper string) (added bool, err error) {
	line, err := p.planLine(helper)
	if err != nil || line == nil {
		return false, err
	}
	old, err := atomicfile.Read(p.Named)
	if err != nil {
		return false, err
	}
	if err := atomicfile.Replace(p.Named, old, append(line, old...), 0o644); err != nil {
		return false, &NamedError{EnvNamed, p.Named, err, setting([]string{helper, authFile})}
	}
	return true, nil
}

// removeLine removes our line from a file. It does nothing if the line is absent. Error: ErrEdited if the
// line has changed.
func removeLine(path string) error {
	old, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	at := bytes.Index(old, []byte(lineHead))
	if at < 0 {
		return nil
	}
	rest := old[at+len(lineHead):]
	line, after, _ := bytes.Cut(rest, []byte("\n"))
	var document struct {
		Helpers []string `toml:"credential-helpers"`
	}
	if toml.Unmarshal(line, &document) != nil || len(document.Helpers) != 2 || string(line)+"\n" != setting(document.Helpers) {
		return fmt.Errorf("%s: %w", path, ErrEdited)
	}
	return atomicfile.Replace(path, old, slices.Concat(old[:at], after), 0o644)
}
