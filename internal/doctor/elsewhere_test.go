package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestEnvironment(t *testing.T) {
	h := newHome(t)
	key := h.keys["NGC_API_KEY"]
	h.expect(h.environment, OK, "no variable here differs", "")
	h.env["NGC_API_KEY"], h.env["NVIDIA_API_KEY"] = key, key
	h.expect(h.environment, OK, "2 variables set here, to what is stored", "")
	h.env["NVIDIA_API_KEY"], h.keys["stale"] = scripttest.NewKey(), h.env["NVIDIA_API_KEY"]
	h.expect(h.environment, Warning, "NVIDIA_API_KEY is set here to another value than the stored NGC_API_KEY", "unset NVIDIA_API_KEY")
	h.env["NGC_API_KEY"] = "stale"
	h.expect(h.environment, Warning, "NGC_API_KEY is set here to another value than the stored one; NVIDIA_API_KEY", "unset NGC_API_KEY")

	// An alias with its own item uses that item.
	h = newHome(t)
	h.put("NVIDIA_API_KEY", scripttest.NewKey())
	h.env["NVIDIA_API_KEY"] = h.keys["NVIDIA_API_KEY"]
	h.expect(h.environment, OK, "1 variable set here", "")

	h = newHome(t)
	h.write(h.Paths.ConfigFile, "[aliases]\nMY_ALIAS = \"NGC_API_KEY\"\n")
	h.loadConfig()
	h.env["MY_ALIAS"] = "stale"
	h.expect(h.environment, Warning, "MY_ALIAS is set here", "unset MY_ALIAS")
}

func TestStartupFiles(t *testing.T) {
	stray := scripttest.NewKey()
	for name, c := range map[string]struct {
		file, text string // KEY is the stored key, STALE a different one
		status     Status
		detail     string
		hint       string
	}{
		"stale":          {".bashrc", "# mine\nexport NGC_API_KEY=STALE\n", Warning, "~/.bashrc:2 sets NGC_API_KEY to another value than the stored one", "+2 "},
		"stored":         {".zshrc", "export NGC_API_KEY='KEY'", Warning, "~/.zshrc:1 holds the stored NGC_API_KEY in plain text", "unset NGC_API_KEY"},
		"alias":          {".profile", `NVIDIA_API_KEY="STALE"; export NVIDIA_API_KEY`, Warning, "~/.profile:1 sets NVIDIA_API_KEY to another value", "+1 "},
		"fish":           {".config/fish/config.fish", "set -gx NGC_API_KEY STALE\n", Warning, "config.fish:1 sets NGC_API_KEY", "+1 "},
		"fish universal": {".config/fish/fish_variables", "# VERSION: 3.0\nSETUVAR --export NGC_API_KEY:FISH\n", Warning, "fish_variables:2 holds the stored NGC_API_KEY", "ragenv import "},
		"csh":            {".cshrc", "setenv NGC_API_KEY STALE\n", Warning, "~/.cshrc:1 sets NGC_API_KEY", "+1 "},
		"systemd":        {".config/environment.d/keys.conf", "NGC_API_KEY=STALE\n", Warning, "keys.conf:1 sets NGC_API_KEY", "+1 "},
		"placeholder":    {".bashrc", "export NGC_API_KEY=your-key-here\n", Warning, "~/.bashrc:1 sets NGC_API_KEY to another value", "+1 "},
		"in a command":   {".bashrc", "alias l=\"docker login -u x -p STALE nvcr.io\"\n", Warning, "~/.bashrc:1 holds an NGC key in plain text", "${EDITOR:-vi} +1 "},
		"commented":      {".bashrc", "#export NGC_API_KEY=STALE\n", Warning, "~/.bashrc:1 holds an NGC key in plain text", "${EDITOR:-vi} +1 "},
		"other name":     {".bashrc", "MY_OLD_KEY=STALE\n", Warning, "~/.bashrc:1 holds MY_OLD_KEY in plain text", "ragenv import --only MY_OLD_KEY "},
		"expansion":      {".bashrc", "export NVIDIA_API_KEY=${NGC_API_KEY}\nexport NGC_API_KEY=\"$(ragenv get NGC_API_KEY)\"\n", OK, "no key in a shell start-up file", ""},
		"harmless":       {".bashrc", "export NGC_API_KEY=\nexport PATH=$PATH:/x\nif [ \"$NGC_API_KEY\" = x ]; then :; fi\n", OK, "no key", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.keys["stray"] = stray
			escaped := strings.ReplaceAll(h.keys["NGC_API_KEY"], "-", `\x2d`)
			h.file(c.file, strings.NewReplacer("FISH", escaped, "_API_KEY", "_API_KEY", "_OLD_KEY", "_OLD_KEY", "KEY", h.keys["NGC_API_KEY"], "STALE", stray).Replace(c.text))
			h.expect(h.startupFiles, c.status, c.detail, c.hint)
		})
	}
	t.Run("of the system", func(t *testing.T) {
		h := newHome(t)
		h.keys["stray"] = stray
		path := filepath.Join(t.TempDir(), "environment")
		h.write(path, "NGC_API_KEY=\""+stray+"\"\n")
		h.systemFiles = []string{path}
		h.expect(h.startupFiles, Warning, path+":1 sets NGC_API_KEY", "+1 ")
	})
	t.Run("nothing stored", func(t *testing.T) {
		h := emptyHome(t)
		h.keys["stray"] = stray
		h.file(".bashrc", "export NGC_API_KEY="+stray+"\nexport CYBORGDB_API_KEY=<your-key>\n")
		h.expect(h.startupFiles, Warning, "~/.bashrc:1 holds NGC_API_KEY in plain text", "ragenv import ")
	})
	t.Run("ZDOTDIR", func(t *testing.T) {
		h := newHome(t)
		dir := "z[1]*" // not a pattern
		if runtime.GOOS == "windows" {
			dir = "z" // patterns have no escapes here
		}
		h.keys["stray"], h.env["ZDOTDIR"] = stray, filepath.Join(t.TempDir(), dir)
		h.write(filepath.Join(h.env["ZDOTDIR"], ".zshrc"), "export NGC_API_KEY="+stray+"\n")
		h.expect(h.startupFiles, Warning, ".zshrc:1 sets NGC_API_KEY", "+1 ")
	})
	t.Run("not a text", func(t *testing.T) {
		h := newHome(t)
		h.file(".bashrc/x", "")
		h.file(".zshrc", strings.Repeat("#", 1<<20+1))
		h.expect(h.startupFiles, OK, "no key", "")
	})
}

func TestGitEnvFiles(t *testing.T) {
	h := newHome(t)
	env := filepath.Join(h.Dir, ".env")
	h.expect(h.gitEnvFiles, OK, "no key in the .env, .envrc and Compose files", "")
	h.write(env, "# settings\nexport NVIDIA_API_KEY=${NGC_API_KEY}\nNGC_API_KEY=<your-ngc-api-key>\nOBJECTSTORE_SECRETKEY=minioadmin\n")
	h.expect(h.gitEnvFiles, OK, "no key in the .env, .envrc and Compose files", "")
	h.write(env, "A=1\nNGC_API_KEY="+h.keys["NGC_API_KEY"]+"\n")
	h.expect(h.gitEnvFiles, Warning, ".env:2 holds NGC_API_KEY in plain text", "ragenv import "+env+" --remove") // no git on PATH

	scripttest.Git(t, h.Dir, "init", "-q")
	h.env["PATH"] = os.Getenv("PATH")
	h.expect(h.gitEnvFiles, Warning, ".env:2 holds NGC_API_KEY, and the next git add", "ragenv import "+env+" --remove")
	scripttest.Git(t, h.Dir, "add", ".env")
	h.expect(h.gitEnvFiles, Failed, ".env:2 holds NGC_API_KEY, and git tracks the file", "ragenv import "+env+" --remove")
	scripttest.Git(t, h.Dir, "rm", "-q", "--cached", ".env")
	h.write(filepath.Join(h.Dir, ".gitignore"), ".env\n")
	h.expect(h.gitEnvFiles, Warning, "in plain text; git ignores it", "ragenv import ")

	// The Blueprint's layout: a tracked file that is sourced. A key that differs from the stored one also
	// counts.
	h.write(env, "")
	h.keys["stray"] = scripttest.NewKey()
	h.write(filepath.Join(h.Dir, "deploy.env"), "export CYBORGDB_API_KEY=\"\"\nexport NGC_API_KEY=\""+h.keys["stray"]+"\"\n")
	scripttest.Git(t, h.Dir, "add", "deploy.env")
	h.expect(h.gitEnvFiles, Failed, "deploy.env:2 holds NGC_API_KEY", "${EDITOR:-vi} +2 ")

	// In a subdirectory of the repository, only that directory's files count.
	top := h.Dir
	h.Dir = filepath.Join(top, "deploy", "compose")
	h.write(filepath.Join(h.Dir, ".env"), "")
	h.expect(h.gitEnvFiles, OK, "no key in the .env", "")
	h.write(filepath.Join(h.Dir, "my keys.env"), "NGC_API_KEY="+h.keys["stray"])
	scripttest.Git(t, h.Dir, "add", ".")
	h.expect(h.gitEnvFiles, Failed, "my keys.env:1 holds NGC_API_KEY", "${EDITOR:-vi} +1 '")
	h.Dir = top

	// An unreadable index.
	h.write(filepath.Join(h.Dir, ".git", "index"), "nonsense")
	h.expect(h.gitEnvFiles, Warning, "could not check whether git tracks", "git ls-files")
}

// TestGitRunsNothing checks that doctor runs no program that an untrusted repository configures for git.
func TestGitRunsNothing(t *testing.T) {
	for name, spring := range map[string]func(h *home, trap string){
		"a file system monitor": func(h *home, trap string) { scripttest.Git(t, h.Dir, "config", "core.fsmonitor", trap) },
		"a pager and aliases": func(h *home, trap string) {
			for _, command := range []string{"ls-files", "check-ignore"} {
				scripttest.Git(t, h.Dir, "config", "alias."+command, "!"+trap)
				scripttest.Git(t, h.Dir, "config", "pager."+command, "true")
			}
			scripttest.Git(t, h.Dir, "config", "core.pager", trap)
		},
		"a hook": func(h *home, trap string) {
			hooks := filepath.Join(h.Dir, ".git", "hooks")
			for _, hook := range []string{"post-index-change", "pre-auto-gc", "reference-transaction"} {
				h.write(filepath.Join(hooks, hook), "#!/bin/sh\n"+trap+"\n")
				if err := os.Chmod(filepath.Join(hooks, hook), 0o700); err != nil {
					t.Fatal(err)
				}
			}
		},
		"a filter": func(h *home, trap string) {
			h.write(filepath.Join(h.Dir, ".gitattributes"), "* filter=x diff=x\n")
			for _, key := range []string{"filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.x.command", "diff.x.textconv"} {
				scripttest.Git(t, h.Dir, "config", key, trap)
			}
		},
		"a partial clone with a sparse index and a missing tree": func(h *home, trap string) {
			h.write(filepath.Join(h.Dir, "in", "a"), "a")
			h.write(filepath.Join(h.Dir, "out", "deep", "b"), "b")
			scripttest.Git(t, h.Dir, "add", "in", "out")
			scripttest.Git(t, h.Dir, "commit", "-q", "-m", "x")
			scripttest.Git(t, h.Dir, "sparse-checkout", "set", "--cone", "--sparse-index", "in")
			for key, value := range map[string]string{
				"core.repositoryFormatVersion": "1", "extensions.partialClone": "origin", "remote.origin.promisor": "true",
				"remote.origin.url": h.Dir, "remote.origin.uploadpack": trap, "protocol.allow": "always", "protocol.file.allow": "always",
			} {
				scripttest.Git(t, h.Dir, "config", key, value)
			}
			objects, err := filepath.Glob(filepath.Join(h.Dir, ".git", "objects", "??"))
			if err != nil || len(objects) == 0 {
				t.Fatalf("%q, %v", objects, err)
			}
			for _, dir := range objects {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			scripttest.Git(t, h.Dir, "init", "-q")
			sprung := filepath.Join(t.TempDir(), "sprung")
			trap := h.program("trap", "touch "+sprung)
			spring(h, trap)
			h.write(filepath.Join(h.Dir, ".env"), "NGC_API_KEY="+h.keys["NGC_API_KEY"]+"\n")
			h.env["PATH"] = os.Getenv("PATH")
			result := h.gitEnvFiles(t.Context())
			if _, err := os.Stat(sprung); err == nil {
				t.Error("git ran the repository's program")
			}
			if result.Status != Warning || !strings.Contains(result.Detail, "the next git add") {
				t.Errorf("%+v", result)
			}
		})
	}
}
