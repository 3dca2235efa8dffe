package ui

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func TestFailPrintsErrorHintAndCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
		code int
	}{
		{nil, "", 0},
		{errors.New("plain"), "p: error: plain\n", CodeFailure},
		{Usagef("p --help", "no such flag %q", "-x"), "p: error: no such flag \"-x\"\np: hint: p --help\n", CodeUsage},
		{fmt.Errorf("X: %w", keychain.ErrLocked), "p: error: X: the keychain is locked\np: hint: ragenv unlock\n", CodeFailure},
		{WithCode(keychain.ErrLocked, CodeOwnFailure), "p: error: the keychain is locked\np: hint: ragenv unlock\n", CodeOwnFailure},
		{fmt.Errorf("around: %w", Errorf("do it", "inside")), "p: error: around: inside\np: hint: do it\n", CodeFailure},
		{
			&keychain.InsecureError{Path: "/s", Reason: "is open", Mode: 0o700},
			"p: error: /s is open\np: hint: chmod 700 /s\n", CodeFailure,
		},
		{errors.New("a\nb\x1b[31mred"), "p: error: a b\ufffd[31mred\n", CodeFailure},
	} {
		var out strings.Builder
		code := Printer{Program: "p", W: &out}.Fail(test.err)
		if out.String() != test.want || code != test.code {
			t.Errorf("Fail(%v) printed %q with code %d; want %q with %d", test.err, out.String(), code, test.want, test.code)
		}
	}
}

// A failure that the user can fix has a hint, however the error is wrapped.
func TestTypedErrorsHaveHints(t *testing.T) {
	for _, err := range []error{
		keychain.ErrNotFound, keychain.ErrLocked, keychain.ErrUnavailable, keychain.ErrTimeout, keychain.ErrDamaged, keychain.ErrNewerFormat,
		keychain.ErrNoStore, keychain.ErrWrongPassphrase, keychain.ErrNoLocks, keychain.ErrUnknownBackend, &keychain.InsecureError{}, syscall.ENOSPC, syscall.EROFS,
	} {
		if e := Explain(fmt.Errorf("around: %w", err)); e.Hint == "" {
			t.Errorf("%v has no hint", err)
		}
	}
}

func TestQuietDropsNotesOnly(t *testing.T) {
	var out strings.Builder
	p := Printer{Program: "p", W: &out, Quiet: true}
	p.Note("note")
	p.Warn("careful")
	if out.String() != "p: warning: careful\n" {
		t.Errorf("printed %q", out.String())
	}
}

func TestReadHidden(t *testing.T) {
	for input, want := range map[string]string{
		"key\r":                             "key",
		"key\n":                             "key",
		"kez\x7fy\r":                        "key",
		"wrong\x15key\r":                    "key",
		"ü\x7fkey\r":                        "key",
		"\x7f\x08key\r":                     "key",
		"\x1b[200~pasted\x1b[201~\r":        "pasted",
		"\x1b[200~\r\npasted\r\n\x1b[201~":  "pasted",
		"\x1b[200~two\rlines\x1b[201~\r":    "two\nlines",
		"\x1b[200~a\x03\x04\x1a\x1b[201~\r": "a\x03\x04\x1a",
		"half\x1akey\r":                     "key",
		"half\x1ckey\r":                     "key",
		"tab\there \r":                      "tab\there ",
		"x\x04y\r":                          "xy",
		strings.Repeat("k", 9000) + "\r":    strings.Repeat("k", 9000),
	} {
		got, err := readHidden(strings.NewReader(input).Read, func(signalKey) {})
		if err != nil || string(got) != want {
			t.Errorf("%.20q: %.20q, %v", input, got, err)
		}
	}
	for _, input := range []string{"", "half a line", "\x03", "key\x03\r", "\x04"} {
		if _, err := readHidden(strings.NewReader(input).Read, func(signalKey) {}); !errors.Is(err, ErrInterrupted) {
			t.Errorf("%q: %v, want ErrInterrupted", input, err)
		}
	}
	endless := io.MultiReader(strings.NewReader(strings.Repeat("k", maxAnswer+2)))
	if _, err := readHidden(endless.Read, func(signalKey) {}); err == nil || errors.Is(err, ErrInterrupted) {
		t.Errorf("an endless line: %v", err)
	}
}

func TestWithoutKeys(t *testing.T) {
	key := "nvapi-" + strings.Repeat("Ab1_", 16)
	for text, want := range map[string]string{
		"unknown action: \"" + key + "\"":                            `unknown action: "..."`,
		key[:40] + " is no duration, nor is " + key:                  "... is no duration, nor is ...",
		"https://user:" + key + "@nvcr.io/":                          "https://user:...@nvcr.io/",
		"cyborg_" + strings.Repeat("x", 30) + ".":                    "....",
		`it begins with "nvapi-", 70 in all`:                         `it begins with "nvapi-", 70 in all`,
		"nvcr.io/nim/nvapi-proxy@sha256:" + strings.Repeat("0a", 32): "nvcr.io/nim/nvapi-proxy@sha256:" + strings.Repeat("0a", 32),
		"": "",
	} {
		if got := WithoutKeys(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
