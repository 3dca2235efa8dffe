package agestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockPatience is how long a writer waits for another writer.
const lockPatience = 10 * time.Second

// InsecureError names an unsafe path and the reason. It matches ErrInsecure.
type InsecureError struct {
	Path   string
	Reason string
	Mode   fs.FileMode // the permissions that would make it safe; 0 if none would
}

func (e *InsecureError) Error() string { return e.Path + " " + e.Reason }

// Unwrap returns ErrInsecure.
func (e *InsecureError) Unwrap() error { return ErrInsecure }

// checkDir returns *InsecureError if dir is a link, not a directory, or accessible to other users;
// fs.ErrNotExist if it is absent.
func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &InsecureError{Path: dir, Reason: "is not a directory (symbolic links are not followed here)"}
	}
	return checkAccess(dir, info, 0o700)
}

// makeDir ensures that dir is a directory with mode 0700, whatever the umask, and that it survives a crash.
func makeDir(dir string) error {
	err := checkDir(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := checkDir(dir); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return syncAbove(filepath.Dir(dir))
}

// syncAbove syncs the directories above dir, which may be new as well, up to the first one of another user.
func syncAbove(dir string) error {
	for {
		above := filepath.Dir(dir)
		info, err := os.Stat(above)
		if err != nil || above == dir || !ours(info) {
			return err
		}
		if err := syncDir(above); err != nil {
			return err
		}
		dir = above
	}
}

// readFile reads a regular file of at most limit bytes that only this user can access. Errors:
// fs.ErrNotExist, ErrInsecure, and ErrDamaged if it is longer.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := openNoFollow(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &InsecureError{Path: path, Reason: "is not a regular file"}
	}
	if err := checkAccess(path, info, 0o600); err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%w: %s is %d bytes long", ErrDamaged, path, info.Size())
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// checkpoint lets tests end the process at this point, as a crash would.
var checkpoint = func() {}

// writeFile replaces dir/name durably: after a crash at any point the file has the old or the new content.
// The caller holds the store's lock, so a fixed temporary name is safe and a stale file is replaced.
func writeFile(dir, name string, data []byte) (err error) {
	temp := filepath.Join(dir, tempName)
	if err := remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := openNoFollow(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = remove(temp)
		}
	}()
	checkpoint()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	checkpoint()
	if err := rename(temp, filepath.Join(dir, name)); err != nil {
		return err
	}
	checkpoint()
	return syncDir(dir)
}

func removeFile(dir, name string) error {
	if err := remove(filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

// lockFile takes an exclusive lock on path and returns a function that releases it. The kernel releases the
// lock if the process dies. Errors: ErrTimeout, ErrNoLocks, ErrInsecure.
func lockFile(path string) (unlock func(), err error) {
	f, err := openNoFollow(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for start, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		switch err := tryLock(f); {
		case err == nil && !stillAt(path, f):
			// The store was set aside together with this lock.
			_ = f.Close()
			if f, err = openNoFollow(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
				return nil, err
			}
			continue
		case err == nil:
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, errLockHeld):
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		case time.Since(start) > lockPatience:
			_ = f.Close()
			return nil, fmt.Errorf("%w: another process holds the lock %s", ErrTimeout, path)
		}
		time.Sleep(pause)
	}
}

// stillAt reports whether path still refers to the open file.
func stillAt(path string, f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}
