package source

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// Output up to the limit is kept completely, and one byte more ends the command.
func TestLimited(t *testing.T) {
	ended := 0
	l := &limited{max: 10, full: func() { ended++ }}
	for range 2 {
		if n, err := l.Write([]byte("12345")); n != 5 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if l.cut || ended > 0 || l.kept.String() != "1234512345" {
		t.Errorf("cut %t, ended %d times, kept %q", l.cut, ended, l.kept.String())
	}
	if _, err := l.Write([]byte("6")); err == nil || !l.cut || ended != 1 || l.kept.Len() != 10 {
		t.Errorf("%v, cut %t, ended %d times, kept %d", err, l.cut, ended, l.kept.Len())
	}
}

// Only the end of a command's standard error is kept, however it is written.
func TestTailIsBounded(t *testing.T) {
	text := strings.Repeat("0123456789", maxTail/5)
	for _, size := range []int{1, 10, maxTail - 1, maxTail, maxTail + 1, len(text)} {
		var t1 tail
		for chunk := range slices.Chunk([]byte(text), size) {
			if n, err := t1.Write(chunk); n != len(chunk) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if want := text[len(text)-maxTail:]; string(t1.kept) != want {
			t.Errorf("chunks of %d bytes: %d bytes are kept", size, len(t1.kept))
		}
	}
}

// The line shown is the last one that names an error, otherwise the last one. It is short and contains
// nothing of the key.
func TestLastLine(t *testing.T) {
	key := scripttest.NewKey()
	long := strings.Repeat("é", maxLine)
	for name, c := range map[string]struct{ complaint, printed, want string }{
		"nothing":                     {"", "", ""},
		"empty lines":                 {"\n \n\t\n", "", ""},
		"one line":                    {"locked\n", "", ": locked"},
		"no line break":               {"locked", "", ": locked"},
		"the last line":               {"first\nsecond\n\n", "", ": second"},
		"an error, then other lines":  {"error: locked\nsee the manual\n", "", ": error: locked"},
		"two errors":                  {"Error 1\nhint\nERROR: 2\nhint\n", "", ": ERROR: 2"},
		"a word that has error in it": {"terrors\nlast\n", "", ": last"},
		"what was printed":            {"no " + key + " here\n", key, ": no *** here"},
		"a part of what was printed":  {"no " + key + " here\n", key + "\r\n", ": no *** here"},
		"not UTF-8":                   {"a\xff\n", "", ": a"},
		"as long as may be":           {long, "", ": " + long},
		"too long":                    {long + "é", "", ": " + long + "..."},
		"as much as is looked for":    {"locked", strings.Repeat("x", maxTail), ": locked"},
		"more than is looked for":     {"locked", strings.Repeat("x", maxTail+1), ""},
	} {
		said := &tail{}
		_, _ = said.Write([]byte(c.complaint))
		if got := said.last(c.printed); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A command gets what programs need and what is named for it, but never what leads to the keychain's
// passphrase.
func TestEnviron(t *testing.T) {
	environ := []string{"PATH=/bin", "HOME=/h", "VAULT=a=b", "VAULT_ADDR=x", passphrase.EnvValue + "=p", passphrase.EnvFile + "=f", passphrase.EnvBackupFile + "=b", passphrase.EnvCredentials + "=c"}
	all := []string{"VAULT", passphrase.EnvValue, passphrase.EnvFile, passphrase.EnvBackupFile, passphrase.EnvCredentials}
	var folded []string // names are case-insensitive on Windows
	if runtime.GOOS == "windows" {
		folded = []string{"vault=x"}
	}
	for name, c := range map[string]struct{ named, environ, only, want []string }{
		"named in another case":    {all, []string{"vault=x"}, nil, folded},
		"nothing is named":         {nil, environ, nil, []string{"PATH=/bin", "HOME=/h"}},
		"named":                    {all, environ, nil, []string{"PATH=/bin", "HOME=/h", "VAULT=a=b"}},
		"only some":                {all, environ, []string{"VAULT", "VAULT_ADDR", passphrase.EnvValue}, []string{"VAULT=a=b"}},
		"only what is kept anyway": {nil, environ, []string{"HOME"}, []string{"HOME=/h"}},
		"only nothing":             {all, environ, []string{}, nil},
		"no environment":           {all, nil, nil, nil},
	} {
		got := Environ(c.named, c.environ, c.only)
		if !slices.Equal(got, c.want) || got == nil {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A command that requests a key that itself comes from a command is not run again. An item without a
// command is not found.
func TestNotRun(t *testing.T) {
	ref := keychain.Ref{Profile: "work", Kind: keychain.KindEnv, Name: "A_KEY"}
	c := &Commands{Config: &config.Config{Sources: map[string]map[string]config.Source{"work": {"A_KEY": {Command: []string{"/no/such/program.exe"}}}}}}
	if refs := c.Refs(); !slices.Equal(refs, []keychain.Ref{ref}) {
		t.Errorf("%v", refs)
	}
	_, err := c.Get(ref)
	if err == nil || !strings.HasPrefix(err.Error(), "program is not found: ") || strings.Contains(err.Error(), "/no/such") {
		t.Errorf("%v", err)
	}
	if failed, ok := err.(*Error); !ok || failed.Hint() != "install it, or name it by its path: ragenv source set --profile work A_KEY -- /PATH/TO/program ..." {
		t.Errorf("%+v", err)
	}
	c.Environ = []string{"A=B", envNested + "=work/env/OTHER"}
	if _, err := c.Get(ref); err == nil || !strings.Contains(err.Error(), "program is not run: a command that gives a key asked for") {
		t.Errorf("%v", err)
	}
	for _, absent := range []keychain.Ref{{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}, {Profile: "work", Kind: keychain.KindRegistry, Name: "A_KEY"}} {
		if _, err := c.Get(absent); err != keychain.ErrNotFound {
			t.Errorf("%v: %v", absent, err)
		}
	}
}
