//go:build unix

package trustedfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/pkg/keychain"
	_ "github.com/ragenv/ragenv/test/umask"
)

const other = 1234

// TestGate changes one thing about HOME/.config/ragenv/file in each case and checks the verdict.
func TestGate(t *testing.T) {
	chmod := func(name string, mode os.FileMode) func(t *testing.T, home string) {
		return func(t *testing.T, home string) { must(t, os.Chmod(filepath.Join(home, name), mode)) }
	}
	chown := func(name string, uid, gid int) func(t *testing.T, home string) {
		return func(t *testing.T, home string) {
			if os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			must(t, os.Lchown(filepath.Join(home, name), uid, gid))
		}
	}
	const file = ".config/ragenv/file"
	for name, c := range map[string]struct {
		change func(t *testing.T, home string)
		want   string // in the error; "" means trusted
	}{
		"ours":                             {change: func(*testing.T, string) {}},
		"readable for all":                 {change: chmod(file, 0o644)},
		"writable for all":                 {change: chmod(file, 0o666), want: "mode 0666"},
		"of another user":                  {change: chown(file, other, other), want: "belongs to user 1234"},
		"a directory writable for all":     {change: chmod(".config", 0o777), want: "mode 0777"},
		"a sticky directory":               {change: chmod(".config", 0o777|os.ModeSticky)},
		"a directory of another user":      {change: chown(".config/ragenv", other, other), want: "belongs to user 1234"},
		"a home of another user":           {change: chown("", other, other), want: "belongs to user 1234"},
		"writable for the private group":   {change: chmod(".config", 0o775), want: privateGroup()},
		"writable for a group of others":   {change: func(t *testing.T, home string) { chown(file, 0, other)(t, home); chmod(file, 0o664)(t, home) }, want: "mode 0664"},
		"a link of ours to a file of ours": {change: link(file, "own")},
		"a link of ours to another user's": {change: func(t *testing.T, home string) { link(file, "own")(t, home); chown("own", other, other)(t, home) }, want: "belongs to user 1234"},
		"a link of another user":           {change: func(t *testing.T, home string) { link(file, "own")(t, home); chown(file, other, other)(t, home) }, want: "belongs to user 1234"},
		"a link through another's directory": {change: func(t *testing.T, home string) {
			must(t, os.Mkdir(filepath.Join(home, "d"), 0o700))
			link(file, "d/own")(t, home)
			chown("d", other, other)(t, home)
		}, want: "belongs to user 1234"},
		"a link in a circle": {change: link(file, ".config/ragenv/file"), want: "too many symbolic links"},
		"a FIFO": {change: func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, file)))
			must(t, syscall.Mkfifo(filepath.Join(home, file), 0o600))
		}, want: "is a named pipe"},
		"missing in an untrusted directory": {change: func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, file)))
			chmod(".config", 0o777)(t, home)
		}, want: "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			path := filepath.Join(home, file)
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.WriteFile(path, []byte("x"), 0o600))
			c.change(t, home)
			data, err := Read(path, 10)
			if c.want == "" {
				if err != nil || string(data) != "x" {
					t.Fatalf("%q, %v", data, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want an error that says %q", err, c.want)
			}
			var insecure *keychain.InsecureError
			isInsecure := errors.As(err, &insecure)
			if want := strings.Contains(c.want, "mode") || strings.Contains(c.want, "belongs"); isInsecure != want || want && strings.Contains(c.want, "mode") != (insecure.Mode&0o700 != 0) {
				t.Errorf("%#v", err)
			}
		})
	}
}

// privateGroup returns what TestGate expects if the number of this user's group differs from the user's.
func privateGroup() string {
	if os.Getegid() == os.Geteuid() {
		return ""
	}
	return "mode 0775"
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, make([]byte, 11), 0o600))
	if _, err := Read(path, 10); !errors.Is(err, readfile.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if data, err := Read(path, 11); err != nil || len(data) != 11 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "absent", "file"), 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// As many links as the kernel follows, and one more.
func TestAsManyLinksAsTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the limit is that of Linux")
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "0"), []byte("x"), 0o600))
	for i := range maxLinks + 1 {
		must(t, os.Symlink(strconv.Itoa(i), filepath.Join(dir, strconv.Itoa(i+1))))
	}
	for links, follows := range map[int]bool{maxLinks: true, maxLinks + 1: false} {
		path := filepath.Join(dir, strconv.Itoa(links))
		_, kernels := os.ReadFile(path)
		if _, err := Read(path, 10); (err == nil) != follows || (kernels == nil) != follows {
			t.Errorf("%d links: %v; the kernel: %v", links, err, kernels)
		}
	}
}

func link(name, target string) func(t *testing.T, home string) {
	return func(t *testing.T, home string) {
		must(t, os.Remove(filepath.Join(home, name)))
		if target != name {
			must(t, os.WriteFile(filepath.Join(home, target), []byte("x"), 0o600))
		}
		must(t, os.Symlink(filepath.Join(home, target), filepath.Join(home, name)))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
