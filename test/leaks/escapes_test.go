//go:build linux || darwin

package leaks

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// hostile contains what terminals act on: a title, a cleared screen, a C1 sequence, a carriage return, a
// reversed direction.
const hostile = "x\x1b]0;t\x07\x1b[2J\u009b31m\r\u202ey"

func hostileItems() []keychain.Item {
	secret := keychain.NewSecret(scripttest.NewKey())
	item := func(kind keychain.Kind, name, user string) keychain.Item {
		ref := keychain.Ref{Profile: "default", Kind: kind, Name: name}
		return keychain.Item{Ref: ref, Username: user, Secret: secret}
	}
	return []keychain.Item{
		item(keychain.KindEnv, "A_KEY"+hostile, ""), item(keychain.KindPrevious, "B_KEY"+hostile, ""), item(keychain.KindRegistry, hostile+".example", "me"),
		item(keychain.KindRegistry, "quay.io", "me"+hostile), item(keychain.KindRegistry, "nvcr.io", "me"+hostile),
	}
}

const hostilePassphrase = "correct horse battery"

// hostileBackup is created once, since encrypting takes a second.
var hostileBackup = sync.OnceValue(func() string {
	var file bytes.Buffer
	if err := backup.Write(&file, hostileItems(), []byte(hostilePassphrase), time.Now()); err != nil {
		panic(err)
	}
	return file.String()
})

// newHostileWorld returns a leakWorld in which every name that others can choose is hostile: items stored
// by an earlier release, user names, Docker's and ragenv's configuration, a backup, and the output of other
// programs.
func newHostileWorld(t *testing.T, service string, home leakHome) *leakWorld {
	t.Helper()
	w := newLeakWorld(t, service, home)
	for _, item := range hostileItems() {
		k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: w.store()})
		w.must(err)
		w.must(k.Set(item))
	}
	w.file("hostile.age", hostileBackup())
	w.file("backup-passphrase", hostilePassphrase)
	quoted, err := json.Marshal(hostile)
	w.must(err)
	word := strings.Trim(string(quoted), `"`) // as encoded in JSON and TOML
	tomlWord := strings.NewReplacer("\r", `\r`, "\x1b", `\u001b`, "\x07", `\u0007`, "\u009b", `\u009b`, "\u202e", `\u202e`).Replace(hostile)
	w.file(".docker/config.json", `{"auths":{"`+word+`.example":{"auth":"bWU6eA=="},"docker.example":{"username":"`+word+`","password":"x"}},
		"credHelpers":{"`+word+`":"`+word+`","nvcr.io":"`+word+`"},"credsStore":"`+word+`","currentContext":"`+word+`"}`)
	w.file(".config/ragenv/config.toml", "backend = \"file\"\n\""+tomlWord+"\" = \""+tomlWord+"\"\n[aliases]\n\"C_KEY"+tomlWord+"\" = \"D"+tomlWord+"\"\nE_KEY = \"CYBORGDB_API_KEY\"\n")
	w.file(hostile+".env", "NGC_API_KEY=$("+hostile+")\n"+hostile+"_KEY=some-value\nF_KEY='a\n"+hostile+"=1\n")
	w.file(".netrc", "machine "+hostile+" login "+hostile+" password "+w.values["file"]+"\n")
	bin := filepath.Join(w.dir, "bin")
	w.must(os.MkdirAll(bin, 0o700))
	for _, program := range []string{"docker", "podman", "kubectl", "helm", "docker-credential-pass"} {
		w.must(os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\nprintf '%s\\n' '"+hostile+"'; printf '%s\\n' '"+hostile+"' >&2\nexit 1\n"), 0o700))
	}
	w.env["PATH"] = bin + string(os.PathListSeparator) + w.env["PATH"]
	w.env["DOCKER_HOST"] = "tcp://" + hostile + ".invalid:1"
	w.env["DOCKER_CONTEXT"] = hostile
	return w
}

// TestNothingSteersTheTerminal runs every command in a world of hostile names and checks both output
// streams. The keychain is open; the long form also tries a locked one.
func TestNothingSteersTheTerminal(t *testing.T) {
	homes := leakHomes[:1]
	if rounds.Long() {
		homes = leakHomes[:2]
	}
	for _, home := range homes {
		for _, program := range []string{scripttest.Ragenv, scripttest.Helper} {
			t.Run(home.name+" "+program, func(t *testing.T) {
				type run struct {
					line  []string
					input string
				}
				var runs []run
				cases := leakCases
				if program == scripttest.Helper {
					cases = helperCases
				}
				for _, path := range slices.Sorted(maps.Keys(cases)) {
					for _, c := range cases[path] {
						line := strings.Fields(c.args)
						for i := range line {
							if strings.Contains(line[i], "{") {
								line[i] = strings.NewReplacer("{ngc}", hostile, "{typed}", hostile).Replace(line[i])
							}
						}
						if slices.Contains(line, "env") {
							continue // prints its own environment
						}
						runs = append(runs, run{line, strings.NewReplacer("{ngc}", hostile, "{typed}", hostile).Replace(c.input)})
					}
				}
				if program == scripttest.Ragenv {
					for _, line := range [][]string{
						{"get", "A_KEY" + hostile}, {"get", hostile + ".example"}, {"rm", hostile}, {"set", hostile}, {"rotate", hostile},
						{"import", hostile + ".env", "--all"}, {"import", hostile + ".env", "--as", "shell", "--dry-run"}, {"import", "--docker", "--all"},
						{"import", ".netrc", "--all", "--dry-run"}, {"restore", "hostile.age"}, {"restore", "hostile.age", "--force"}, {"backup", hostile + "/x"},
						{"--profile", hostile, "list"}, {"where", "--path", hostile}, {"--env-file", hostile + ".env", "--", "true"}, {"--", hostile},
						{"--only", hostile, "--", "true"}, {hostile}, {"list", "--" + hostile}, {"helm", "fetch", "a", "b", "c", "ngc://" + hostile},
						{"verify", "--image", "nvcr.io/" + hostile}, {"list", "--expiring", hostile}, {"unlock", "--for", hostile},
					} {
						runs = append(runs, run{line, ""})
					}
				} else {
					runs = append(runs, run{[]string{hostile}, ""}, run{[]string{"get"}, "quay.io"})
				}
				service := echo(t)
				for _, r := range runs {
					w := newHostileWorld(t, service, home)
					runHostile(w, scripttest.Binary(t, program), r.input, r.line)
				}
			})
		}
	}
}

func runHostile(w *leakWorld, program, input string, args []string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*terminal.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = filepath.Join(w.dir, "home")
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil || ctx.Err() != nil {
		w.t.Fatalf("%q: %v, %v", args, err, ctx.Err())
	}
	for stream, text := range map[string]string{"standard output": stdout.String(), "standard error": stderr.String()} {
		for line := range strings.Lines(text) {
			if strings.ContainsFunc(line, func(r rune) bool {
				return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
			}) {
				w.t.Errorf("%q: %s: %q", args, stream, ui.WithoutKeys(line))
			}
		}
	}
}
