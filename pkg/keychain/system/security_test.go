//go:build unix

package system

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// fakeSecurity replaces security(1) with its own keychain.
type fakeSecurity struct {
	program, dir string
}

func TestSecurity(t *testing.T) {
	program := filepath.Join(t.TempDir(), "security")
	if out, err := exec.Command("go", "build", "-o", program, "../../../test/macos/security").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	former := securityProgram
	securityProgram = program
	t.Cleanup(func() { securityProgram = former })
	for name, test := range map[string]func(*testing.T, fakeSecurity){
		"contract": securityContract, "values are not arguments": securityKeepsValuesOffArguments, "line limit": securityLineLimit,
		"locked": securityLocked, "dialog": securityDialogIsEnded,
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			f := fakeSecurity{program, filepath.Join(home, "fake-security")}
			if err := os.Mkdir(f.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			test(t, f)
		})
	}
}

func (f fakeSecurity) state(t *testing.T, state string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, "state"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
}

type securityCall struct {
	Args  []string
	Stdin string
}

func (f fakeSecurity) calls(t *testing.T) []securityCall {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	var calls []securityCall
	for line := range bytes.Lines(data) {
		var call securityCall
		if err := json.Unmarshal(line, &call); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	return calls
}

func (f fakeSecurity) open(t *testing.T, opts keychain.Options) *keychain.Keychain {
	t.Helper()
	opts.Backend = keychain.BackendKeychain
	backend, err := system{}.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return keychain.Over(opts.Backend, backend)
}

func securityContract(t *testing.T, f fakeSecurity) {
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return f.open(t, keychain.Options{}) })
	for _, call := range f.calls(t) {
		if !slices.Equal(call.Args, []string{"-i"}) {
			t.Fatalf("security was called with the arguments %q", call.Args)
		}
	}
}

// A value appears on standard input only, once, and in no error.
func securityKeepsValuesOffArguments(t *testing.T, f fakeSecurity) {
	k := f.open(t, keychain.Options{})
	item := keychain.Item{Ref: keychaintest.EnvRef("NGC_API_KEY"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	// The other calls of Set store the value's fingerprint.
	calls := slices.DeleteFunc(f.calls(t), func(c securityCall) bool { return !strings.Contains(c.Stdin, `"-l" "NGC_API_KEY (ragenv)"`) })
	if len(calls) != 1 {
		t.Fatalf("%d calls write the item", len(calls))
	}
	line := calls[0].Stdin
	_, encoded, _ := strings.Cut(strings.TrimSuffix(line, "\"\n"), ` "-w" "`)
	if data, err := base64.StdEncoding.DecodeString(encoded); err != nil || !bytes.Contains(data, []byte(item.Secret.Reveal())) {
		t.Errorf("standard input does not hold the value: %v", err)
	}
	if want := `add-generic-password "-a" "NGC_API_KEY (ragenv)" "-s" "ragenv" "-l" "NGC_API_KEY (ragenv)" "-D" "ragenv key" "-U" "-w" "`; !strings.HasPrefix(line, want) {
		t.Errorf("standard input starts with %.150q", line)
	}
	f.state(t, "locked")
	err := k.Set(item)
	if err == nil || strings.Contains(fmt.Sprintf("%+v", err), encoded[:16]) {
		t.Error("no error, or one that holds the value")
	}
}

// A command of maximum length is accepted. One byte more is rejected before security runs.
func securityLineLimit(t *testing.T, f fakeSecurity) {
	k := f.open(t, keychain.Options{})
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Updated: time.Unix(1_700_000_000, 0).UTC()}
	largest := 0
	for size := 2860; size < 3100; size++ {
		item.Secret = keychain.NewSecret(strings.Repeat("k", size))
		err := k.Set(item)
		if errors.Is(err, keychain.ErrTooLarge) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Get(item.Ref)
		if err != nil || got.Secret != item.Secret {
			t.Fatalf("%d bytes: %v, or another value", size, err)
		}
		largest = size
	}
	if largest == 0 {
		t.Fatal("nothing fits")
	}
	longest := 0
	for _, call := range f.calls(t) {
		longest = max(longest, len(call.Stdin)-1)
	}
	if longest > securityLine || longest < securityLine-3 {
		t.Errorf("the longest command has %d bytes, want %d or up to 3 fewer", longest, securityLine)
	}
	if got, err := k.Get(item.Ref); err != nil || len(got.Secret.Reveal()) != largest {
		t.Errorf("the refused value changed the item: %v", err)
	}
}

func securityLocked(t *testing.T, f fakeSecurity) {
	k := f.open(t, keychain.Options{})
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	f.state(t, "locked")
	var elsewhere *keychain.LockedElsewhereError
	for name, call := range map[string]func() error{
		"Get":   func() error { _, err := k.Get(item.Ref); return err },
		"Set":   func() error { return k.Set(item) },
		"Probe": func() error { return system{}.Probe(keychain.Options{Backend: keychain.BackendKeychain}) },
	} {
		if err := call(); !errors.Is(err, keychain.ErrLocked) || !errors.As(err, &elsewhere) || elsewhere.Backend != keychain.BackendKeychain {
			t.Errorf("%s: %v, want a LockedElsewhereError", name, err)
		}
	}
	// Requests that need no secret are answered, so that a public pull works.
	if _, err := k.Get(keychaintest.EnvRef("ABSENT")); !errors.Is(err, keychain.ErrNotFound) {
		t.Errorf("Get of the absent: %v", err)
	}
	if has, err := k.Has(item.Ref); !has || err != nil {
		t.Errorf("Has: %t, %v", has, err)
	}
	if refs, err := k.List(""); err != nil || !slices.Equal(refs, []keychain.Ref{item.Ref}) {
		t.Errorf("List: %v, %v", refs, err)
	}
}

// On a desktop a locked keychain shows a dialog. Nobody answers it here, and no process is left waiting.
func securityDialogIsEnded(t *testing.T, f fakeSecurity) {
	k := f.open(t, keychain.Options{})
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	f.state(t, "dialog")
	t.Run("waiting", func(t *testing.T) { // everything else has the usual time
		override(t, &answerLimit, 300*time.Millisecond)
		backend, err := system{}.Open(keychain.Options{Backend: keychain.BackendKeychain})
		if err == nil {
			_, err = keychain.Over(keychain.BackendKeychain, backend).Get(item.Ref)
		}
		if !errors.Is(err, keychain.ErrTimeout) {
			t.Errorf("Get: %v, want ErrTimeout", err)
		}
	})
	running := func() bool {
		out, _ := exec.Command("ps", "-axo", "command").Output()
		return bytes.Contains(out, []byte(f.program))
	}
	for deadline := time.Now().Add(time.Minute); running(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the program that waits for the dialog still runs")
		}
	}
	f.state(t, "")
	if got, err := k.Get(item.Ref); err != nil || got.Secret != item.Secret {
		t.Errorf("Get after that: %v", err)
	}
}

func TestSecurityErrorsAreTyped(t *testing.T) {
	s := newSecurityTool(keychain.Options{})
	failed := securityGuard(s).failed
	for exit, want := range map[int]error{
		36: keychain.ErrLocked, 51: keychain.ErrLocked, 128: keychain.ErrLocked, 37: keychain.ErrUnavailable, 45: keychain.ErrUnavailable,
	} {
		if err := failed(&securityError{command: "find-generic-password", exit: exit}); !errors.Is(err, want) {
			t.Errorf("exit status %d: %v, want %v", exit, err, want)
		}
	}
	if got := osStatus([]byte("security: X\nadd-generic-password: returned -25291\n"), "add-generic-password"); got != "-25291" {
		t.Errorf("OSStatus %q", got)
	}
	if got := osStatus([]byte("add-generic-password: returned nvapi\n"), "add-generic-password"); got != "" {
		t.Errorf("OSStatus %q", got)
	}
}

// The longest command is run; one byte more is not.
func TestSecurityCommandLimit(t *testing.T) {
	program := filepath.Join(t.TempDir(), "security")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >\"$0.read\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	override(t, &securityProgram, program)
	s := newSecurityTool(keychain.Options{})
	argument := strings.Repeat("x", securityLine-len(`help ""`))
	if _, err := s.run("help", argument); err != nil {
		t.Errorf("%d bytes: %v", securityLine, err)
	}
	if read, err := os.ReadFile(program + ".read"); err != nil || len(read) != securityLine+1 {
		t.Errorf("it read %d bytes: %v", len(read), err)
	}
	if _, err := s.run("help", argument+"x"); !errors.Is(err, keychain.ErrTooLarge) {
		t.Errorf("%d bytes: %v, want ErrTooLarge", securityLine+1, err)
	}
}

// An error says what failed, in the words that macOS's manuals have, and nothing of the output.
func TestSecurityErrorText(t *testing.T) {
	for want, err := range map[string]*securityError{
		"security help failed: OSStatus -25291 (security error -25291)": {command: "help", exit: 1, status: "-25291"},
		"security help failed: exit status 3":                           {command: "help", exit: 3},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
