package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// only fails the test unless dir contains exactly the named entries, so no temporary file is left.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("directory holds %q, want %q", got, names)
	}
}

func put(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, path, content string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != content {
		t.Errorf("%s holds %q, want %q", path, data, content)
	}
}

func TestWriteMakesAndReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	for _, content := range []string{"one", "", "three"} {
		if err := Write(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, path, content)
	}
	only(t, dir, "config")
}

func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	dir := t.TempDir()
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o644, 0o400} {
		old := filepath.Join(dir, fmt.Sprintf("old%o", mode))
		put(t, old, "x", mode)
		fresh := filepath.Join(dir, fmt.Sprintf("new%o", mode))
		for _, path := range []string{old, fresh} {
			perm := mode
			if path == old {
				perm = 0o666 // not used for an existing file
			}
			if err := Write(path, []byte("y"), perm); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != mode {
				t.Errorf("%s: mode %o, want %o", path, info.Mode().Perm(), mode)
			}
		}
	}
}

func TestLinkStays(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "real", "target")
	put(t, target, "old", 0o600)
	for _, link := range [][2]string{
		{"real/target", "first"}, {"first", "second"}, {target, "absolute"}, {"real/deep", "aside"}, {"aside/../target", "dotdot"},
	} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for _, name := range []string{"first", "second", "absolute", "dotdot"} {
		path := filepath.Join(dir, name)
		before, err := os.Readlink(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(path, []byte(name), 0o600); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want(t, target, name)
		if after, err := os.Readlink(path); err != nil || after != before {
			t.Errorf("%s leads to %q (%v), want %q", name, after, err, before)
		}
		if err := Replace(path, []byte(name), []byte("again"), 0o600); err != nil {
			t.Errorf("%s: Replace: %v", name, err)
		}
	}
	only(t, filepath.Join(dir, "real"), "deep", "target")
}

func TestRefusedTargets(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{"directory": "is a directory"}
	for name, to := range map[string]string{"dangling": "absent", "nowhere": "no/such/dir", "loop": "loop", "todir": "directory", "dot": "."} {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	reasons["dangling"] = "does not exist"
	reasons["nowhere"] = "does not exist"
	reasons["loop"] = "too many"
	reasons["todir"] = "is a directory"
	reasons["dot"] = "to a directory"
	if err := mkfifo(at("fifo")); err == nil {
		reasons["fifo"] = "is a named pipe"
	}
	for name, reason := range reasons {
		_, readErr := Read(at(name))
		for op, err := range map[string]error{
			"Read":    readErr,
			"Write":   Write(at(name), []byte("x"), 0o600),
			"Replace": Replace(at(name), nil, []byte("x"), 0o600),
			"Remove":  Remove(at(name), []byte("x")),
		} {
			var bad *TargetError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s %s: %v, want a TargetError with %q", op, name, err, reason)
			}
		}
	}
	for name := range reasons {
		if _, err := os.Lstat(at(name)); err != nil {
			t.Error(err)
		}
	}
}

func TestFailureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	put(t, path, "mine", 0o600)
	failure := errors.New("no room")
	_, info, err := resolve(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(path, info, []byte("x"), 0o600, func(string) error { return failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
	want(t, path, "mine")
	only(t, dir, "config")
}

func TestReplaceNoticesChanges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := Replace(path, []byte{}, []byte("x"), 0o600); !errors.Is(err, ErrChanged) {
		t.Errorf("gone: %v", err)
	}
	if err := Replace(path, nil, []byte("made"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, nil, []byte("x"), 0o600); !errors.Is(err, ErrChanged) {
		t.Errorf("appeared: %v", err)
	}
	put(t, path, "Docker", 0o600)
	if err := Replace(path, []byte("made"), []byte("x"), 0o600); !errors.Is(err, ErrChanged) {
		t.Errorf("edited: %v", err)
	}
	if err := Remove(path, []byte("made")); !errors.Is(err, ErrChanged) {
		t.Errorf("Remove: %v", err)
	}
	want(t, path, "Docker")
	// Changed between the first comparison and the rename.
	err := guarded(path, []byte("Docker"), func(_ string, _ fs.FileInfo, unchanged func() error) error {
		put(t, path, "again", 0o600)
		return unchanged()
	})
	if !errors.Is(err, ErrChanged) {
		t.Errorf("edited late: %v", err)
	}
	if err := create(path, path); !errors.Is(err, ErrChanged) {
		t.Errorf("created late: %v", err)
	}
	if err := Remove(path, []byte("again")); err != nil {
		t.Error(err)
	}
	only(t, dir)
}

func TestReplaceConcurrently(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no directory locks on Windows")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "count")
	put(t, path, "", 0o600)
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				old, err := Read(path)
				if err != nil {
					t.Error(err)
					return
				}
				switch err := Replace(path, old, append(old[:len(old):len(old)], '.'), 0o600); {
				case err == nil:
					done++
				case !errors.Is(err, ErrChanged):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	want(t, path, strings.Repeat(".", writers*each))
	only(t, dir, "count")
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * tempMaxAge)
	for _, name := range []string{".a.tmp-1", ".a.tmp-", ".a.tmp-1x", ".b.tmp-1"} {
		put(t, filepath.Join(dir, name), "", 0o600)
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, ".a.tmp-2"), "", 0o600) // of another writer, in progress
	if err := Write(filepath.Join(dir, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	only(t, dir, ".a.tmp-", ".a.tmp-1x", ".a.tmp-2", ".b.tmp-1", "a")
}

func TestTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	put(t, path, strings.Repeat(" ", MaxSize+1), 0o600)
	var bad *TargetError
	if _, err := Read(path); !errors.As(err, &bad) {
		t.Error(err)
	}
}

// Another program writes after the comparison, just before the exchange.
func TestSwapPutsBackWhatCameBetween(t *testing.T) {
	dir := t.TempDir()
	target, temp := filepath.Join(dir, "config"), filepath.Join(dir, "temp")
	put(t, temp, "ours", 0o600)
	put(t, target, "Docker's", 0o600)
	if err := exchange(temp, target); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("files cannot change places here")
	} else if err != nil {
		t.Fatal(err)
	}
	want(t, target, "ours")
	if err := exchange(temp, target); err != nil {
		t.Fatal(err)
	}
	info := func(path string) fs.FileInfo {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	for _, read := range []struct {
		file fs.FileInfo
		held string
	}{{info(target), "what was read"}, {info(temp), "Docker's"}} {
		if err := swap(temp, target, []byte(read.held), read.file); !errors.Is(err, ErrChanged) {
			t.Errorf("%v, want ErrChanged", err)
		}
		want(t, target, "Docker's")
		want(t, temp, "ours")
	}
	if err := swap(temp, target, []byte("Docker's"), info(target)); err != nil {
		t.Error(err)
	}
	want(t, target, "ours")
	only(t, dir, "config")
	put(t, temp, "ours", 0o600)
	before := info(target)
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	if err := swap(temp, target, []byte("ours"), before); !errors.Is(err, ErrChanged) {
		t.Errorf("removed meanwhile: %v, want ErrChanged", err)
	}
}
