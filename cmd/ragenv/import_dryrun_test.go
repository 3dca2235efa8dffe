package main

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// --dry-run predicts the import: the same exit code and errors, and "would be stored" for what would be
// stored. An import that cannot store every key is an error, so that "ragenv import F && rm F" loses no
// key.
func TestImportDryRun(t *testing.T) {
	key, other := scripttest.NewKey(), scripttest.NewKey()
	utf16 := func(text string) string { return string(bom.Encode([]byte(text), bom.UTF16LE)) }
	env := "NGC_API_KEY=" + key + "\n"
	auths := `{"auths":{"nvcr.io":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("$oauthtoken:"+key)) + `"}}}`
	for name, test := range map[string]struct {
		file, content, stored string
		args                  []string
		fails                 string // the error's text; "" if the key is stored
	}{
		"dotenv":                         {file: ".env", content: env},
		"dotenv, removed":                {file: ".env", content: env, args: []string{"--remove"}},
		"export lines":                   {file: "keys.sh", content: "export " + env},
		"UTF-8 with a mark":              {file: ".env", content: "\xef\xbb\xbf" + env},
		"UTF-16":                         {file: ".env", content: utf16(env)},
		"UTF-16, removed":                {file: ".env", content: utf16(env), args: []string{"--remove"}},
		"UTF-16 without a mark":          {file: ".env", content: utf16(env)[2:], fails: "UTF-16 text without a byte order mark"},
		"UTF-16, cut":                    {file: ".env", content: utf16(env)[:41], fails: "UTF-16 text that is cut short"},
		"NUL bytes":                      {file: ".env", content: env + "\x00", fails: "NUL bytes"},
		"spaces around the sign":         {file: ".env", content: "export NGC_API_KEY = " + key + "\n"},
		"PowerShell":                     {file: "keys.ps1", content: "$env:NGC_API_KEY = \"" + key + "\"\n"},
		"PowerShell in another file":     {file: ".env", content: "$env:NGC_API_KEY = \"" + key + "\"\n", fails: "it is an assignment of PowerShell"},
		"PowerShell, with braces":        {file: "keys.txt", content: "${env:NGC_API_KEY}='" + key + "'\n", fails: "it is an assignment of PowerShell"},
		"a batch file":                   {file: "keys.cmd", content: "set NGC_API_KEY=" + key + "\r\n", fails: "keys.cmd line 1 was not imported"},
		"one line of two":                {file: ".env", content: env + "$env:NVIDIA_API_KEY = \"" + other + "\"\n", fails: ".env line 2 was not imported"},
		"a comment":                      {file: ".env", content: env + "# $env:NGC_API_KEY = x\n"},
		"no key":                         {file: ".env", content: "DEBUG=1\n", fails: "found no key to import"},
		"empty":                          {file: ".env", fails: "found no key to import"},
		"to be expanded":                 {file: ".env", content: "NGC_API_KEY=$(cat key)\n", fails: "found no key to import"},
		"read in two ways":               {file: ".env", content: "export NGC_API_KEY=" + key + " more\n", fails: "read .env line 1 differently"},
		"JSON":                           {file: "keys.json", content: `{"NGC_API_KEY":"` + key + `"}`},
		"JSON of something else":         {file: "keys.json", content: `{"NGC_API_KEY":["` + key + `"]}`, fails: "is not one JSON object of names and texts"},
		"Docker's":                       {file: "config.json", content: auths},
		"Docker's, removed":              {file: "config.json", content: auths, args: []string{"--remove"}},
		"Docker's, without logins":       {file: "config.json", content: `{"auths":{}}`, fails: "found no key to import"},
		"the NGC CLI's":                  {file: "config", content: "[CURRENT]\napikey = " + key + "\n"},
		"the NGC CLI's, removed":         {file: "config", content: "[CURRENT]\napikey = " + key + "\n", args: []string{"--remove"}},
		"stored under another value":     {file: ".env", content: env, stored: other, fails: "is already stored with a different value"},
		"stored under another, replaced": {file: ".env", content: env, stored: other, args: []string{"--force"}},
		"stored already":                 {file: ".env", content: env, stored: key},
		"no key's shape":                 {file: ".env", content: "NGC_API_KEY=changeme\n", fails: "NGC_API_KEY: "},
		"two values":                     {file: ".env", content: env, args: []string{"second.env"}, fails: "is already stored with a different value"},
		"absent":                         {file: "other", fails: "open absent.env: file does not exist", args: []string{"absent.env"}},
		"unusual names, with --all":      {file: ".env", content: env + "DEBUG=1\n", args: []string{"--all"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(more ...string) (code int, stderr string, stored string) {
				t.Helper()
				dir := t.TempDir()
				environ, err := scripttest.Environ(dir)
				if err != nil {
					t.Fatal(err)
				}
				opts := keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(dir, "home", ".local", "share", "ragenv")}
				k, err := keychain.CreateFileStore(opts, keychain.Protection{})
				if err != nil {
					t.Fatal(err)
				}
				ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
				if test.stored != "" {
					if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(test.stored)}); err != nil {
						t.Fatal(err)
					}
				}
				for name, content := range map[string]string{test.file: test.content, "second.env": "NGC_API_KEY=" + other + "\n"} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.Command(scripttest.Binary(t, scripttest.Ragenv), append(append([]string{"import", test.file}, test.args...), more...)...)
				cmd.Dir, cmd.Env = dir, append(environ, "PATH="+os.Getenv("PATH"))
				cmd.SysProcAttr = noTerminal()
				var out strings.Builder
				cmd.Stderr = &out
				err = cmd.Run()
				var exit *exec.ExitError
				if err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				if item, err := k.Get(ref); err == nil {
					stored = item.Secret.Reveal()
				}
				after, err := os.ReadFile(filepath.Join(dir, test.file))
				if err != nil {
					t.Fatal(err)
				}
				if len(more) > 0 && (string(after) != test.content || stored != test.stored) {
					t.Error("--dry-run changed something")
				}
				text := strings.ReplaceAll(out.String(), dir, "DIR")
				if strings.Contains(text, key) || strings.Contains(text, other) {
					t.Error("a key is in the messages")
				}
				return cmd.ProcessState.ExitCode(), text, stored
			}
			dryCode, dry, _ := run("--dry-run")
			code, real, stored := run()
			if dryCode != code {
				t.Errorf("--dry-run exits with %d, the import with %d:\n%s\n%s", dryCode, code, dry, real)
			}
			if problems(dry) != problems(real) {
				t.Errorf("--dry-run says:\n%s\nthe import:\n%s", dry, real)
			}
			if strings.Contains(dry, "would be stored\n") != strings.Contains(real, "note: stored ") {
				t.Errorf("--dry-run says:\n%s\nthe import:\n%s", dry, real)
			}
			switch {
			case test.fails == "" && (code != 0 || stored != key):
				t.Errorf("exit code %d:\n%s", code, real)
			case test.fails != "" && (code != 1 || !strings.Contains(real, test.fails)):
				t.Errorf("exit code %d, want an error with %q:\n%s", code, test.fails, real)
			}
		})
	}
}

// problems returns the errors, warnings and hints of a run, in the words of the import.
func problems(stderr string) string {
	// A dry run replaces nothing, so only the import prints the hint for undoing a replacement.
	stderr = regexp.MustCompile(`(?m)^ragenv: hint: ragenv rotate --undo .*\n`).ReplaceAllString(stderr, "")
	return strings.Join(regexp.MustCompile(`(?m)^ragenv: (?:error|warning|hint): .*`).FindAllString(stderr, -1), "\n")
}
