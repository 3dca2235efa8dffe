package dockerconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{"auths": {"a": {"auth": "bWU6eA=="}}}`:                   "",
		"\ufeff{}":                                                 "1:1: a byte order mark",
		"{\n  \"experimental\": true}":                             "2:19: experimental is not a string: Docker 28",
		"{\n  \"features\": {\"buildkit\": true}}":                 "2:28: a value of features is not a string",
		`{"pruneFilters": ["x", 1]}`:                               "1:24: an element of pruneFilters is not a string",
		`{"pruneFilters": [1 , "x"]}`:                              "1:19: an element of pruneFilters is not a string",
		`{"pruneFilters": [ ], "cliPluginsExtraDirs": ["a" ,"b"]}`: "",
		"{\"HttpHeaders\": {\"X\": 1}}":                            "1:23: a value of HttpHeaders is not a string",
		"{\"auths\": {\n\t\"nvcr.io\": {\"auth\": \"#\"}}}":        `2:22: an "auth" that is not base64`,
	} {
		f, err := Parse("config.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		faults := f.Faults()
		switch {
		case want == "" && len(faults) > 0:
			t.Errorf("%s: %v", text, faults)
		case want != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "config.json:"+want)):
			t.Errorf("%s: %v, want %s", text, faults, want)
		case want != "" && faults[0].Hint() == "":
			t.Errorf("%s: no hint", text)
		}
	}
}

func TestDropBOM(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte("\ufeff{\"psFormat\": \"x\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Edit(path, func(f *File) error { f.DropBOM(); f.SetCredHelper("nvcr.io", "ngc"); return nil }); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), `{"psFormat": "x", "credHelpers": {`) {
		t.Errorf("%q, %v", data, err)
	}
}

func TestHint(t *testing.T) {
	dir := t.TempDir()
	plain, link, target := filepath.Join(dir, "a", "config.json"), filepath.Join(dir, "b", "config.json"), filepath.Join(dir, "dotfiles", "docker.json")
	for _, path := range []string{plain, link, target} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{plain, target} {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	// A directory that is a link, with a link to a file next to it.
	linkedDir, linked := filepath.Join(dir, "c"), filepath.Join(dir, "c", "config.json")
	sibling, other := filepath.Join(filepath.Dir(target), "config.json"), filepath.Join(filepath.Dir(plain), "other.json")
	for from, to := range map[string]string{linkedDir: filepath.Dir(plain), sibling: target, other: plain} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path string
		err  error
		want string
	}{
		{linked, &fs.PathError{Op: "open", Path: linked, Err: fs.ErrPermission}, `sudo chown "$(id -un)" ` + linkedDir},
		{linked, &fs.PathError{Op: "open", Path: linked, Err: syscall.EROFS}, "choose a directory that can be written: export DOCKER_CONFIG="},
		{plain, &fs.PathError{Op: "open", Path: filepath.Join(dir, "state", "undo.json"), Err: syscall.EROFS}, ""},
		{link, &fs.PathError{Op: "open", Path: filepath.Join(dir, "state", "undo.json"), Err: syscall.EROFS}, ""},
		{sibling, &fs.PathError{Op: "open", Path: sibling, Err: fs.ErrPermission}, "cp " + target + " " + sibling + ".new && "},
		{other, &fs.PathError{Op: "open", Path: other, Err: fs.ErrPermission}, "cp " + plain + " " + other + ".new && "},
		{plain, &fs.PathError{Op: "open", Path: plain, Err: fs.ErrPermission}, `sudo chown "$(id -un)" ` + filepath.Dir(plain)},
		{link, &fs.PathError{Op: "open", Path: link, Err: syscall.EROFS}, "cp " + target + " " + link + ".new && "},
		{link, &fs.PathError{Op: "open", Path: link, Err: fs.ErrPermission}, "cp " + target + " "},
		{plain, &os.LinkError{Op: "rename", Old: "x", New: plain, Err: syscall.EBUSY}, "mount " + filepath.Dir(plain) + " in place"},
		{plain, &SyntaxError{Path: plain, Line: 3}, "${EDITOR:-vi} +3 " + plain},
		{plain, errors.New("other"), ""},
	} {
		if got := Hint(c.path, c.err); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
