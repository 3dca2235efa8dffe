//go:build linux || darwin

package terminal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// World is a separate home for a test.
type World struct {
	T   *testing.T
	Dir string   // contains the home, and is the working directory
	Env []string // environment of the programs
}

// NewWorld creates a home below a temporary directory. more holds additional variables, each "NAME=value".
func NewWorld(t *testing.T, more ...string) *World {
	t.Helper()
	dir := t.TempDir()
	env, err := scripttest.Environ(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &World{t, dir, append(append(env, "PATH="+os.Getenv("PATH"), "TERM=dumb"), more...)}
	t.Cleanup(func() { // leave nothing in the machine's keyring
		if k, err := keychain.Open(w.KeychainOptions()); err == nil {
			_ = k.Lock()
		}
	})
	return w
}

// KeychainOptions returns the options to open the home's file store. Its scrypt is cheap, since scrypt is
// not under test.
func (w *World) KeychainOptions() keychain.Options {
	return keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(w.Dir, "home", ".local", "share", "ragenv")}
}

// Configure writes text to the config file.
func (w *World) Configure(text string) {
	w.T.Helper()
	dir := filepath.Join(w.Dir, "home", ".config", "ragenv")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.T.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600); err != nil {
		w.T.Fatal(err)
	}
}

// Protect creates a store with a passphrase and one key, and returns the key.
func (w *World) Protect(passphrase string) string {
	w.T.Helper()
	w.Configure("unlock = \"10m\"\n")
	return w.create([]byte(passphrase))
}

// Open creates a store without a passphrase and with one key, and returns the key.
func (w *World) Open() string {
	w.T.Helper()
	w.Configure("backend = \"file\"\n")
	return w.create(nil)
}

func (w *World) create(passphrase []byte) string {
	w.T.Helper()
	k, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{Passphrase: passphrase, WorkFactor: 10})
	if err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { _ = k.Lock() }) // leave nothing in the machine's keyring
	key := scripttest.NewKey()
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(key)}); err != nil {
		w.T.Fatal(err)
	}
	return key
}

// Stored returns the value of a variable; ok is false if there is none. It opens a store without a
// passphrase, or with "horse battery".
func (w *World) Stored(name string) (string, bool) {
	w.T.Helper()
	opts := w.KeychainOptions()
	opts.Passphrase = func() ([]byte, error) { return []byte("horse battery"), nil }
	k, err := keychain.Open(opts)
	if errors.Is(err, keychain.ErrNoStore) {
		return "", false
	}
	if err != nil {
		w.T.Fatal(err)
	}
	item, err := k.Get(keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name})
	if errors.Is(err, keychain.ErrNotFound) {
		return "", false
	}
	if err != nil {
		w.T.Fatal(err)
	}
	return item.Secret.Reveal(), true
}

// Lock discards the unlocked identity.
func (w *World) Lock() {
	w.T.Helper()
	k, err := keychain.Open(w.KeychainOptions())
	if err != nil {
		w.T.Fatal(err)
	}
	if err := k.Lock(); err != nil {
		w.T.Fatal(err)
	}
}

// At returns a path below the home.
func (w *World) At(elements ...string) string {
	return filepath.Join(append([]string{w.Dir, "home"}, elements...)...)
}

// Fifo replaces a file with a FIFO that has no writer.
func (w *World) Fifo(path string) {
	w.T.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.T.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		w.T.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		w.T.Fatal(err)
	}
}

// EndsByItself runs a program that must exit without being killed, and returns its output and exit code.
// Its standard input stays open and empty.
func (w *World) EndsByItself(program string, args ...string) (stdout, stderr string, code int) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, scripttest.Binary(w.T, program), args...)
	cmd.Env, cmd.Dir = w.Env, w.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without a terminal
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if len(args) > 0 && (args[0] == "get" || args[0] == "erase") && program == scripttest.Helper {
		cmd.Stdin = strings.NewReader("nvcr.io\n")
	} else {
		r, silent, err := os.Pipe()
		if err != nil {
			w.T.Fatal(err)
		}
		defer r.Close()
		defer silent.Close()
		cmd.Stdin = r
	}
	_ = cmd.Run()
	if ctx.Err() != nil {
		w.T.Errorf("%s %s did not end by itself", program, strings.Join(args, " "))
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
