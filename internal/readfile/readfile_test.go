package readfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, size := range []int{0, 1, 511, 512, 4096} {
		data := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, 0, int64(size)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
		if size > 0 {
			if _, err := Read(path, 0, int64(size-1)); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%d bytes, one more than the limit: %v", size, err)
			}
		}
	}
	if _, err := Read(filepath.Join(dir, "absent"), 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, _, err := Open(dir, 0); err == nil {
		t.Error("a directory was opened")
	}
}
