//go:build linux

// Package recipes_test runs the recipes of docs/recipes.md: the commands come from the page, each with a
// new home and new keys.
package recipes_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

// recipe is a section of docs/recipes.md.
type recipe struct {
	title  string
	blocks map[string]string // by language; the first block of each
	status string            // the last paragraph, which says how it is tested
}

var fenced = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

func recipes(t *testing.T) map[string]recipe {
	t.Helper()
	page, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]recipe{}
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		r := recipe{title: title, blocks: map[string]string{}}
		for _, m := range fenced.FindAllStringSubmatch(body, -1) {
			if r.blocks[m[1]] == "" {
				r.blocks[m[1]] = m[2]
			}
		}
		paragraphs := strings.Split(strings.TrimSpace(body), "\n\n")
		r.status = paragraphs[len(paragraphs)-1]
		found[title] = r
	}
	return found
}

// home is a user's home, with a keychain that holds one key.
type home struct {
	*testing.T
	dir, key string
	env      []string
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

func (h home) write(name, text string) {
	h.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o700); err != nil {
		h.Fatal(err)
	}
	mode := os.FileMode(0o600)
	if strings.HasPrefix(text, "#!") {
		mode = 0o700
	}
	if err := os.WriteFile(h.path(name), []byte(text), mode); err != nil {
		h.Fatal(err)
	}
}

func (h home) read(name string) string {
	data, _ := os.ReadFile(h.path(name)) // a missing file is empty
	return string(data)
}

// run runs a program without a terminal. It returns standard output, the whole output, and the exit code.
func (h home) run(stdin string, args ...string) (stdout, all string, code int) {
	h.Helper()
	cmd := exec.Command("/usr/bin/env", append([]string{"setsid", "--wait"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = h.dir, h.env, strings.NewReader(stdin)
	var both strings.Builder
	cmd.Stderr = &both
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.Fatal(err)
	}
	return string(out), string(out) + both.String(), cmd.ProcessState.ExitCode()
}

// shell runs a block of the page. The block must succeed and print no key.
func (h home) shell(block string) {
	h.Helper()
	if block == "" {
		h.Fatal("the page has no such block")
	}
	h.write("block.sh", block)
	_, all, code := h.run("", "bash", "-e", "-o", "pipefail", "block.sh")
	if code != 0 || strings.Contains(all, h.key) {
		h.Fatalf("exit code %d\n%s", code, h.hide(all))
	}
}

func (h home) hide(text string) string { return strings.ReplaceAll(text, h.key, "***") }

// standIn puts a program on PATH that writes its arguments to PROGRAM.args and then runs script.
func (h home) standIn(program, script string) {
	h.write("bin/"+program, "#!/bin/sh\nprintf '%s\\n' \"$*\" >>~/"+program+".args\n"+script+"\n")
}

// given checks that a stand-in got the key in a file that it wrote, and not in its arguments.
func (h home) given(program, file string) {
	h.Helper()
	if got := strings.TrimSpace(h.read(file)); got != h.key {
		h.Errorf("%s was not given the key, but %d bytes", program, len(got))
	}
	if strings.Contains(h.read(program+".args"), h.key) {
		h.Errorf("%s has the key in its arguments", program)
	}
}

func newHome(t *testing.T, passphrase bool) home {
	t.Helper()
	h := home{T: t, dir: t.TempDir(), key: scripttest.NewKey()}
	h.env = []string{"HOME=" + h.dir, "PATH=" + h.path("bin") + ":" + filepath.Dir(scripttest.Binary(t, scripttest.Ragenv)) + ":/usr/local/bin:/usr/bin:/bin"}
	h.write("passphrase", scripttest.NewKey()+"\n")
	before := h.env
	setup := []string{"ragenv", "setup", "--yes", "--no-passphrase"}
	if passphrase {
		setup = setup[:3]
		h.env = append(slices.Clone(before), "RAGENV_PASSPHRASE_FILE="+h.path("passphrase"))
	}
	h.ok("", setup...)
	h.ok(h.key, "ragenv", "set", "NGC_API_KEY", "--expires", "90d")
	if passphrase {
		h.ok("", "ragenv", "lock")
	}
	h.env = before
	return h
}

func (h home) ok(stdin string, args ...string) string {
	h.Helper()
	stdout, all, code := h.run(stdin, args...)
	if code != 0 {
		h.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, h.hide(all))
	}
	return stdout
}

// needs skips the test if a program is not installed.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

const writesKey = `printf %s "$NGC_API_KEY" >~/given`

var runs = map[string]func(t *testing.T, r recipe){
	"Slurm": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.write("train.sh", "#!/bin/sh\n"+writesKey+"\n")
		h.shell(r.blocks["sh"])
		h.given("train.sh", "given")
	},
	"enroot": func(t *testing.T, r recipe) {
		// If a line has six or more words and the sixth starts with $, enroot passes the sixth and the rest
		// to "echo" in a shell.
		words := strings.SplitN(strings.TrimSpace(r.blocks["text"]), " ", 6)
		if len(words) != 6 || !strings.HasPrefix(words[5], "$") || !slices.Equal(words[:5], []string{"machine", "nvcr.io", "login", "$oauthtoken", "password"}) {
			t.Fatalf("enroot would not evaluate %q", words)
		}
		evaluate := "{ stty sane; echo " + words[5] + "; } 2>/dev/null"
		h := newHome(t, false)
		if got := h.ok("", "sh", "-c", evaluate); got != h.key+"\n" {
			t.Errorf("the password is not the key: %d bytes", len(got))
		}
		h = newHome(t, true)
		stdout, all, code := h.run("", "sh", "-c", evaluate)
		if stdout != "\n" || all != "\n" || code != 0 {
			t.Errorf("locked: %q, exit code %d", h.hide(all), code)
		}
		if _, all, code := h.run("", "ragenv", "get", "NGC_API_KEY"); code == 0 || !strings.Contains(all, "ragenv: error: the keychain is locked") {
			t.Errorf("the cause is not shown: exit code %d: %s", code, h.hide(all))
		}
	},
	"Apptainer": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.write(".config/ragenv/config.toml", h.read(".config/ragenv/config.toml")+r.blocks["toml"])
		h.standIn("apptainer", `test "$APPTAINER_DOCKER_USERNAME" = '$oauthtoken'; printf %s "$APPTAINER_DOCKER_PASSWORD" >~/given`)
		h.shell(r.blocks["sh"])
		h.given("apptainer", "given")
	},
	"Docker Swarm": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.standIn("docker", "cat >~/given")
		first, _, _ := strings.Cut(r.blocks["sh"], "\n")
		h.shell(first)
		h.given("docker", "given")
	},
	"Docker build": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.standIn("docker", writesKey)
		h.shell(r.blocks["sh"])
		h.given("docker", "given")
	},
	"Compose secrets": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.standIn("docker", writesKey)
		h.shell(r.blocks["sh"])
		h.given("docker", "given")
	},
	"Dev containers": func(t *testing.T, r recipe) {
		if !json.Valid([]byte(r.blocks["json"])) {
			t.Error("the file is not JSON")
		}
		h := newHome(t, false)
		h.standIn("code", writesKey)
		h.shell(r.blocks["sh"])
		h.given("code", "given")
	},
	"Jupyter": func(t *testing.T, r recipe) {
		needs(t, "/usr/bin/python3")
		var kernel struct{ Argv []string }
		if err := json.Unmarshal([]byte(r.blocks["json"]), &kernel); err != nil {
			t.Fatal(err)
		}
		h := newHome(t, false)
		h.write("ipykernel_launcher.py", "import os, sys\nassert sys.argv[1:] == ['-f', '{connection_file}']\nopen('given', 'w').write(os.environ['NGC_API_KEY'])\n")
		h.ok("", kernel.Argv...)
		h.given("ipykernel_launcher", "given")
	},
	"direnv": func(t *testing.T, r recipe) {
		needs(t, "direnv")
		h := newHome(t, false)
		h.write("project/.envrc", r.blocks["sh"])
		h.ok("", "direnv", "allow", "project")
		h.ok("", "direnv", "exec", "project", "sh", "-c", writesKey)
		h.given("direnv", "given")
	},
	"systemd timer": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		if err := os.CopyFS(h.path("docs/examples"), os.DirFS("../../docs/examples")); err != nil {
			t.Fatal(err)
		}
		commands, last, found := strings.Cut(r.blocks["sh"], "systemctl --user ")
		if !found || strings.TrimSpace(last) != "enable --now ragenv-expiry.timer" {
			t.Fatalf("the page's last line is %q", last)
		}
		h.shell(commands)
		service := h.read(".config/systemd/user/ragenv-expiry.service")
		line := regexp.MustCompile(`(?m)^ExecStart=%h/(\.local/bin/ragenv) (.*)$`).FindStringSubmatch(service)
		if line == nil {
			t.Fatalf("no command: %s", service)
		}
		h.install(line[1])
		h.expiry(append([]string{h.path(line[1])}, strings.Fields(line[2])...))
		needs(t, "systemd-analyze")
		units := []string{h.path(".config/systemd/user/ragenv-expiry.service"), h.path(".config/systemd/user/ragenv-expiry.timer")}
		// A user's systemd has a runtime directory.
		h.env = append(h.env, "XDG_RUNTIME_DIR="+t.TempDir())
		verify := append([]string{"systemd-analyze", "--user", "verify", "--man=no"}, units...)
		if _, all, code := h.run("", verify...); code != 0 || strings.Contains(all, "ragenv-expiry") {
			t.Errorf("exit code %d\n%s", code, all)
		}
		h.write(".config/systemd/user/ragenv-expiry.timer", strings.Replace(h.read(".config/systemd/user/ragenv-expiry.timer"), "OnCalendar=daily", "OnCalendar=dayly", 1))
		if _, all, _ := h.run("", verify...); !strings.Contains(all, "dayly") {
			t.Errorf("a mistake is not found: %s", all)
		}
	},
	"cron": func(t *testing.T, r recipe) {
		h := newHome(t, false)
		h.install(".local/bin/ragenv")
		command, found := strings.CutPrefix(strings.TrimSpace(r.blocks["text"]), "0 8 * * * ")
		if !found || strings.Contains(command, "%") {
			t.Fatalf("not a line of a crontab: %s", command)
		}
		h.expiry([]string{"env", "-i", "HOME=" + h.dir, "PATH=/usr/bin:/bin", "sh", "-c", command})
	},
}

// install puts ragenv where the user keeps programs.
func (h home) install(name string) {
	h.Helper()
	h.write(name, "")
	if err := os.Remove(h.path(name)); err != nil {
		h.Fatal(err)
	}
	if err := os.Symlink(scripttest.Binary(h.T, scripttest.Ragenv), h.path(name)); err != nil {
		h.Fatal(err)
	}
}

// expiry checks that a command is silent while the key is valid for long, and otherwise fails and names the
// key.
func (h home) expiry(command []string) {
	h.Helper()
	if _, all, code := h.run("", command...); code != 0 || all != "" {
		h.Errorf("90 days left: exit code %d: %q", code, h.hide(all))
	}
	h.ok(h.key, "ragenv", "set", "NGC_API_KEY", "--expires", "3d")
	if stdout, all, code := h.run("", command...); code != 3 || !strings.Contains(stdout, "NGC_API_KEY") || strings.Contains(all, h.key) {
		h.Errorf("3 days left: exit code %d: %q", code, h.hide(all))
	}
}

func TestRecipes(t *testing.T) {
	needs(t, "bash")
	needs(t, "setsid")
	page := recipes(t)
	for title, r := range page {
		run := runs[title]
		switch {
		case strings.HasPrefix(r.status, "Tested "), strings.HasPrefix(r.status, "Not tested: ") && strings.Contains(r.status, "stand-in"):
			if run == nil {
				t.Errorf("%s: the page says that it is tested: %s", title, r.status)
				continue
			}
			t.Run(strings.ReplaceAll(title, " ", "_"), func(t *testing.T) { run(t, r) })
		case strings.HasPrefix(r.status, "Not tested: "):
			if run != nil {
				t.Errorf("%s: the page says that it is not tested", title)
			}
		default:
			t.Errorf("%s: the page does not say how it is tested: %q", title, r.status)
		}
	}
	for title := range runs {
		if _, found := page[title]; !found {
			t.Errorf("the page has no recipe %s any more", title)
		}
	}
}
