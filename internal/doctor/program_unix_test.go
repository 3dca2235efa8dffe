//go:build unix

package doctor

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUnsearchableDirectoryOnPath covers another user's directories on PATH, as after sudo and su: nothing
// is known about them.
func TestUnsearchableDirectoryOnPath(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may search every directory")
	}
	closed, open := filepath.Join(t.TempDir(), "closed"), t.TempDir()
	for _, dir := range []string{closed, open} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "program"), []byte("#!/bin/sh\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) })
	w := &World{Getenv: func(string) string { return closed + string(os.PathListSeparator) + open }}
	if path, notExecutable := w.lookPath("program"); path != "" || notExecutable != filepath.Join(open, "program") {
		t.Errorf("%q, %q; want the file that can be seen not to be executable", path, notExecutable)
	}
}
