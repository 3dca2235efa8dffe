package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// The Docker versions that NVIDIA's RAG Blueprint 2.6 requires (docs.nvidia.com/rag/2.6.0,
// "Prerequisites").
var (
	oldestEngine  = version{24, 0, 0}
	oldestCompose = version{2, 29, 1}
	brokenEngine  = version{29, 5, 0} // and its patch releases
)

const (
	installEngine  = "https://docs.docker.com/engine/install/"
	installCompose = "https://docs.docker.com/compose/install/"
)

// dockerVersion is the JSON output of "docker version", from Docker or a podman that replaces it.
type dockerVersion struct {
	Client struct{ Version string }
	Server *struct {
		Version    string
		Components []struct{ Name, Version string }
	}
}

// dockerEngine checks that the engine behind the docker command answers and can pull from nvcr.io. It runs
// the command, because only that knows contexts, DOCKER_HOST, TLS and ssh.
func (w *World) dockerEngine(ctx context.Context) Result {
	docker, notExecutable := w.lookPath("docker")
	switch {
	case docker == "" && notExecutable != "":
		return Result{Failed, notExecutable + " is not executable", "chmod 755 " + shellquote.Word(notExecutable)}
	case docker == "":
		return Result{Warning, "docker is not on PATH", installEngine}
	}
	out, err := w.run(ctx, "", docker, "version", "--format", "{{json .}}")
	var v dockerVersion
	if json.Unmarshal([]byte(out), &v) != nil && err == nil {
		return Result{Warning, docker + " does not report its version", "docker version"}
	}
	if v.Server == nil {
		var exit *exec.ExitError
		if err == nil && v.Client.Version != "" { // podman without a service is only a client
			return Result{OK, "no engine: " + docker + " is only a client, " + v.Client.Version, ""}
		}
		if err != nil && !errors.As(err, &exit) {
			return Result{Failed, w.engineAt() + " does not answer within " + programLimit.String(), w.startHint()}
		}
		return w.unreachable(ctx, docker)
	}
	name, number := "Docker Engine", v.Server.Version
	for _, component := range v.Server.Components {
		if component.Name == "Engine" || component.Name == "Podman Engine" {
			number = component.Version
		}
		if component.Name == "Podman Engine" {
			name = component.Name
		}
	}
	detail := name + " " + number
	got, ok := parseVersion(number)
	switch {
	case !ok || name != "Docker Engine":
	case got[0] == brokenEngine[0] && got[1] == brokenEngine[1]:
		return Result{Warning, detail + ` fails to pull some images of ` + ngcRegistry + ` ("Incorrect Repository Format"); the key is not the cause`,
			"install another release than 29.5: " + installEngine}
	case got.before(oldestEngine):
		return Result{Warning, detail + " is older than the " + oldestEngine.String() + " that NVIDIA's RAG Blueprint needs", installEngine}
	}
	return Result{OK, detail, ""}
}

// unreachable returns why no engine answered, by checking the socket itself: Docker's own text is not meant
// for programs.
func (w *World) unreachable(ctx context.Context, docker string) Result {
	endpoint := w.Getenv("DOCKER_HOST")
	if endpoint == "" {
		out, err := w.run(ctx, "", docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
		if err != nil {
			if name, shown := w.run(ctx, "", docker, "context", "show"); shown == nil && name != "" {
				return w.missingContext(name)
			}
		}
		endpoint = out
	}
	socket, isSocket := strings.CutPrefix(endpoint, "unix://")
	if !isSocket {
		return Result{Failed, w.engineAt() + " cannot be reached", w.startHint()}
	}
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := d.DialContext(ctx, "unix", socket)
	switch {
	case err == nil:
		_ = conn.Close()
		return Result{Failed, "the program listening at " + socket + " is not a Docker engine", "docker version"}
	case errors.Is(err, fs.ErrPermission):
		return Result{Failed, "this user may not use the Docker engine (" + socket + ")", `sudo usermod -aG docker "$(id -un)" && newgrp docker`}
	}
	return Result{Failed, "the Docker engine is not running (nobody listens at " + socket + ")", w.startHintFor(socket)}
}

// missingContext reports a context that docker names but does not have, for example after Colima or Docker
// Desktop was removed.
func (w *World) missingContext(name string) Result {
	hint := "docker context use default"
	if w.Getenv("DOCKER_CONTEXT") != "" {
		hint = shellquote.Unset("DOCKER_CONTEXT")
	}
	return Result{Failed, fmt.Sprintf("the Docker context %q cannot be read: docker context inspect says why", name), hint}
}

// engineAt describes the engine without its address, which may contain a password.
func (w *World) engineAt() string {
	switch {
	case w.Getenv("DOCKER_HOST") != "":
		return "the Docker engine that $DOCKER_HOST names"
	case w.Getenv("DOCKER_CONTEXT") != "":
		return "the Docker engine that $DOCKER_CONTEXT names"
	}
	return "the Docker engine"
}

// startHintFor returns a command that starts the engine with this socket: the current context's, which may
// not be the system's.
func (w *World) startHintFor(socket string) string {
	for _, engine := range []struct{ part, command string }{
		{"/.colima/", "colima start"}, {"/.docker/desktop/", "systemctl --user start docker-desktop"}, {"/.rd/", "rdctl start"},
		{"/.orbstack/", "orb start"}, {"/.lima/", "limactl start docker"}, {"podman", "systemctl --user start podman.socket"}, {"/run/user/", "systemctl --user start docker"},
	} {
		if strings.Contains(socket, engine.part) {
			return engine.command
		}
	}
	return w.startHint()
}

func (w *World) startHint() string {
	switch {
	case w.Getenv("DOCKER_HOST") != "":
		return "start it there, or for this machine's own engine: " + shellquote.Unset("DOCKER_HOST")
	case w.Getenv("DOCKER_CONTEXT") != "":
		return "start it there, or for this machine's own engine: " + shellquote.Unset("DOCKER_CONTEXT")
	case runtime.GOOS == "linux" && !credentialhelper.InWSL(w.Getenv):
		return "sudo systemctl start docker"
	}
	return "start Docker Desktop"
}
