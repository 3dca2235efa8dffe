package places

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// With the default environment, each program's file is in its default location.
func TestPlacesOfAHome(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the paths are Linux'")
	}
	w := newWorld(t)
	const auths = `{"auths": {"nvcr.io": {"auth": "bWU6azE="}}}`
	var want []string
	for _, c := range []struct{ place, path, text, found string }{
		{"docker", ".docker/config.json", auths, ":1 auths nvcr.io=k1"},
		{"docker", "snap/docker/current/.docker/config.json", auths, ":1 auths nvcr.io=k1"},
		{"podman", ".config/containers/auth.json", auths, ":1 auths nvcr.io=k1"},
		{"ngc-cli", ".ngc/config", "[CURRENT]\napikey = k1\n", ":2 apikey of [CURRENT]=k1"},
		{"helm-repositories", ".config/helm/repositories.yaml", "repositories:\n- name: x\n  password: k1\n", ":3 password of the repository x=k1"},
		{"helm-registry", ".config/helm/registry/config.json", auths, ":1 auths nvcr.io=k1"},
		{"enroot", ".config/enroot/.credentials", "machine nvcr.io login x password k1\n", ":1 password of nvcr.io=k1"},
		{"netrc", ".netrc", "machine nvcr.io login x password k1\n", ":1 password of nvcr.io=k1"},
		{"apptainer", ".apptainer/docker-config.json", auths, ":1 auths nvcr.io=k1"},
		{"regctl", ".regctl/config.json", `{"hosts": {"nvcr.io": {"pass": "k1"}}}`, ":1 pass of nvcr.io=k1"},
		{"startup-file", ".bashrc", "A=k1\n", ":1 A=k1"},
		{"startup-file", ".bashrc.d/keys", "A=k1\n", ":1 A=k1"},
		{"startup-file", ".config/fish/conf.d/a.fish", "set -x A k1\n", ":1 A=k1"},
		{"shell-history", ".bash_history", "A=k1\n", ":1 =A=k1"},
		{"shell-history", ".local/share/fish/fish_history", "- cmd: A=k1\n  when: 1\n", ":1 =- cmd: A=k1"},
	} {
		w.write(c.path, c.text)
		want = append(want, c.place+" "+c.path+c.found)
	}
	w.write(".config/fish/conf.d/a.txt", "set -x A other\n")
	found, unread := w.scan()
	if !slices.Equal(found, want) || len(unread) > 0 {
		t.Errorf("%s\nwant %s\nunread: %v", strings.Join(found, "\n"), strings.Join(want, "\n"), unread)
	}

	// If a program's directory is moved, the default location usually does not count.
	for variable, dir := range map[string]string{"HELM_CONFIG_HOME": "helm", "XDG_DATA_HOME": "data", "DOCKER_CONFIG": "docker", "ZSH": "zsh", "XDG_RUNTIME_DIR": "run"} {
		w.env[variable] = filepath.Join(w.opts.Home, dir)
	}
	w.env["XDG_CONFIG_HOME"] = "not/absolute"
	w.write("helm/repositories.yaml", "repositories:\n- name: x\n  password: k2\n")
	w.write("data/fish/fish_history", "- cmd: A=k2\n")
	w.write("docker/config.json", strings.ReplaceAll(auths, "bWU6azE=", "bWU6azI="))
	w.write("zsh/custom/a.zsh", "A=k2\n")
	w.write("run/containers/auth.json", strings.ReplaceAll(auths, "bWU6azE=", "bWU6azI="))
	found, _ = w.scan()
	for _, line := range []string{
		"docker docker/config.json:1 auths nvcr.io=k2", "docker .docker/config.json:1 auths nvcr.io=k1", "helm-repositories helm/repositories.yaml:3 password of the repository x=k2",
		"shell-history data/fish/fish_history:1 =- cmd: A=k2", "startup-file zsh/custom/a.zsh:1 A=k2", "podman .config/containers/auth.json:1 auths nvcr.io=k1", "podman run/containers/auth.json:1 auths nvcr.io=k2",
	} {
		if !slices.Contains(found, line) {
			t.Errorf("not found: %s", line)
		}
	}
	for _, line := range found {
		if strings.Contains(line, ".config/helm/") || strings.Contains(line, ".local/share/") {
			t.Errorf("found where it is not read any more: %s", line)
		}
	}
}

// A scan without a home or an environment finds nothing, and does not fail.
func TestScanOfNothing(t *testing.T) {
	searched, unread := Scan(context.Background(), Options{System: []string{}}, func(f Finding) {
		if f.Place != Podman {
			t.Errorf("%s: %s", f.Place, f.Path)
		}
	})
	if len(searched) != len(table) || len(unread) != 0 {
		t.Errorf("%d searched, %v", len(searched), unread)
	}
}

// The system-wide files are searched unless others are named.
func TestSystemFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has none")
	}
	before := systemStartupFiles
	t.Cleanup(func() { systemStartupFiles = before })
	w := newWorld(t)
	systemStartupFiles = []string{w.write("etc/profile", "A=k1\n")}
	if found, _ := w.scan(); len(found) != 0 {
		t.Errorf("%q", found)
	}
	w.opts.System = nil
	if found, _ := w.scan(); !slices.Equal(found, []string{"startup-file etc/profile:1 A=k1"}) {
		t.Errorf("%q", found)
	}
}

// The command that removes a value suits the file.
func TestFixes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the commands are those of Linux")
	}
	w := newWorld(t)
	var fixes []string
	at := func(name string) string { return filepath.Join(w.opts.Home, name) }
	const login = `{"auths": {"nvcr.io": {"auth": "bWU6azE="}, "a.com": {"auth": "bWU6cDI="}}}`
	w.write(".docker/config.json", login)
	w.write("snap/docker/current/.docker/config.json", login)
	w.write("src/rag/.env", "A=k1\nB=${C:-k2}\nD=k3$\nE=k4; export E\n")
	w.write("src/rag/compose.yaml", "services:\n  a:\n    environment:\n      A: k1\n")
	w.write("src/rag/index_key.txt", "k1\n")
	w.write(".config/fish/config.fish", "set -x A k1\nset -x B k2; echo\n")
	Scan(context.Background(), w.opts, func(f Finding) { fixes = append(fixes, f.Name+": "+f.Fix) })
	want := []string{
		"auths a.com: ragenv docker configure --store", "auths nvcr.io: ragenv docker configure",
		"auths a.com: " + importLine(at("snap/docker/current/.docker/config.json")), "auths nvcr.io: " + importLine(at("snap/docker/current/.docker/config.json")),
		"A: " + importLine(at(".config/fish/config.fish")), "B: " + shellquote.Edit(at(".config/fish/config.fish"), 2),
		"A: " + importLine(at("src/rag/.env")), "C: " + shellquote.Edit(at("src/rag/.env"), 2), "D: " + shellquote.Edit(at("src/rag/.env"), 3),
		"E: " + importLine(at("src/rag/.env")),
		"A: " + shellquote.Edit(at("src/rag/compose.yaml"), 4),
		"the index key: ragenv import " + at("src/rag/index_key.txt") + " && rm " + at("src/rag/index_key.txt"),
	}
	slices.Sort(fixes)
	slices.Sort(want)
	if !slices.Equal(fixes, want) {
		t.Errorf("%s\nwant %s", strings.Join(fixes, "\n"), strings.Join(want, "\n"))
	}
}

// The whole command is deleted from a history, and several with one call, because line numbers change.
func TestHistory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the commands are those of Linux")
	}
	w := newWorld(t)
	bash := w.write(".bash_history", "ls\nexport A=k1\nls -la\ndocker login -p abcdefghijklmnop\n")
	fish := w.write(".local/share/fish/fish_history", "- cmd: ls\n  when: 1=1\n- cmd: set A=k1\n  when: 2\n  paths:\n    - a\n- cmd: B=k2\n")
	var findings []*Finding
	Scan(context.Background(), w.opts, func(f Finding) { findings = append(findings, &f) })
	if len(findings) != 4 {
		t.Fatalf("%d findings", len(findings))
	}
	alone := []string{"sed -i 2d " + bash, "sed -i 4d " + bash, "sed -i 3,6d " + fish, "sed -i 7d " + fish}
	joined := []string{"sed -i '2d;4d' " + bash, "sed -i '2d;4d' " + bash, "sed -i '3,6d;7d' " + fish, "sed -i '3,6d;7d' " + fish}
	for i, f := range findings {
		if f.Fix != alone[i] {
			t.Errorf("%s, want %s", f.Fix, alone[i])
		}
	}
	other := &Finding{Path: bash, Line: 3, Fix: "kept"}
	JoinFixes(append(findings, findings[0], other))
	for i, f := range findings {
		if f.Fix != joined[i] {
			t.Errorf("%s, want %s", f.Fix, joined[i])
		}
	}
	if other.Fix != "kept" {
		t.Errorf("%s", other.Fix)
	}
}

// A command line is parsed if it has an assignment, or 16 consecutive characters that keys are made of.
func TestMayHoldKey(t *testing.T) {
	for line, want := range map[string]bool{
		"": false, "ls -la /srv": false, "A=1": true, "ragenv set NGC_API_KEY": false,
		"aAzZ09-_+/aAzZ09": true, "aAzZ09-_+/aAzZ0": false, "x aAzZ09-_+/aAzZ09 y": true, "aAzZ09-_ +/aAzZ09": false, "aaaaaaaaaaaaaaa.a": false, "aaaaaaa@aaaaaaaaa": false,
		"{{{{{{{{{{{{{{{{": false, "````````````````": false, "[[[[[[[[[[[[[[[[": false, "@@@@@@@@@@@@@@@@": false, "::::::::::::::::": false, "aaaaaaaa\u00e9aaaaaaaa": false,
	} {
		if got := mayHoldKey(line); got != want {
			t.Errorf("%q: %t", line, got)
		}
	}
}

// A place recognizes its own files. Project files can be anywhere.
func TestAt(t *testing.T) {
	w := newWorld(t)
	netrc, env := w.write(".netrc", ""), w.write("src/rag/.env", "")
	for _, place := range Table() {
		if got := place.At(w.opts, netrc); got != (place.Name == "netrc") {
			t.Errorf("%s: %t", place.Name, got)
		}
		if place.At(w.opts, env) {
			t.Errorf("%s: the project's file", place.Name)
		}
	}
	if !IsSnap("/h/snap/docker/current/.docker/config.json") || IsSnap("/h/.docker/config.json") {
		t.Error("the snap of Docker")
	}
}

// Values next to each other in a text are removed one by one.
func TestRemoveNeighbors(t *testing.T) {
	values := []Value{{start: 1, end: 2, instead: "x"}, {start: 2, end: 3}, {start: 1, end: 3, instead: "again"}}
	if got := string(Remove([]byte("0123"), values)); got != "0x3" {
		t.Errorf("%q", got)
	}
}

// A file that a program is still writing is read up to that point. A file that is not text is refused.
func TestReadText(t *testing.T) {
	w := newWorld(t)
	if text, err := readText(w.write("cut", "\xff\xfeA\x00=\x001\x00\n"), maxFile); err != nil || string(text) != "A=1" {
		t.Errorf("%q, %v", text, err)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"NUL at the start": {"\x00", errNotText}, "NUL at the end of the first KiB": {strings.Repeat("x", 1023) + "\x00", errNotText},
		"NUL later": {strings.Repeat("x", 1024) + "\x00", nil}, "nothing": {"", nil},
	} {
		if _, err := readText(w.write("file", c.text), maxFile); err != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readText(filepath.Join(w.opts.Home, "absent"), maxFile); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}

// Histories may be longer than other files.
func TestLimitOfHistories(t *testing.T) {
	w := newWorld(t)
	w.write(".bash_history", strings.Repeat("#\n", maxFile)+"A=k1\n")
	w.expect("shell-history .bash_history:" + itoa(maxFile+1) + " =A=k1")
}
