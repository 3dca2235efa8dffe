package stampede

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

const passphrase = "horse battery"

// envNoKeyring makes this test binary run its arguments as a program without access to the kernel keyring.
const envNoKeyring = "RAGENV_TEST_WITHOUT_KEYRING"

func TestMain(m *testing.M) {
	if os.Getenv(envNoKeyring) != "" {
		fmt.Fprintln(os.Stderr, withoutKeyring(os.Args[1:]))
		os.Exit(1)
	}
	scripttest.Clean(m)
}

// withoutKeyring replaces this process with a program whose kernel keyring calls fail with EPERM, as under
// Docker's default seccomp profile. It returns only on failure.
func withoutKeyring(command []string) error {
	runtime.LockOSThread()                                                             // the filter belongs to the thread and survives execve
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the system call number
	for _, call := range []uint32{unix.SYS_ADD_KEY, unix.SYS_KEYCTL, unix.SYS_REQUEST_KEY} {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: call},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	return unix.Exec(command[0], command, slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, envNoKeyring+"=") }))
}

// home has a protected store with one key, and a file with its passphrase.
type home struct {
	env        []string
	key, store string
	keychain   *keychain.Keychain
}

// newHome creates a home. Its work factor is lower than the default to save time, but high enough to
// measure.
func newHome(t *testing.T) home {
	t.Helper()
	return newHomeOf(t, 16)
}

func newHomeOf(t *testing.T, workFactor int) home {
	t.Helper()
	dir := t.TempDir()
	env, err := scripttest.Environ(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "passphrase")
	h := home{store: filepath.Join(dir, "home", ".local", "share", "ragenv"), key: scripttest.NewKey()}
	h.env = append(env, "PATH="+os.Getenv("PATH"), "RAGENV_PASSPHRASE_FILE="+file)
	if err := os.WriteFile(file, []byte(passphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := keychain.Options{Backend: keychain.BackendFile, Dir: h.store}
	h.keychain, err = keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: workFactor})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.lock(t) })
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := h.keychain.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(h.key)}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h home) lock(t *testing.T) {
	t.Helper()
	if err := h.keychain.Lock(); err != nil {
		t.Error(err)
	}
}

// get returns a get of the helper.
func (h home) get(t *testing.T, keyring bool) *exec.Cmd {
	t.Helper()
	cmd := h.command(t, keyring, scripttest.Helper, "get")
	cmd.Stdin = strings.NewReader("nvcr.io")
	return cmd
}

// command returns a command that runs one of the programs.
func (h home) command(t *testing.T, keyring bool, program string, args ...string) *exec.Cmd {
	t.Helper()
	command, env := append([]string{scripttest.Binary(t, program)}, args...), h.env
	if !keyring {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		command, env = append([]string{self}, command...), append(slices.Clone(env), envNoKeyring+"=1")
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env
	return cmd
}

// TestNoHintAtUnlock checks that where the keyring is forbidden, as in containers, the error for a locked
// keychain suggests a passphrase file. ragenv unlock could not keep it open.
func TestNoHintAtUnlock(t *testing.T) {
	h := newHome(t)
	h.lock(t)
	h.env = append(h.env, "RAGENV_PASSPHRASE_FILE=")
	for _, args := range [][]string{{"docker", "status"}, {"list"}, {"get", "NGC_API_KEY"}, {"doctor"}, {"--", "true"}, {"export"}, {"unlock"}} {
		out, _ := h.command(t, false, scripttest.Ragenv, args...).CombinedOutput()
		if text := string(out); !strings.Contains(text, "export RAGENV_PASSPHRASE_FILE=") || strings.Contains(text, "ragenv unlock") {
			t.Errorf("ragenv %s:\n%s", strings.Join(args, " "), strings.ReplaceAll(text, h.key, "KEY"))
		}
	}
}

// gets runs many gets of the helper at once and returns their total processor time.
func (h home) gets(t *testing.T, many int, keyring bool) time.Duration {
	t.Helper()
	var all sync.WaitGroup
	var lock sync.Mutex
	var used time.Duration
	for range many {
		cmd := h.get(t, keyring)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		all.Go(func() {
			out, err := cmd.Output()
			if err != nil || !strings.Contains(string(out), h.key) {
				t.Errorf("get: %v: %s%s", err, strings.ReplaceAll(string(out), h.key, "KEY"), stderr.String())
			}
			lock.Lock()
			defer lock.Unlock()
			used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		})
	}
	all.Wait()
	return used
}

// canKeep skips the test if the machine cannot keep a derived key for other processes.
func (h home) canKeep(t *testing.T, keyring bool) {
	t.Helper()
	if keyring {
		options := keychain.Options{Backend: keychain.BackendFile, Dir: h.store, CacheFor: time.Minute}
		k, err := keychain.Open(options)
		if err == nil {
			err = k.Unlock([]byte(passphrase))
		}
		if errors.Is(err, keychain.ErrUnavailable) {
			t.Skip("no kernel keyring here")
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var stat unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &stat); err != nil || int64(stat.Type) != unix.TMPFS_MAGIC || unix.Access("/dev/shm", unix.W_OK) != nil {
		t.Skipf("no /dev/shm in memory here: %v", err)
	}
}

// TestAStampede checks that fourteen pulls at once, each with a helper process, cost about as much as one,
// with a kernel keyring and in a container without one. Afterwards the passphrase is still needed. It
// compares processor time, which other load hardly changes.
func TestAStampede(t *testing.T) {
	for name, keyring := range map[string]bool{"keyring": true, "tmpfs": false} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.canKeep(t, keyring)
			h.lock(t)
			one := h.gets(t, 1, keyring)
			h.lock(t)
			fourteen := h.gets(t, 14, keyring)
			t.Logf("one: %v, fourteen: %v", one, fourteen)
			if fourteen > 6*one {
				t.Errorf("fourteen at once take %v of processor time, one takes %v", fourteen, one)
			}
			if keyring {
				return
			}
			h.env = append(h.env, "RAGENV_PASSPHRASE_FILE=")
			locked := h.get(t, false)
			var stderr bytes.Buffer
			locked.Stderr = &stderr
			// The error must not suggest ragenv unlock, which cannot work here.
			if err := locked.Run(); err == nil || !strings.Contains(stderr.String(), "the keychain is locked") || !strings.Contains(stderr.String(), ": export RAGENV_PASSPHRASE_FILE=FILE\n") {
				t.Errorf("without the passphrase: %v: %s", err, &stderr)
			}
		})
	}
}
