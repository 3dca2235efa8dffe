//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// Names that a hint may have to quote: a path with a space and a command separator, a server that runs a
// command, a home with quotes and spaces.
const (
	oddPath   = "d d/p;x"
	oddServer = "unix:///$(id)"
	oddHome   = `my "home" o'x $(id)`
)

// TestHintsCanBePasted collects the hints of commands run with odd paths, names and servers. A shell must
// parse each hint, and keep every odd name within one word.
func TestHintsCanBePasted(t *testing.T) {
	dir := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	home := filepath.Join(dir, oddHome, "home")
	env, err := scripttest.Environ(filepath.Join(dir, oddHome))
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
	env = append(env, "PATH="+bin+":/usr/bin:/bin")
	store := filepath.Join(home, ".local/share/ragenv")
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	config := ".config/ragenv/config.toml"
	docker := ".docker/config.json"
	reset := func() {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(home)); err != nil {
			t.Fatal(err)
		}
		write(config, "backend = \"file\"\n", 0o600)
		write(docker, "{}", 0o600)
		write(oddPath, "NGC_API_KEY='a\n", 0o600)
		k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: store}, keychain.Protection{})
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range []keychain.Ref{{Kind: keychain.KindEnv, Name: "NGC_API_KEY"}, {Kind: keychain.KindEnv, Name: "A_KEY;x"}, {Kind: keychain.KindRegistry, Name: oddServer}} {
			ref.Profile = "default"
			item := keychain.Item{Ref: ref, Secret: keychain.NewSecret(scripttest.NewKey())}
			if ref.Kind == keychain.KindRegistry {
				item.Username, item.Secret = "me", keychain.NewSecret("\xff")
			}
			if err := k.Set(item); err != nil {
				t.Fatal(err)
			}
		}
	}
	nothing := func() {}
	for name, c := range map[string]struct {
		prepare func()
		args    string // PATH and SERVER stand for oddPath and oddServer
		stdin   string
		env     []string
		want    string // a word, or part of one, that some hint contains
	}{
		"a file with several readings":   {func() { write(oddPath, "A_KEY=a$b\nNGC_API_KEY=nvapi-\"x\"y\\z\n", 0o600) }, "ragenv import PATH --all", "", nil, ""},
		"a file that stays":              {func() { write(oddPath, "C_KEY='value value value 1234'; other\n", 0o600) }, "ragenv import PATH --all --remove", "", nil, ""},
		"restore without a terminal":     {nothing, "ragenv restore PATH", "", nil, "d d/p;x"},
		"backup without a terminal":      {nothing, "ragenv backup PATH.age", "", nil, "d d/p;x.age"},
		"unusual names of a file":        {func() { write(oddPath, "SETTING=a\n", 0o600) }, "ragenv import PATH --all", "", nil, ""},
		"a command that cannot be run":   {func() { write(oddPath, "", 0o600) }, "ragenv -- ./PATH", "", nil, "d d/p;x"},
		"config.toml open to others":     {func() { write(config, "", 0o666) }, "ragenv list", "", nil, filepath.Join(home, config)},
		"the helper, the same":           {func() { write(config, "", 0o666) }, "docker-credential-ngc get", "nvcr.io", nil, filepath.Join(home, config)},
		"a store open to others":         {func() { _ = os.Chmod(store, 0o777) }, "ragenv list", "", nil, store},
		"a passphrase file open to all":  {func() { write(oddPath, "x\n", 0o644) }, "ragenv backup new.age", "", []string{"RAGENV_BACKUP_PASSPHRASE_FILE=" + filepath.Join(home, oddPath)}, filepath.Join(home, oddPath)},
		"a passphrase file that is gone": {nothing, "ragenv backup new.age", "", []string{"RAGENV_BACKUP_PASSPHRASE_FILE=" + filepath.Join(home, "gone", oddPath)}, filepath.Join(home, "gone", oddPath)},
		"a broken config.json":           {func() { write(docker, "{", 0o600) }, "ragenv docker configure", "", nil, filepath.Join(home, docker)},
		"no login of a server":           {nothing, "ragenv get SERVER2", "", nil, oddServer + "2"},
		"a login that is not UTF-8":      {nothing, "docker-credential-ngc get", oddServer, nil, oddServer},
		"a login that cannot be moved":   {func() { write(docker, `{"auths":{"`+oddServer+`":{"auth":"bWU="}}}`, 0o600) }, "ragenv docker configure --store", "", nil, filepath.Join(home, docker)},
		"an item that cannot be given":   {nothing, "ragenv -- true", "", nil, "A_KEY;x"},
		"a migration":                    {nothing, "ragenv backend migrate file pass", "", nil, ""},
		"doctor": {func() {
			write(docker, `{"auths":{"`+oddServer+`":{"auth":"bWU6eA=="}},"credHelpers":{"$(id)":"x;y"}}`, 0o644)
		}, "ragenv doctor --json", "", nil, filepath.Join(home, docker)},
		"doctor of a store open to all": {func() { _ = os.Chmod(store, 0o777) }, "ragenv doctor --json", "", nil, store},
		"doctor of keys in plain text": {func() {
			write(".bashrc", "export NGC_API_KEY="+scripttest.NewKey()+"\n", 0o600)
			write(".env", "NGC_API_KEY="+scripttest.NewKey()+"\n", 0o600)
			write(".ngc/config", "[CURRENT]\napikey = "+scripttest.NewKey()+"\n", 0o600)
		}, "ragenv doctor --json", "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reset()
			c.prepare()
			args := strings.Fields(c.args)
			for i := range args {
				args[i] = strings.NewReplacer("PATH", oddPath, "SERVER", oddServer).Replace(args[i])
			}
			cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
			cmd.Dir, cmd.Env, cmd.Stdin = home, append(slices.Clone(env), c.env...), strings.NewReader(c.stdin)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal, so no prompts
			_ = cmd.Run()
			hints := hintsOf(stdout.String(), stderr.String())
			if len(hints) == 0 && c.want != "" {
				t.Fatalf("no hint: %s", stderr.String())
			}
			found := c.want == ""
			for _, hint := range hints {
				t.Log(hint)
				found = checkHint(t, hint, c.want) || found
			}
			if !found {
				t.Errorf("no hint has the word %q", c.want)
			}
		})
	}
}

func hintsOf(stdout, stderr string) (hints []string) {
	for line := range strings.Lines(stderr) {
		if _, hint, ok := strings.Cut(line, ": hint: "); ok {
			hints = append(hints, strings.TrimSuffix(hint, "\n"))
		}
	}
	var reports []struct {
		Hint string `json:"hint"`
	}
	if json.Unmarshal([]byte(stdout), &reports) == nil {
		for _, report := range reports {
			if report.Hint != "" {
				hints = append(hints, report.Hint)
			}
		}
	}
	return hints
}

// checkHint reports whether a hint contains the word. It fails if a shell cannot parse the hint or would
// run part of an odd name.
func checkHint(t *testing.T, hint, want string) bool {
	t.Helper()
	odd := slices.ContainsFunc([]string{";x", "d d", "$(id)", oddHome, "x;y"}, func(part string) bool { return strings.Contains(hint, part) })
	if !odd {
		return false // prose, not a command
	}
	check := exec.Command("sh", "-n")
	check.Stdin = strings.NewReader(hint)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sh -n refuses the hint %s: %s", hint, out)
		return false
	}
	file, err := syntax.NewParser().Parse(strings.NewReader(hint), "")
	if err != nil {
		t.Errorf("%s: %v", hint, err)
		return false
	}
	found := false
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.CmdSubst:
			var text bytes.Buffer
			_ = syntax.NewPrinter().Print(&text, node)
			if text.String() != "$(id -un)" {
				t.Errorf("the hint %s would run %s", hint, text.String())
			}
		case *syntax.CallExpr:
			if len(node.Args) > 0 && slices.Contains([]string{"x", "y", "id"}, node.Args[0].Lit()) {
				t.Errorf("the hint %s would run %s", hint, node.Args[0].Lit())
			}
		case *syntax.Word:
			found = found || want != "" && strings.Contains(literal(node), want)
		}
		return true
	})
	return found
}

// literal returns the text of a word without its quotes.
func literal(word *syntax.Word) string {
	var b strings.Builder
	var add func(parts []syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				b.WriteString(strings.ReplaceAll(part.Value, `\`, ""))
			case *syntax.SglQuoted:
				b.WriteString(part.Value)
			case *syntax.DblQuoted:
				add(part.Parts)
			}
		}
	}
	add(word.Parts)
	return b.String()
}
