//go:build unix

package agestore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestModesWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o077} {
		former := syscall.Umask(umask)
		s, opts := create(t, "")
		set(t, s, "k", newKey(t))
		syscall.Umask(former)
		for path, want := range map[string]os.FileMode{
			"": 0o700, itemsName: 0o700, identityName: 0o600, manifestName: 0o600, lockName: 0o600, filepath.Join(itemsName, "k.age"): 0o600,
		} {
			info, err := os.Lstat(filepath.Join(opts.Dir, path))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("umask %03o: %q has mode %04o, want %04o", umask, path, got, want)
			}
		}
	}
}

func TestOpenToOthersIsRefused(t *testing.T) {
	for _, path := range []string{"", manifestName, identityName, filepath.Join(itemsName, "k.age")} {
		for _, mode := range []os.FileMode{0o040, 0o004, 0o020} {
			s, opts := create(t, "")
			set(t, s, "k", newKey(t))
			full := filepath.Join(opts.Dir, path)
			info, err := os.Lstat(full)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(full, info.Mode().Perm()|mode); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(opts); err == nil {
				_, err = s.Get("k")
			}
			wantError(t, err, ErrInsecure)
			if err := os.Chmod(full, info.Mode().Perm()); err != nil {
				t.Fatal(err)
			}
			if _, err := reopen(t, opts).Get("k"); err != nil {
				t.Fatalf("after mending %q: %v", path, err)
			}
		}
	}
}

func TestLinksAndOddFilesAreRefused(t *testing.T) {
	replace := map[string]func(path, target string) error{
		"symbolic link": func(path, target string) error { return os.Symlink(target, path) },
		"FIFO":          func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
		"directory":     func(path, _ string) error { return os.Mkdir(path, 0o700) },
	}
	for kind, place := range replace {
		for _, path := range []string{manifestName, identityName, filepath.Join(itemsName, "k.age")} {
			s, opts := create(t, "")
			set(t, s, "k", newKey(t))
			full, moved := filepath.Join(opts.Dir, path), filepath.Join(opts.Dir, "moved")
			if err := os.Rename(full, moved); err != nil {
				t.Fatal(err)
			}
			if err := place(full, moved); err != nil {
				t.Fatal(err)
			}
			s, err := Open(opts)
			if err == nil {
				_, err = s.Get("k")
			}
			if !errors.Is(err, ErrInsecure) {
				t.Errorf("%s in place of %s: %v, want ErrInsecure", kind, path, err)
			}
		}
	}
	_, opts := create(t, "")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(opts.Dir, link); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Options{Dir: link})
	wantError(t, err, ErrInsecure)
}

func TestWriteDoesNotFollowALink(t *testing.T) {
	s, opts := create(t, "")
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("intact"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"k.age", tempName} {
		if err := os.Symlink(victim, filepath.Join(opts.Dir, itemsName, name)); err != nil {
			t.Fatal(err)
		}
	}
	value := newKey(t)
	set(t, s, "k", value)
	wantData(t, s, "k", value)
	if data, err := os.ReadFile(victim); err != nil || string(data) != "intact" {
		t.Fatalf("the link's target was written to (%v)", err)
	}
}

func TestForeignOwnerIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for _, path := range []string{"", manifestName, identityName, filepath.Join(itemsName, "k.age")} {
		s, opts := create(t, "")
		set(t, s, "k", newKey(t))
		if err := os.Chown(filepath.Join(opts.Dir, path), 12345, -1); err != nil {
			t.Fatal(err)
		}
		s, err := Open(opts)
		if err == nil {
			_, err = s.Get("k")
		}
		wantError(t, err, ErrInsecure)
	}
}
