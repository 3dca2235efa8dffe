package rawfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

func TestReadsWhatIsThere(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 1 << 20} {
		path := filepath.Join(t.TempDir(), "file")
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Info()
		if err != nil || info.Size != int64(size) || !info.Mode.IsRegular() {
			t.Errorf("%+v, %v", info, err)
		}
		if err := iotest.TestReader(struct{ io.Reader }{f}, data); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("reading what is closed: %v", err)
		}
	}
}

func TestErrorsAreThoseOfPackageOS(t *testing.T) {
	dir := t.TempDir()
	absent := filepath.Join(dir, "absent")
	_, openErr := Open(absent, 0)
	_, statErr := Lstat(absent)
	for _, err := range []error{openErr, statErr} {
		var pathError *fs.PathError
		if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &pathError) || pathError.Path != absent {
			t.Errorf("%v", err)
		}
	}
	f, err := Open(dir, 0)
	if err != nil {
		return // Windows opens no directory
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 10)); err == nil {
		t.Error("a directory was read as a file")
	}
}
