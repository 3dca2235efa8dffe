package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readers maps a page to the commands that its readers have run before, in addition to the steps of
// prepare.
var readers = map[string]string{
	"README.md":       "ragenv docker configure",
	"docs/ci.md":      "rm -r .local/share/ragenv && export GITHUB_ENV=$PWD/github-env",
	"docs/sources.md": "ragenv docker configure && ragenv rm NGC_API_KEY && pass insert --multiline ngc < ngc-key > /dev/null",
	"docs/headless.md": "rm -r .local/share/ragenv && export RAGENV_PASSPHRASE_FILE=$PWD/passphrase && ragenv setup --yes && ragenv set NGC_API_KEY < ngc-key && " +
		"ragenv set CYBORGDB_API_KEY < key.txt && ragenv docker configure && ragenv lock",
}

// asDocumented lists commands that need more than their page provides, or that exit with another code than
// 0. All others run unchanged.
var asDocumented = map[string]struct {
	stdin string // the path of a file in the home
	first string // a command to run first
	codes []int  // expected exit codes, if not only 0
	needs string // a program that the command requires
	shows bool   // the output contains a secret, as it should
}{
	"ragenv setup":                                                    {stdin: "/dev/null"},
	"ragenv doctor":                                                   {codes: []int{0, 1}}, // the world has no time source to compare with, and no systemd
	"ragenv doctor --online":                                          {codes: []int{0, 1}}, // nor can it reach NVIDIA
	"ragenv set NGC_API_KEY":                                          {stdin: "ngc-key"},
	"ragenv --profile staging set NGC_API_KEY":                        {stdin: "ngc-key"},
	"ragenv rotate NGC_API_KEY --expires 90d":                         {stdin: "next-key"},
	"ragenv rotate NGC_API_KEY --restart":                             {codes: []int{0, 1}}, // 1 if this shell has the old key
	"ragenv where":                                                    {codes: []int{0, 1}},
	"ragenv set NGC_API_KEY --from-env":                               {first: "export NGC_API_KEY=$(cat ngc-key)"},
	"ragenv --profile staging -- helm list":                           {first: "ragenv set NGC_API_KEY --profile staging < ngc-key"},
	"ragenv setup --yes --no-passphrase --from-env":                   {first: "export NGC_API_KEY=$(cat ngc-key)"},
	"ragenv backup keys.age":                                          {first: "export RAGENV_BACKUP_PASSPHRASE_FILE=$PWD/passphrase"},
	"ragenv -- docker compose up -d":                                  {needs: "docker-compose"},
	"ragenv --env-file deploy.env --pristine -- docker compose up -d": {needs: "docker-compose"},
	"age -d -i ~/.local/share/ragenv/identity ~/.local/share/ragenv/items/default+env+NGC_API_KEY.age": {first: "ragenv backend use file && ragenv set NGC_API_KEY < ngc-key", needs: "age", shows: true},
	"(umask 077; read -rs p; printf '%s\\n' \"$p\" > ~/.ragenv-passphrase)":                            {stdin: "passphrase"},
	"ragenv import .env --remove":                         {first: `printf 'OBJECTSTORE_SECRETKEY=%s\n' "$(tr -d ' ' <passphrase)" >>.env`},
	"ragenv backend migrate file secret-service":          {first: "ragenv backend use file"},
	"ragenv backend migrate file pass":                    {first: "ragenv backend use file"},
	"ragenv set CYBORGDB_API_KEY --expires 90d < key.txt": {first: "ragenv rm CYBORGDB_API_KEY"},
}

// excuses lists commands that are not run here, with where they are run or why they cannot be.
var excuses = map[string]string{
	"podman pull nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b:1.8.0":                      "scripts/e2e-clients runs Podman",
	"ragenv -- podman run --rm --env NGC_API_KEY IMAGE":                                    "scripts/e2e-clients runs Podman",
	"ragenv export --format kubernetes --namespace rag | kubectl apply --server-side -f -": "scripts/e2e-kubernetes runs it with an API server",
	"kubectl create namespace rag":                                                         "scripts/e2e-kubernetes runs it with an API server",
	"ragenv passphrase":                                                                    "asks on a terminal; cmd/ragenv's tests have one",
	"ragenv reset":                                                                         "asks on a terminal; test/terminal has one",
	"ragenv restore --reset keys.age":                                                      "asks on a terminal; test/terminal has one",
	"sudo mkdir -p -m 700 /etc/credstore.encrypted":                                        "changes the machine",
	"systemd-ask-password -n | sudo systemd-creds encrypt --name=ragenv-passphrase - /etc/credstore.encrypted/ragenv-passphrase": "changes the machine",
	"sudo install -m 644 docs/examples/rag.service /etc/systemd/system/":                                                         "changes the machine",
	"sudo systemctl enable --now rag.service":                                                                                    "needs systemd",
	"sudo apt install ./ragenv_*_linux_amd64.deb":                                                                                "test/worlds/deb-round installs it",
	"sudo dnf install ./ragenv_*_linux_amd64.rpm":                                                                                "test/worlds/deb-round installs it",
	"go install github.com/ragenv/ragenv/cmd/...@latest":                                                                         "scripts/go-install-check runs it, with a version",
	"scripts/stress 5000":                    "takes hours; go test ./... runs fewer rounds, and the nightly workflow more",
	"scripts/stress 5000 -run 'TestKilled$'": "takes hours; go test ./... runs fewer rounds, and the nightly workflow more",
}

// elsewhere lists pages whose commands are not for a user's machine, in addition to the commands in
// excuses.
var elsewhere = map[string]string{
	"docs/kubernetes.md": "done as root on the nodes of a cluster; scripts/e2e-kubernetes has a kubelet's request",
	"docs/fleets.md":     "for other machines; test/ansible and backup_recipients.txtar have hosts and their keys",
	"docs/recipes.md":    "test/recipes runs them, each in a home of its own",
	"docs/releasing.md":  "needs a release, or makes one; the workflow release runs the scripts",
}

// block is a fenced block of commands.
type block struct {
	page     string
	line     int
	commands []string
}

var fence = regexp.MustCompile("^\\s*```([a-z]*)\\s*$")

// blocks returns the blocks of commands in a page: those marked sh, and the lines after a prompt of those
// marked console.
func blocks(page, text string) []block {
	var found []block
	language, current := "", block{}
	open, pending := false, ""
	for i, line := range strings.Split(text, "\n") {
		if m := fence.FindStringSubmatch(line); m != nil {
			if open && len(current.commands) > 0 {
				found = append(found, current)
			}
			open = !open
			language, current, pending = m[1], block{page: page, line: i + 1}, ""
			continue
		}
		if !open || language != "sh" && language != "console" {
			continue
		}
		line = strings.TrimSpace(line)
		if language == "console" {
			var prompt bool
			if line, prompt = strings.CutPrefix(line, "$ "); !prompt {
				continue
			}
		}
		if comment := regexp.MustCompile(`(^|\s+)# .*$`).FindStringIndex(line); comment != nil {
			line = line[:comment[0]]
		}
		line = strings.TrimSpace(pending + line)
		if strings.HasSuffix(line, "|") {
			pending = line + " "
			continue
		}
		if line != "" {
			current.commands = append(current.commands, line)
		}
		pending = ""
	}
	return found
}

// testDocuments runs the commands of the documents. Each page has its own home, and its blocks run in that
// home's directory.
func testDocuments(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents (%v)", err)
	}
	files = append([]string{filepath.Join(root, "README.md")}, files...)
	seen := map[string]bool{}
	executed, excused, parts := 0, 0, 0
	for _, file := range files {
		page, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen[page] = true
		var run []block
		for _, b := range blocks(page, string(text)) {
			parts++
			wanted := block{page: b.page, line: b.line}
			for _, command := range b.commands {
				seen[command] = true
				if excuses[command] != "" || elsewhere[page] != "" {
					excused++
					continue
				}
				executed++
				wanted.commands = append(wanted.commands, command)
			}
			if len(wanted.commands) > 0 {
				run = append(run, wanted)
			}
		}
		if len(run) > 0 {
			step(t, page, func(t *testing.T) { runPage(t, root, readers[page], run) })
		}
	}
	for _, name := range staleEntries(seen) {
		t.Errorf("no document has %s any more", name)
	}
	t.Logf("%d blocks: %d commands executed, %d excused", parts, executed, excused)
	if executed < 40 {
		t.Errorf("only %d commands were found", executed)
	}
}

// staleEntries returns the entries of the tables that are in no document.
func staleEntries(seen map[string]bool) []string {
	var stale []string
	for name := range elsewhere {
		if !seen[name] {
			stale = append(stale, name)
		}
	}
	for name := range readers {
		if !seen[name] {
			stale = append(stale, name)
		}
	}
	for name := range asDocumented {
		if !seen[name] {
			stale = append(stale, name)
		}
	}
	for name := range excuses {
		if !seen[name] {
			stale = append(stale, name)
		}
	}
	slices.Sort(stale)
	return stale
}

// prepare creates what the documents expect the reader to have: keys, files and programs.
func prepare(t *testing.T, root string) *home {
	t.Helper()
	h := newHome(t).withDesktop().withPass("")
	key := h.acceptedKey()
	h.write("ngc-key", key+"\n")
	h.write("next-key", h.secret(newKey())+"\n")
	h.write("key.txt", h.secret(newCyborgKey())+"\n")
	h.write("passphrase", h.secret("correct horse "+newKey()[6:26])+"\n")
	h.write(".env", "GITLAB_TOKEN="+h.secret("glpat-"+newKey()[6:26])+"\nLOG_LEVEL=info\n")
	h.write("deploy.env", "LOG_LEVEL=info\n")
	compose, err := os.ReadFile(filepath.Join(root, "scripts", "lib", "quickstart", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	h.write("compose.yaml", string(compose))
	for name, script := range map[string]string{
		"integration-tests": `echo "the key is $NGC_API_KEY"`,
		"train.sh":          `test -n "$NGC_API_KEY" -a -z "$CYBORGDB_API_KEY"`,
		"bin/helm":          `test "$1" = list -a -n "$NGC_API_KEY"`,
		"bin/some-command":  `test -n "$(cat)"`,
	} {
		if err := os.WriteFile(h.path(name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.newStoreIn("file")
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	h.run(h.secret(newCyborgKey()), "ragenv", "set", "CYBORGDB_API_KEY").ok()
	return h.with(
		// Clones come from this repository.
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=url.file://"+root+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/ragenv/ragenv",
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		"GOCACHE="+os.Getenv("E2E_GOCACHE"), "GOMODCACHE="+os.Getenv("E2E_GOMODCACHE"), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOTOOLCHAIN=local",
	)
}

// has reports whether the requirements of a command are met.
func (h *home) has(program string) bool {
	switch program {
	case "":
		return true
	case "go": // with its caches: under sudo, these belong to the user, not to root
		if os.Getenv("E2E_GOCACHE") == "" {
			return false
		}
	case "docker-compose":
		return os.Getenv("E2E_COMPOSE") != ""
	}
	_, err := h.lookPath(program)
	return err == nil
}

// runPage runs a page's commands in one shell, so that variables persist.
func runPage(t *testing.T, root, before string, run []block) {
	h := prepare(t, root)
	var script strings.Builder
	if before == "" {
		before = "true"
	}
	fmt.Fprintf(&script, "set -o pipefail\numask 077\n{ %s\n} >before.out 2>&1 </dev/null || { cat before.out; exit 9; }\n", before)
	type result struct {
		block
		command string
		name    string
	}
	var results []result
	for _, b := range run {
		fmt.Fprintf(&script, "cd ~\n")
		for _, command := range b.commands {
			how := asDocumented[command]
			if !h.has(how.needs) {
				t.Logf("%s:%d: not run, for want of %s: %s", b.page, b.line, how.needs, command)
				continue
			}
			r := result{b, command, fmt.Sprintf("command-%d", len(results))}
			results = append(results, r)
			h.write(r.name, command+"\n")
			stdin := how.stdin
			if stdin == "" {
				stdin = "/dev/null"
			} else if !filepath.IsAbs(stdin) {
				stdin = h.path(stdin)
			}
			first := how.first
			if first == "" {
				first = "true"
			}
			fmt.Fprintf(&script, "{ %[2]s\n} >~/%[1]s.first 2>&1 </dev/null || { echo preparation >~/%[1]s.code; cat ~/%[1]s.first; exit 9; }\n", r.name, first)
			fmt.Fprintf(&script, "eval \"$(cat ~/%[1]s)\" <%[2]s >~/%[1]s.out 2>~/%[1]s.err\necho $? >~/%[1]s.code\n", r.name, stdin)
		}
	}
	h.write("page.sh", script.String())
	h.run("", "bash", "page.sh").ok()
	for _, r := range results {
		how := asDocumented[r.command]
		read := func(suffix string) string {
			data, _ := os.ReadFile(h.path(r.name + suffix)) // a missing file is empty
			return string(data)
		}
		output := read(".first") + read(".out") + read(".err")
		code, err := strconv.Atoi(strings.TrimSpace(read(".code")))
		if codes := append(slices.Clone(how.codes), 0); err != nil || !slices.Contains(codes, code) {
			t.Errorf("%s:%d: %s: exit status %d\n%s", r.page, r.line, r.command, code, short(h.scrub(output)))
		}
		if h.leaks(output) && !how.shows {
			t.Errorf("%s:%d: %s: its output holds a secret\n%s", r.page, r.line, r.command, short(h.scrub(output)))
		}
	}
}

func TestBlocksOfDocuments(t *testing.T) {
	text := "```sh\na   # comment\nb | # more\n  c\n```\n\n```yaml\n- x\n```\n1. in a list\n   ```console\n   $ d -x '#1'\n   output\n   $ e\n   ```\n"
	got := blocks("p", text)
	if len(got) != 2 || !slices.Equal(got[0].commands, []string{"a", "b | c"}) || !slices.Equal(got[1].commands, []string{"d -x '#1'", "e"}) || got[1].line != 11 {
		t.Errorf("%+v", got)
	}
	if stale := staleEntries(map[string]bool{}); len(stale) != len(elsewhere)+len(readers)+len(asDocumented)+len(excuses) {
		t.Errorf("%d entries are stale without any document", len(stale))
	}
}
