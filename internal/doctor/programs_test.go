package doctor

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestHelper(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*home)
		status Status
		detail string
		hint   string
	}{
		"fine":           {func(h *home) { h.program(helperProgram, healthyHelper) }, OK, "docker-credential-ngc, v1.2.3", ""},
		"absent":         {func(*home) {}, Failed, "not on PATH", "install docker-credential-ngc"},
		"next to ragenv": {besideRagenv, Failed, "not on PATH", `export PATH="`},
		"old": {func(h *home) {
			h.program(helperProgram, `echo "docker-credential-ngc (github.com/ragenv/ragenv) v1.2.2"`)
		}, Warning, "is v1.2.2, but ragenv is v1.2.3", "same release"},
		"not ours":       {func(h *home) { h.program(helperProgram, `echo "docker-credential-ngc (example.com/other) v1.2.3"`) }, Failed, "another program", "first in PATH"},
		"does not run":   {func(h *home) { h.program(helperProgram, "exit 1") }, Failed, "does not run", "again: "},
		"not executable": {func(h *home) { h.chmod(h.program(helperProgram, healthyHelper), 0o644) }, Failed, "not executable", "chmod 755 "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			c.breaks(h)
			h.expect(h.helper, c.status, c.detail, c.hint)
		})
	}
}

func besideRagenv(h *home) {
	dir := h.t.TempDir()
	h.Executable = filepath.Join(dir, "ragenv")
	h.write(filepath.Join(dir, helperProgram), "")
}

func TestDockerEngine(t *testing.T) {
	server := func(version string) string {
		return `echo '{"Client":{"Version":"27.0.0"},"Server":{"Version":"` + version + `","Components":[{"Name":"Engine","Version":"` + version + `"},{"Name":"containerd","Version":"2.0.0"}]}}'`
	}
	for name, c := range map[string]struct {
		script string
		status Status
		detail string
		hint   string
	}{
		"fine":       {server("28.2.2"), OK, "Docker Engine 28.2.2", ""},
		"newer":      {server("29.6.0"), OK, "29.6.0", ""},
		"29.5":       {server("29.5.1"), Warning, "Incorrect Repository Format", "another release"},
		"29.50":      {server("29.50.0"), OK, "29.50.0", ""},
		"old":        {server("20.10.7"), Warning, "older than the 24.0.0", "docs.docker.com"},
		"podman":     {`echo '{"Client":{"Version":"5.2.2"}}'`, OK, "only a client, 5.2.2", ""},
		"podman api": {`echo '{"Client":{"Version":"27.0.0"},"Server":{"Version":"5.2.2","Components":[{"Name":"Podman Engine","Version":"5.2.2"}]}}'`, OK, "Podman Engine 5.2.2", ""},
		"chatter":    {"echo hello", Warning, "does not report its version", "docker version"},
		"down":       {`[ "$1" = context ] && echo unix:///nonexistent/docker.sock && exit; echo '{"Client":{"Version":"27.0.0"},"Server":null}'; exit 1`, Failed, "nobody listens at /nonexistent/docker.sock", "start"},
		"no context": {`[ "$1 $2" = "context show" ] && echo colima && exit; exit 1`, Failed, `the Docker context "colima" cannot be read`, "docker context use default"},
		"empty":      {`[ "$1" = context ] && exit 1; echo '{}'`, Failed, "the Docker engine cannot be reached", "start"},
		"remote":     {`[ "$1" = context ] && echo ssh://me@example.com && exit; exit 1`, Failed, "cannot be reached", "start"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.program("docker", c.script)
			h.expect(h.dockerEngine, c.status, c.detail, c.hint)
		})
	}
	t.Run("DOCKER_HOST", func(t *testing.T) {
		h := newHome(t)
		h.program("docker", "exit 1")
		h.env["DOCKER_HOST"] = "tcp://me:" + h.keys["NGC_API_KEY"] + "@example.com:2376"
		h.expect(h.dockerEngine, Failed, "that $DOCKER_HOST names", "unset DOCKER_HOST")
	})
	t.Run("not an engine", func(t *testing.T) {
		h := newHome(t)
		dir, err := os.MkdirTemp("", "d") // socket paths must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		socket := filepath.Join(dir, "s")
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Skip(err)
		}
		defer func() { _ = l.Close() }()
		h.program("docker", "exit 1")
		h.env["DOCKER_HOST"] = "unix://" + socket
		h.expect(h.dockerEngine, Failed, "is not a Docker engine", "docker version")
		if os.Geteuid() != 0 {
			h.chmod(socket, 0)
			h.expect(h.dockerEngine, Failed, "this user may not use the Docker engine", "usermod -aG docker")
		}
	})
	t.Run("not executable", func(t *testing.T) {
		h := newHome(t)
		h.chmod(h.program("docker", "exit 1"), 0o644)
		h.expect(h.dockerEngine, Failed, "docker is not executable", "chmod 755 ")
	})
	t.Run("absent", func(t *testing.T) {
		h := newHome(t)
		h.expect(h.dockerEngine, Warning, "docker is not on PATH", "https://docs.docker.com")
		h.expect(h.dockerCompose, Warning, "docker is not on PATH", "https://docs.docker.com")
	})
}

func TestDockerCompose(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		status Status
		detail string
	}{
		"fine":    {"echo 2.29.1", OK, "Compose 2.29.1"},
		"desktop": {"echo v2.40.0-desktop.1", OK, "Compose 2.40.0"},
		"next":    {"echo 5.0.0", OK, "Compose 5.0.0"},
		"old":     {"echo 2.29.0", Failed, "older than the 2.29.1"},
		"older":   {"echo 2.9.10", Failed, "older than the 2.29.1"},
		"none":    {"exit 1", Warning, "no Compose plugin"},
		"strange": {"echo dev", Warning, "cannot read the version of Compose"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.program("docker", c.script)
			hint := "docker"
			if c.status == OK {
				hint = ""
			}
			h.expect(h.dockerCompose, c.status, c.detail, hint)
		})
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]version{
		"29.5.1": {29, 5, 1}, "v2.40.0-desktop.1": {2, 40, 0}, "24.0": {24, 0, 0}, "28.0.4+dfsg1": {28, 0, 4}, "2.29.1\n": {2, 29, 1},
	} {
		if got, ok := parseVersion(text); !ok || got != want {
			t.Errorf("%q: %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "dev", "29", "..", "1.", "99999999999999999999.1"} {
		if got, ok := parseVersion(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestClock(t *testing.T) {
	h := newHome(t)
	h.expect(h.clock, OK, "not behind", "")
	if err := os.Chtimes(h.dockerConfigPath(), time.Time{}, time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	hint := clockHint()
	h.expect(h.clock, Warning, "was written on", hint)
	now := time.Now().Truncate(time.Second)
	h.Now = func() time.Time { return now }
	if err := os.Chtimes(h.dockerConfigPath(), time.Time{}, now.Add(26*time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.expect(h.clock, OK, "not behind", "")
	h.Services = fakeServices{at: now.Add(5 * time.Minute)}
	h.expect(h.clock, OK, "within 5m0s", "")
}

func TestStartHint(t *testing.T) {
	const own = "start it there, or for this machine's own engine: unset "
	system := map[string]string{"linux": "sudo systemctl start docker"}[runtime.GOOS]
	if system == "" {
		system = "start Docker Desktop"
	}
	for name, c := range map[string]struct{ variable, value, socket, want string }{
		"the system's":    {"", "", "/var/run/docker.sock", system},
		"DOCKER_HOST":     {"DOCKER_HOST", "tcp://example.com", "/var/run/docker.sock", own + "DOCKER_HOST"},
		"DOCKER_CONTEXT":  {"DOCKER_CONTEXT", "far", "/var/run/docker.sock", own + "DOCKER_CONTEXT"},
		"WSL":             {"WSL_DISTRO_NAME", "Ubuntu", "/var/run/docker.sock", "start Docker Desktop"},
		"Colima":          {"", "", "/home/me/.colima/default/docker.sock", "colima start"},
		"rootless":        {"", "", "/run/user/1000/docker.sock", "systemctl --user start docker"},
		"rootless Podman": {"", "", "/run/user/1000/podman/podman.sock", "systemctl --user start podman.socket"},
	} {
		h := emptyHome(t)
		if c.variable != "" {
			h.env[c.variable] = c.value
		}
		if got := h.startHintFor(c.socket); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
