package memfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// label is the name that /proc shows for the file.
const label = "ragenv"

// Descriptor numbers to use. bash keeps its own at 255 and below. Scripts use numbers below 10, or 200 as
// in flock(1). select(2) and the usual soft limit end at 1,024.
const (
	first    = 768
	fallback = 64 // for a lower limit
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

// memfd returns a new memory file that cannot be executed, since vm.memfd_noexec=2 refuses others. Kernels
// before 6.3 do not know the flag.
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

// keep returns a copy of the descriptor that survives execve.
func keep(fd uintptr) (int, error) {
	for _, from := range []int{first, fallback, 3} {
		kept, err := unix.FcntlInt(fd, unix.F_DUPFD, from)
		if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EMFILE) {
			return kept, err
		}
	}
	return 0, unix.EMFILE
}
