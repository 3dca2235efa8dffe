package e2e

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sshd starts an SSH server with its own keys on the loopback interface. The home's ssh can reach it. It
// returns the address for Docker and the path of the server's log.
func (h *home) sshd() (address, log string) {
	h.t.Helper()
	program := ""
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if _, err := os.Stat(filepath.Join(dir, "sshd")); err == nil && program == "" {
			program = filepath.Join(dir, "sshd")
		}
	}
	if program == "" {
		skip(h.t, "no sshd: test/worlds/clients sshd")
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // in the world's own /run
		h.t.Fatal(err)
	}
	if err := os.Mkdir(h.path("ssh"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range []string{"host", "user"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", h.path("ssh", name)).CombinedOutput(); err != nil {
			h.t.Fatalf("%v\n%s", err, out)
		}
	}
	public, err := os.ReadFile(h.path("ssh", "host.pub"))
	if err != nil {
		h.t.Fatal(err)
	}
	const port = 2222 // free, since the world has its own network
	h.write("ssh/known_hosts", fmt.Sprintf("[127.0.0.1]:%d %s", port, public))
	h.write("ssh/sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nLogLevel INFO\nSetEnv PATH=%s DOCKER_CONFIG=%s\n",
		port, h.path("ssh", "host"), h.path("ssh", "user.pub"), os.Getenv("PATH"), os.Getenv("E2E_WORLD")))
	h.write("ssh/config", fmt.Sprintf("IdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n", h.path("ssh", "user"), h.path("ssh", "known_hosts")))
	// ssh reads its home from the user database, not from $HOME.
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path("bin", "ssh"), []byte(fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", ssh, h.path("ssh", "config"))), 0o755); err != nil {
		h.t.Fatal(err)
	}
	server := exec.Command(program, "-D", "-e", "-f", h.path("ssh", "sshd_config"))
	stderr, err := server.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	log = h.write("ssh/log", "")
	file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	listening := make(chan bool, 1)
	go func() {
		defer file.Close()
		defer close(listening)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(file, lines.Text())
			if strings.Contains(lines.Text(), "listening on") {
				listening <- true
			}
		}
	}()
	if !<-listening {
		h.t.Fatal("sshd ended")
	}
	return fmt.Sprintf("ssh://root@127.0.0.1:%d", port), log
}

// testWhereElsewhere searches engines reached over ssh, and a swarm.
func testWhereElsewhere(t *testing.T) {
	step(t, "contexts and DOCKER_HOST over ssh", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.newStore()
		h.ragenv("docker", "configure").ok()
		h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
		h.ragenv("--", "docker", "create", "--name", "far", "-e", "NGC_API_KEY", hubImage).ok()
		t.Cleanup(func() { emptyEngine(t) })
		address, log := h.sshd()
		found := "current  container far, created  NGC_API_KEY"
		logins := func() int {
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Count(string(data), "Accepted publickey")
		}
		overSSH := func(h *home) {
			t.Helper()
			before := logins()
			h.ragenv("where", "NGC_API_KEY").ok().says(found, "1 Docker container")
			if logins() == before {
				t.Error("nobody logged in over ssh")
			}
		}
		overSSH(h.with("DOCKER_HOST=" + address))
		h.docker("context", "create", "far-away", "--docker", "host="+address).ok()
		overSSH(h.with("DOCKER_CONTEXT=far-away"))
		h.docker("context", "use", "far-away").ok()
		overSSH(h)
		// The variable takes precedence, as in docker itself.
		before := logins()
		h.with("DOCKER_HOST=unix:///run/docker.sock").ragenv("where", "NGC_API_KEY").ok().says(found)
		if logins() != before {
			t.Error("DOCKER_HOST was not asked")
		}
		// With another host key there is no prompt, and the report says what was not searched.
		h.write("ssh/known_hosts", "")
		h.ragenv("where", "NGC_API_KEY").ok().says("not searched: Docker's containers: the engine does not answer").silentOn("container far")
	})
	step(t, "a swarm", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.newStore()
		h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
		if r := h.docker("swarm", "init", "--advertise-addr", "127.0.0.1"); r.code != 0 {
			skip(t, "the engine makes no swarm here: "+strings.TrimSpace(r.stderr))
		}
		t.Cleanup(func() { plainDocker(t, "swarm", "leave", "--force") })
		h.run(key, "docker", "secret", "create", "ngc", "-").ok()
		h.ragenv("--", "sh", "-c", `COPY=$NGC_API_KEY docker service create --quiet --detach --replicas 0 --name server --secret ngc -e NGC_API_KEY -e COPY `+hubImage).ok()
		h.docker("service", "create", "--quiet", "--detach", "--replicas", "0", "--name", "other", hubImage).ok()
		h.ragenv("where").ok().says("current  service server  COPY, NGC_API_KEY", "not searched: swarm secret ngc: a swarm does not show its secrets", "2 swarm services").silentOn("service other")
		h.run(h.acceptedKey(), "ragenv", "rotate", "NGC_API_KEY", "--offline").ok().says("1 swarm service still has the old key")
		fix := h.fixOf("OLD      service server")
		h.run("", "sh", "-c", fix).ok()
		// The previous specification is kept for a rollback, and has the old key.
		h.ragenv("where").fails(1).says("current  service server  COPY, NGC_API_KEY", "OLD      service server  COPY of the previous specification")
		h.run("", "sh", "-c", h.fixOf("OLD      service server")).ok()
		h.ragenv("where").ok().says("nothing that was searched has an old value; 1 swarm service has the current one")
	})
}

// fixOf returns the command that ragenv where prints below the line with that beginning.
func (h *home) fixOf(begin string) string {
	h.t.Helper()
	_, after, ok := strings.Cut(h.ragenv("where").stdout, "\n"+begin)
	if !ok {
		_, after, ok = strings.Cut("\n"+h.ragenv("where").stdout, "\n"+begin)
	}
	lines := strings.Split(after, "\n")
	if !ok || len(lines) < 2 || !strings.HasPrefix(lines[1], "  ") {
		h.t.Fatalf("no command below %q", begin)
	}
	return strings.TrimSpace(lines[1])
}

// testUndecodableLogin has three logins in config.json, one of which Docker cannot decode. docker login
// then drops the logins that it reads after that one, in random order. Following doctor's hints loses none.
func testUndecodableLogin(t *testing.T) {
	const runs = 10
	h := newHome(t)
	key := h.acceptedKey()
	others := map[string]string{"ghcr.io": h.secret(newKey()), "gitlab.example.com": h.secret(newKey())}
	broken := "{\n\t\"auths\": {\n\t\t\"nvcr.io\": {\"auth\": \"not*base64\"},\n"
	for server, password := range others {
		broken += fmt.Sprintf("\t\t%q: {\"auth\": %q},\n", server, basic("me", password))
	}
	broken = strings.TrimSuffix(broken, ",\n") + "\n\t}\n}\n"
	kept := func() (n int) {
		data, err := os.ReadFile(h.path(".docker", "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, password := range others {
			if strings.Contains(string(data), basic("me", password)) {
				n++
			}
		}
		return n
	}
	lossy := 0
	for range runs {
		h.writeConfig(broken)
		h.login(key).ok()
		if kept() < len(others) {
			lossy++
		}
	}
	t.Logf("docker login alone: a login was lost in %d of %d runs", lossy, runs)
	if lossy == 0 {
		t.Error("docker login lost nothing: this test shows nothing")
	}

	// An editor that deletes the line it is opened at.
	editor := filepath.Join(h.dir, "bin", "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i \"${1#+}d\" \"$2\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for run := range runs {
		h.writeConfig(broken)
		h.run("", "rm", "-rf", h.path(".local"), h.path(".config")).ok()
		h.newStore()
		report := h.ragenv("doctor").fails(1).says(`an "auth" that is not base64: Docker drops it, and others with it`).silentOn("docker login")
		_, after, _ := strings.Cut(report.stdout, "docker-config ")
		hint := regexp.MustCompile(`hint: (.*)`).FindStringSubmatch(after)
		if hint == nil {
			t.Fatal("no hint")
		}
		h.with("EDITOR="+editor).run("", "sh", "-c", hint[1]).ok()
		if run%2 == 0 { // with config.json unchanged, or with the logins moved into the keychain
			h.ragenv("docker", "configure").ok().silentOn("docker login")
			h.login(key).ok()
			lost += len(others) - kept()
			continue
		}
		h.ragenv("docker", "configure", "--store").ok()
		h.login(key).ok()
		for server, password := range others {
			if got := h.reveal("", "ragenv", "get", server); got.code != 0 || strings.TrimSpace(got.stdout) != password {
				lost++
			}
		}
	}
	t.Logf("by the hints: %d logins lost in %d runs", lost, runs)
	if lost > 0 {
		t.Errorf("%d logins were lost", lost)
	}
}

// basic returns a login as encoded in config.json.
func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}
