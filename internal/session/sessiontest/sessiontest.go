// Package sessiontest opens sessions for tests.
package sessiontest

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// New returns a session, its keychain and its messages. The keychain is a file store without a passphrase
// in a temporary directory of the test.
func New(t *testing.T) (*session.Session, *keychain.Keychain, *strings.Builder) {
	t.Helper()
	home := t.TempDir()
	getenv := func(name string) string {
		if name == "HOME" || name == "USERPROFILE" {
			return home
		}
		return ""
	}
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	c, err := config.Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	printed := new(strings.Builder)
	print := ui.Printer{Program: "ragenv", W: printed, Quiet: true}
	s := &session.Session{
		Config: c, Print: print, Stdin: stdin, Stdout: io.Discard, Stderr: printed,
		Getenv: getenv, Now: time.Now, Services: services.New(getenv, print),
	}
	silent := s.Opener()
	silent.Print.W = io.Discard
	k, err := silent.Create(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, k, printed
}

// Setenv adds variables to the session's environment.
func Setenv(s *session.Session, env map[string]string) {
	getenv := s.Getenv
	s.Getenv = func(name string) string {
		if value, ok := env[name]; ok {
			return value
		}
		return getenv(name)
	}
}
