package dockerconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/trustedfile"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// undoFormat is the version of the record's JSON.
const undoFormat = 1

// Undo records what edits of one config.json replaced, so that they can be undone. It contains names of
// helpers and registries and parts of the layout, but never a secret: it cannot restore logins that
// ClearAuth removed.
type Undo struct {
	Format int        `json:"format"`
	Path   string     `json:"path"` // of config.json
	Edits  []UndoEdit `json:"edits"`
}

// UndoEdit records what one Save changed.
type UndoEdit struct {
	Steps       []step `json:"steps"`
	Length      int    `json:"length"` // of the file after the edit, in bytes
	CreatedFile bool   `json:"created_file,omitempty"`
	CreatedDir  bool   `json:"created_dir,omitempty"`
}

// step is one change of one setting. Without a Setting, it cannot be undone; a Server then names an entry
// that ClearAuth emptied.
type step struct {
	Setting string          `json:"setting,omitempty"`
	Server  string          `json:"server,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"` // a JSON string or null; absent if the setting was
	After   json.RawMessage `json:"after,omitempty"`
	Made    bool            `json:"made,omitempty"` // the step created the setting that contains Server
	// The bytes: New replaced Old at At.
	At  int    `json:"at"`
	Old string `json:"old"`
	New string `json:"new"`
}

// fileMade records what Revert found that edits created.
type fileMade struct{ dir bool }

// UndoFile returns the path, in dir, of the record for the config.json at path.
func UndoFile(dir, path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, "docker-config-"+hex.EncodeToString(sum[:8])+".json")
}

// Undo returns the record of the edits since Load or the last Save. Get and write it before Save; reverting
// an edit that was never saved changes nothing. Without edits the record is empty, and Add has no effect.
func (f *File) Undo() Undo {
	u := Undo{Format: undoFormat, Path: f.path}
	if len(f.steps) == 0 || !f.Changed() {
		return u
	}
	edit := UndoEdit{Steps: append([]step(nil), f.steps...), Length: len(f.text), CreatedFile: f.disk == nil}
	if edit.CreatedFile {
		_, err := os.Lstat(filepath.Dir(f.path))
		edit.CreatedDir = errors.Is(err, fs.ErrNotExist)
	}
	u.Edits = []UndoEdit{edit}
	return u
}

// Add appends the record of later edits of the same file.
func (u *Undo) Add(later Undo) { u.Edits = append(u.Edits, later.Edits...) }

// Cleared returns the servers whose logins ClearAuth removed, in the order of removal, by their names in
// auths.
func (u Undo) Cleared() []string {
	var servers []string
	for _, edit := range u.Edits {
		for _, s := range edit.Steps {
			if s.Setting == "" && s.Server != "" && !slices.Contains(servers, s.Server) {
				servers = append(servers, s.Server)
			}
		}
	}
	return servers
}

// LoadUndo reads a record. A missing file is an empty record. Errors: keychain.ErrInsecure for a file that
// another user can change, keychain.ErrNewerFormat, and an error for a file that is not a record.
func LoadUndo(path string) (Undo, error) {
	data, err := trustedfile.Read(path, atomicfile.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return Undo{Format: undoFormat}, nil
	}
	if err != nil {
		return Undo{}, err
	}
	var u Undo
	err = json.Unmarshal(data, &u)
	// Check the format first: a newer format may change the type of other members, which is an error, but
	// Unmarshal still decodes the rest.
	if u.Format > undoFormat {
		return Undo{}, fmt.Errorf("%w: %s has format %d, this program knows up to %d", keychain.ErrNewerFormat, path, u.Format, undoFormat)
	}
	if err != nil {
		return Undo{}, fmt.Errorf("%s: %w", path, err)
	}
	if u.Format < 1 {
		return Undo{}, fmt.Errorf("%s: not a record of edits", path)
	}
	for _, e := range u.Edits {
		for _, s := range e.Steps {
			for _, value := range []json.RawMessage{s.Before, s.After} {
				if value != nil && !isNull(value) && json.Unmarshal(value, new(string)) != nil {
					return Undo{}, fmt.Errorf("%s: not a record of edits", path)
				}
			}
			if s.Setting != "" && s.Setting != keyCredHelpers && s.Setting != keyCredsStore {
				return Undo{}, fmt.Errorf("%s: not a record of edits", path)
			}
		}
	}
	return u, nil
}

// Save writes the record to path and creates its directory (0700). An empty record removes the file.
func (u Undo) Save(path string) error {
	if len(u.Edits) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	u.Format = undoFormat
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false) // escaping would change the bytes of Before and After
	e.SetIndent("", "\t")
	if err := e.Encode(u); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, data.Bytes(), 0o600)
}

// Revert undoes the recorded edits, the last first. Where an edit's bytes are still in place, it restores
// the old bytes, so that a file that nobody else edited becomes what it was. Otherwise it restores each
// setting that still has the recorded value, and does not change one that was edited since. Save then
// removes a file, and its directory, that the edits created and that hold nothing else. Logins that
// ClearAuth removed are not restored.
func (f *File) Revert(u Undo) {
	for i := len(u.Edits) - 1; i >= 0; i-- {
		edit := u.Edits[i]
		if !f.revertBytes(edit) {
			for j := len(edit.Steps) - 1; j >= 0; j-- {
				f.revertStep(edit.Steps[j])
			}
		}
		if edit.CreatedFile && f.disk != nil && len(f.root.members) == 0 {
			f.remove, f.made = true, &fileMade{edit.CreatedDir}
		}
	}
}

// revertBytes reports whether it could restore the bytes.
func (f *File) revertBytes(edit UndoEdit) bool {
	if len(f.text) != edit.Length {
		return false
	}
	text := f.text
	for i := len(edit.Steps) - 1; i >= 0; i-- {
		s := edit.Steps[i]
		// An empty New matches everywhere.
		if s.Setting == "" || s.New == "" || s.At < 0 || s.At > len(text) || !bytes.HasPrefix(text[s.At:], []byte(s.New)) {
			return false
		}
		text = splice{s.At, len(s.New), s.Old}.apply(text)
	}
	next := &File{path: f.path}
	if next.setText(text) != nil {
		return false
	}
	// The first of several steps for a setting has its original value.
	seen := map[[2]string]bool{}
	for _, s := range edit.Steps {
		id := [2]string{s.Setting, s.Server}
		if !seen[id] && !bytes.Equal(next.get(s.Setting, s.Server), s.Before) {
			return false
		}
		seen[id] = true
	}
	f.text, f.root = next.text, next.root
	f.steps = append(f.steps, step{})
	return true
}

func (f *File) revertStep(s step) {
	if s.Setting == "" || !bytes.Equal(f.get(s.Setting, s.Server), s.After) {
		return
	}
	if s.Before == nil {
		f.drop(s.Setting, s.Server, s.Made)
		return
	}
	f.put(s.Setting, s.Server, string(s.Before))
}

// delete removes a file that an edit created, and its directory if an edit created it and it is empty.
func (f *File) delete() error {
	if err := atomicfile.Remove(f.path, f.disk); err != nil {
		return err
	}
	if f.made != nil && f.made.dir {
		os.Remove(filepath.Dir(f.path)) // fails unless it is empty
	}
	f.disk, f.text, f.root, f.steps, f.remove, f.made = nil, nil, object{open: -1}, nil, false, nil
	return nil
}
