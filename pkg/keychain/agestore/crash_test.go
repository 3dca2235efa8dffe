package agestore

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Environment variables of the test binary in its role as the crashing process.
const (
	envCrashAt  = "AGESTORE_TEST_CRASH_AT" // the checkpoint at which it crashes, from 1
	envCrashDir = "AGESTORE_TEST_CRASH_DIR"
)

// crashing runs change in a separate process once per checkpoint, and kills the process there without
// cleanup. prepare fills the store's directory before each run, and check verifies it afterwards. The last
// run is not killed.
func crashing(t *testing.T, prepare func(Options), change func(Options) error, check func(t *testing.T, opts Options, finished bool)) {
	t.Helper()
	if at := os.Getenv(envCrashAt); at != "" {
		left, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		checkpoint = func() {
			if left--; left == 0 {
				self, _ := os.FindProcess(os.Getpid()) // always succeeds
				_ = self.Kill()
				select {}
			}
		}
		if err := change(testOptions(os.Getenv(envCrashDir))); err != nil {
			t.Fatal(err)
		}
		return
	}
	for at := 1; ; at++ {
		opts := testOptions(filepath.Join(t.TempDir(), "store"))
		prepare(opts)
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), envCrashAt+"="+strconv.Itoa(at), envCrashDir+"="+opts.Dir)
		out, err := cmd.CombinedOutput()
		var ended *exec.ExitError
		if err != nil && (!errors.As(err, &ended) || len(out) > 0) {
			t.Fatalf("checkpoint %d: %v: %s", at, err, out)
		}
		check(t, opts, err == nil)
		if t.Failed() {
			t.Fatalf("after a crash at checkpoint %d", at)
		}
		if err == nil {
			if at < 3 {
				t.Fatalf("only %d checkpoints were passed", at-1)
			}
			return
		}
	}
}

func testOptions(dir string) Options { return Options{Dir: dir} }

func TestCrashWhileChangingThePassphrase(t *testing.T) {
	former, next := []byte("former words"), []byte("next words")
	value := newKey(t)
	prepare := func(opts Options) {
		s, err := Create(opts, Protection{Passphrase: former, WorkFactor: fastScrypt})
		if err != nil {
			t.Fatal(err)
		}
		set(t, s, "k", value)
	}
	change := func(opts Options) error {
		s, err := Open(opts)
		if err != nil {
			return err
		}
		return s.ChangePassphrase(former, next)
	}
	crashing(t, prepare, change, func(t *testing.T, opts Options, finished bool) {
		opens := func(passphrase []byte) bool {
			opts.Passphrase = func() ([]byte, error) { return passphrase, nil }
			got, err := reopen(t, opts).Get("k")
			switch {
			case err == nil && string(got) == string(value):
				return true
			case !errors.Is(err, ErrWrongPassphrase):
				t.Errorf("%v, want the value or ErrWrongPassphrase", err)
			}
			return false
		}
		withFormer, withNext := opens(former), opens(next)
		if withFormer == withNext || finished && withFormer {
			t.Errorf("opens with the former passphrase: %t, with the next: %t", withFormer, withNext)
		}
		current := former
		if withNext {
			current = next
		}
		last := []byte("last words")
		if err := reopen(t, opts).ChangePassphrase(current, last); err != nil {
			t.Errorf("changed again: %v", err)
		}
		if !opens(last) || opens(former) || opens(next) {
			t.Error("changed again: another passphrase than the last opens it")
		}
	})
}

func TestCrashWhileStoring(t *testing.T) {
	former, next := newKey(t), []byte("next")
	prepare := func(opts Options) {
		s, err := Create(opts, Protection{WorkFactor: fastScrypt})
		if err != nil {
			t.Fatal(err)
		}
		set(t, s, "k", former)
	}
	change := func(opts Options) error {
		s, err := Open(opts)
		if err != nil {
			return err
		}
		set(t, s, "k", next)
		return nil
	}
	crashing(t, prepare, change, func(t *testing.T, opts Options, finished bool) {
		got, err := reopen(t, opts).Get("k")
		if err != nil || string(got) != string(next) && (finished || string(got) != string(former)) {
			t.Errorf("neither the former nor the next value: %v", err)
		}
		if keys, err := reopen(t, opts).Keys(); err != nil || len(keys) != 1 {
			t.Errorf("Keys = %q, %v", keys, err)
		}
		set(t, reopen(t, opts), "k", former)
		wantData(t, reopen(t, opts), "k", former)
	})
}

func TestCrashWhileCreating(t *testing.T) {
	change := func(opts Options) error {
		_, err := Create(opts, Protection{WorkFactor: fastScrypt})
		return err
	}
	crashing(t, func(Options) {}, change, func(t *testing.T, opts Options, finished bool) {
		if _, err := Open(opts); err != nil && (finished || !errors.Is(err, ErrNoStore)) {
			t.Errorf("%v, want a store or ErrNoStore", err)
		}
		if _, err := Create(opts, Protection{WorkFactor: fastScrypt}); err != nil && !errors.Is(err, ErrExists) {
			t.Errorf("Create again: %v", err)
		}
		value := newKey(t)
		set(t, reopen(t, opts), "k", value)
		wantData(t, reopen(t, opts), "k", value)
	})
}
