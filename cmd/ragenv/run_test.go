package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// "ragenv -- COMMAND" bypasses the parser (program.do) but behaves the same. Only lines without a command
// are tested here: a real command would replace the test process. run.txtar compares environments.
func TestUsualFormIsRun(t *testing.T) {
	for _, line := range []string{
		"", "no-such-command", "no-such-command --help -h --profile x --quiet", "no-such-command -- --mask", "-- no-such-command", "--no-such-command", "/", "/nonexistent/list",
	} {
		for state, config := range map[string]string{"no config": "", "unknown setting": "colour = \"red\"\n", "invalid config": "backend = 1\n"} {
			outcome := func(do func(*program, []string) error) (string, int) {
				p, stdout, stderr := testProgram(t)
				path := filepath.Join(p.getenv("HOME"), ".config", "ragenv", "config.toml")
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
					t.Fatal(err)
				}
				k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(p.getenv("HOME"), ".local", "share", "ragenv")}, keychain.Protection{WorkFactor: 10})
				if err != nil {
					t.Fatal(err)
				}
				ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
				if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
					t.Fatal(err)
				}
				p.args = append([]string{"--"}, strings.Fields(line)...)
				code := p.finish(do(p, p.args))
				return strings.ReplaceAll(stdout.String()+"|"+stderr.String(), p.getenv("HOME"), "HOME"), code
			}
			short, shortCode := outcome((*program).do)
			long, longCode := outcome((*program).parse)
			if short != long || shortCode != longCode {
				t.Errorf("%q with %s exits with %d: %s\nparsed, with %d: %s", line, state, shortCode, short, longCode, long)
			}
			if shortCode == 0 || !strings.Contains(short, "ragenv: error: ") {
				t.Errorf("%q with %s: exit %d, %s", line, state, shortCode, short)
			}
		}
	}
}
