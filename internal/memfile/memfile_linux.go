package memfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// label is what /proc shows of the file.
const label = "ragenv"

// The numbers to take: bash keeps its own at 255 and below, scripts name those below 10, or 200 as flock(1) does, and
// select(2) ends at 1,024, as does the usual soft limit.
const (
	first    = 768
	fallback = 64 // under a limit that is lower
)

const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

func create(content []byte) (string, error) {
	fd, err := memfd()
	if err != nil {
		return "", err
	}
	file := os.NewFile(uintptr(fd), label)
	defer func() { _ = file.Close() }()
	if err := file.Chmod(0o400); err != nil {
		return "", fmt.Errorf("file in memory: %w", err)
	}
	if _, err := file.Write(content); err != nil {
		return "", fmt.Errorf("file in memory: %w", err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return "", fmt.Errorf("seal a file in memory: %w", err)
	}
	kept, err := keep(file.Fd())
	if err != nil {
		return "", fmt.Errorf("file in memory: %w", err)
	}
	path := fmt.Sprintf("/proc/self/fd/%d", kept)
	if _, err := os.Stat(path); err != nil {
		_ = unix.Close(kept)
		return "", ErrUnsupported
	}
	return path, nil
}

// memfd returns a new memory file that nobody can execute: vm.memfd_noexec=2 refuses others. Kernels before 6.3 do not know
// the flag.
func memfd() (int, error) {
	fd, err := unix.MemfdCreate(label, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(label, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	switch {
	case errors.Is(err, unix.ENOSYS):
		return 0, ErrUnsupported
	case err != nil:
		return 0, fmt.Errorf("file in memory: %w", err)
	}
	return fd, nil
}

// keep returns a copy of a descriptor that outlives execve.
func keep(fd uintptr) (int, error) {
	for _, from := range []int{first, fallback, 3} {
		kept, err := unix.FcntlInt(fd, unix.F_DUPFD, from)
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EMFILE) {
			return kept, err
		}
	}
	return 0, unix.EMFILE
}
