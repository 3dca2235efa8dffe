package services

import (
	"io"
	"testing"

	"github.com/ragenv/ragenv/internal/ui"
)

// A service of this machine needs no TLS, however the machine is spelled.
func TestLoopbackIsAllowed(t *testing.T) {
	for base, want := range map[string]bool{
		"":                            false,
		"https://proxy.example":       false,
		"http://localhost:8080":       true,
		"http://LocalHost":            true,
		"http://127.0.0.1:1":          true,
		"http://[::1]:8080":           true,
		"http://[::1%25lo]:8080":      true,
		"http://[::ffff:127.0.0.1]":   true,
		"http://192.0.2.1":            false,
		"http://localhost.example":    false,
		"http://[fe80::1%25lo]:8080":  false,
		"http://127.0.0.1.example:80": false,
	} {
		for _, variable := range []string{EnvAPIURL, EnvAuthnURL, EnvRegistryURL} {
			getenv := func(name string) string {
				if name == variable {
					return base
				}
				return ""
			}
			if got := New(getenv, ui.Printer{W: io.Discard}).Client().AllowLoopback; got != want {
				t.Errorf("$%s=%s: %v, want %v", variable, base, got, want)
			}
		}
	}
}
