package doctor

import (
	"os"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// memoryLimitFiles are where a container sees its own memory limit: cgroup v2 and v1.
var memoryLimitFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// unlockOverhead is the memory an unlock takes in addition to scrypt's, in MiB.
const unlockOverhead = 44

// unlockMemory returns the memory that an unlock takes and the container's limit, in MiB. enough is true if
// there is no limit.
func (w *World) unlockMemory(k *keychain.Keychain) (needs, limit int64, enough bool) {
	factor, err := k.WorkFactor()
	if err != nil {
		return 0, 0, true // another check reports the store's error
	}
	files := memoryLimitFiles
	if w.memoryLimits != nil {
		files = w.memoryLimits
	}
	needs = int64(1)<<factor>>10 + unlockOverhead
	limit, limited := memoryLimit(files)
	return needs, limit, !limited || limit >= needs
}

// checkUnlockMemory finds a container that is too small for an unlock: the kernel would kill the program
// silently.
func (w *World) checkUnlockMemory(f *findings, k *keychain.Keychain) {
	if needs, limit, enough := w.unlockMemory(k); !enough {
		f.add(Warning, "allow this container "+strconv.FormatInt(needs, 10)+" MiB, or create a keychain that needs less: ragenv setup --work-factor 15",
			"unlocking takes %d MiB of memory, and this container may use %d MiB: the kernel kills what needs more", needs-unlockOverhead, limit)
	}
}

// memoryLimit returns a container's limit in MiB, and whether it has one.
func memoryLimit(files []string) (int64, bool) {
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// No limit is "max" in v2 and about 2^63 in v1.
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		return limit >> 20, err == nil && limit < 1<<60
	}
	return 0, false
}
