package gitindex

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func write(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAsGit compares with "git ls-files", for each format that git writes.
func TestAsGit(t *testing.T) {
	for name, c := range map[string]struct {
		create []string
		before func(t *testing.T, dir string)
	}{
		"version 2": {create: []string{"init", "-q"}},
		"version 3": {create: []string{"init", "-q"}, before: func(t *testing.T, dir string) { scripttest.Git(t, dir, "add", "-N", "deploy/x.env") }},
		"version 4": {create: []string{"init", "-q"}, before: func(t *testing.T, dir string) { scripttest.Git(t, dir, "update-index", "--index-version", "4") }},
		"SHA-256":   {create: []string{"init", "-q", "--object-format=sha256"}},
		"unhashed":  {create: []string{"init", "-q"}, before: func(t *testing.T, dir string) { scripttest.Git(t, dir, "config", "index.skipHash", "true") }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			scripttest.Git(t, dir, c.create...)
			write(t, dir, ".env", "a", "deploy/.env", "deploy/a.env", "deploy/x.env", "deploy/new.env", "z")
			if c.before != nil {
				c.before(t, dir)
			}
			scripttest.Git(t, dir, "add", ".env", "a", "deploy/.env", "deploy/a.env", "z")
			below := filepath.Join(dir, "deploy")
			names := []string{".env", "a.env", "x.env", "new.env", "absent.env"}
			want := strings.Fields(scripttest.Git(t, below, append([]string{"ls-files", "--"}, names...)...))
			got, err := Tracked(below, names)
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) || len(want) < 2 {
				t.Errorf("%q, %v; git says %q", got, err, want)
			}
			scripttest.Git(t, dir, "commit", "-q", "-m", "x")
			tree := filepath.Join(t.TempDir(), "tree")
			scripttest.Git(t, dir, "worktree", "add", "-q", tree)
			if got, err := Tracked(tree, []string{".env", "b"}); err != nil || !slices.Equal(got, []string{".env"}) {
				t.Errorf("in a worktree: %q, %v", got, err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	dir := t.TempDir()
	if _, err := Tracked(dir, []string{".env"}); !errors.Is(err, ErrNoRepository) {
		t.Errorf("without a repository: %v", err)
	}
	scripttest.Git(t, dir, "init", "-q")
	if got, err := Tracked(dir, []string{".env"}); err != nil || len(got) > 0 {
		t.Errorf("before the first add: %q, %v", got, err)
	}
	write(t, dir, "in/a", "out/deep/.env", ".env")
	scripttest.Git(t, dir, "add", ".")
	scripttest.Git(t, dir, "commit", "-q", "-m", "x")
	scripttest.Git(t, dir, "sparse-checkout", "set", "--cone", "--sparse-index", "in")
	if got, err := Tracked(dir, []string{".env"}); err != nil || !slices.Equal(got, []string{".env"}) {
		t.Errorf("sparse, outside of what is folded: %q, %v", got, err)
	}
	if got, err := Tracked(filepath.Join(dir, "out", "deep"), []string{".env"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("sparse, in what is folded: %q, %v", got, err)
	}
	scripttest.Git(t, dir, "sparse-checkout", "disable")
	scripttest.Git(t, dir, "update-index", "--split-index")
	if _, err := Tracked(dir, []string{".env"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("split: %v", err)
	}
	write(t, dir, ".git/index")
	if _, err := Tracked(dir, []string{".env"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("damaged: %v", err)
	}
}

// A .git that leads nowhere is no repository for git, which continues in the parent directory.
func TestLinkToNowhere(t *testing.T) {
	top := t.TempDir()
	below := filepath.Join(top, "below")
	write(t, below, ".env")
	if err := os.Symlink(filepath.Join(top, "unmounted"), filepath.Join(below, ".git")); err != nil {
		t.Skip(err)
	}
	if _, err := Tracked(below, []string{".env"}); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNoRepository) {
		t.Errorf("alone: %v", err)
	}
	scripttest.Git(t, top, "init", "-q")
	scripttest.Git(t, top, "add", "below/.env")
	want := strings.Fields(scripttest.Git(t, below, "ls-files"))
	if got, err := Tracked(below, []string{".env"}); err != nil || !slices.Equal(got, want) {
		t.Errorf("below a repository: %q, %v; git says %q", got, err, want)
	}
}

// During a merge, a path has an entry for each side. In version 4, all of them after the first add no bytes
// to the path.
func TestWhileMerging(t *testing.T) {
	for _, version := range []string{"2", "4"} {
		dir := t.TempDir()
		commit := func(content string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			scripttest.Git(t, dir, "add", ".env")
			scripttest.Git(t, dir, "commit", "-q", "-m", "x")
		}
		scripttest.Git(t, dir, "init", "-q")
		commit("A=1\n")
		scripttest.Git(t, dir, "branch", "theirs")
		commit("A=2\n")
		scripttest.Git(t, dir, "checkout", "-q", "theirs")
		commit("A=3\n")
		scripttest.Git(t, dir, "read-tree", "-m", "HEAD~1", "HEAD", "@{-1}")
		scripttest.Git(t, dir, "update-index", "--index-version", version)
		if entries := strings.Count(scripttest.Git(t, dir, "ls-files", "--stage"), "\n"); entries != 3 {
			t.Fatalf("%d entries, want those of a conflict", entries)
		}
		if got, err := Tracked(dir, []string{".env", "b"}); err != nil || !slices.Equal(got, []string{".env"}) {
			t.Errorf("version %s: %q, %v", version, got, err)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00" + strings.Repeat("\x00", 20)))
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x01" + strings.Repeat("\x00", 62) + "\x00.env\x00" + strings.Repeat("\x00", 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		size := 0
		if err := parse(data, 20, func(path []byte, _ bool) { size += len(path) }); err != nil && !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	})
}

// index returns an index of version 2 or 4 with entries for these paths, and extensions. In version 4, each
// path is written whole: it drops the entire previous path.
func index(version byte, extensions string, paths ...string) []byte {
	data := append([]byte("DIRC\x00\x00\x00"), version, 0, 0, 0, byte(len(paths)))
	previous := 0
	for _, path := range paths {
		start := len(data)
		data = append(data, make([]byte, 62)...)
		if version == 4 {
			drop := []byte{byte(previous & 0x7f)}
			for n := previous >> 7; n > 0; n >>= 7 {
				n--
				drop = append([]byte{0x80 | byte(n&0x7f)}, drop...)
			}
			data = append(data, drop...)
			previous = len(path)
		}
		data = append(append(data, path...), 0)
		for version < 4 && (len(data)-start)%8 != 0 {
			data = append(data, 0)
		}
	}
	return append(append(data, extensions...), make([]byte, 20)...)
}

// Offsets of two and three bytes, a path of the maximum length and one byte more, and no entries at all.
func TestLimits(t *testing.T) {
	long, longest := strings.Repeat("d/", 200)+"a", strings.Repeat("d/", 2047)+"ab"
	for _, test := range []struct {
		doc   string
		data  []byte
		paths []string
	}{
		{"no entries", index(2, ""), nil},
		{"version 2", index(2, "", "a", longest), []string{"a", longest}},
		{"version 4", index(4, "", long, "b", longest, "c"), []string{long, "b", longest, "c"}},
		{"a path that is too long", index(2, "", longest+"x"), nil},
		{"an extension", index(2, "TREE\x00\x00\x00\x02ab", "a"), []string{"a"}},
	} {
		wanted := map[string]string{}
		for _, path := range test.paths {
			wanted[path] = path
		}
		got, err := among(test.data, 20, wanted)
		if tooLong := strings.Contains(test.doc, "too long"); (err != nil) != tooLong || !tooLong && !slices.Equal(got, test.paths) {
			t.Errorf("%s: %d of %d paths, %v", test.doc, len(got), len(test.paths), err)
		}
	}
	if longest += "x"; len(longest) != maxPath+1 {
		t.Fatalf("the longest path has %d bytes", len(longest)-1)
	}
	// The part kept from the previous path counts too.
	kept := index(4, "", strings.Repeat("a", maxPath))
	kept = kept[:len(kept)-20]
	kept[11] = 2
	kept = append(append(append(kept, make([]byte, 62)...), "\x00x\x00"...), make([]byte, 20)...)
	if _, err := among(kept, 20, nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("a long path in two parts: %v", err)
	}
}

// A truncated file is an error. It must not look as if it tracked fewer files.
func TestCutShort(t *testing.T) {
	for _, version := range []byte{2, 4} {
		whole := index(version, "TREE\x00\x00\x00\x02ab", "a/b", "a/c")
		for n := range whole {
			if _, err := among(whole[:n], 20, nil); !errors.Is(err, ErrUnknown) && n != len(whole)-len("TREE....ab") {
				t.Errorf("version %d, %d of %d bytes: %v", version, n, len(whole), err)
			}
		}
	}
}
