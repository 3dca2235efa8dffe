package services

import (
	"io"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/validate/probe"
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

func TestRefused(t *testing.T) {
	verdict := func(outcome probe.Outcome) Verdict {
		return Verdict{Name: secrets.NGCAPIKey, Result: probe.Result{Outcome: outcome, Detail: "why"}}
	}
	for name, test := range map[string]struct {
		verdicts    []Verdict
		error, hint string // the end of the hint
	}{
		"none refused":   {[]Verdict{verdict(probe.Valid), verdict(probe.Unknown)}, "", ""},
		"the second":     {[]Verdict{verdict(probe.Valid), verdict(probe.Invalid)}, "NGC_API_KEY was refused: why", "ragenv rotate NGC_API_KEY"},
		"without rights": {[]Verdict{verdict(probe.LacksRights), verdict(probe.Invalid)}, "NGC_API_KEY lacks rights: why", ", then: ragenv rotate NGC_API_KEY"},
	} {
		err := Refused(test.verdicts)
		if (err == nil) != (test.error == "") {
			t.Errorf("%s: %v", name, err)
		} else if err != nil && (err.Error() != test.error || !strings.HasSuffix(ui.Explain(err).Hint, test.hint)) {
			t.Errorf("%s: %v, hint %q", name, err, ui.Explain(err).Hint)
		}
	}
}
