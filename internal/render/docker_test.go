package render_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/render"
)

// TestDockerReadsEnvFile checks that the real docker run --env-file requests a container with exactly these
// values. The engine is a socket of this test, which records the request and refuses it.
func TestDockerReadsEnvFile(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no docker command here that takes a Unix socket")
	}
	dir, err := os.MkdirTemp("", "ragenv") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	asked := make(chan []string, 1)
	engine := http.NewServeMux()
	engine.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	engine.HandleFunc("POST /{version}/containers/create", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Env []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		asked <- body.Env
		http.Error(w, `{"message": "no container here"}`, http.StatusInternalServerError)
	})
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: engine}
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(func() { _ = server.Close() })

	read := func(t *testing.T, text []byte) map[string]string {
		file := filepath.Join(dir, "env")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(docker, "run", "--pull", "never", "--env-file", file, "image")
		cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "DOCKER_HOST=unix://" + socket.Addr().String()}
		out, err := cmd.CombinedOutput()
		var env []string
		select {
		case env = <-asked:
		default:
			t.Fatalf("docker run did not ask for a container: %v\n%s", err, out)
		}
		if err == nil {
			t.Error("docker run succeeded without an engine")
		}
		got := map[string]string{}
		for _, entry := range env {
			name, value, _ := strings.Cut(entry, "=")
			got[name] = value
		}
		return got
	}
	var values []render.Value
	for _, v := range nastyValues(7, 2000, strings.Join(nasty, "\x00"), true) {
		if !strings.ContainsAny(v.Value, "\r\n") {
			values = append(values, v)
		}
	}
	values = append(values, render.Value{Name: "LONGEST", Value: strings.Repeat("x", 64<<10-len("LONGEST=\n"))})
	if len(values) < 500 {
		t.Fatalf("only %d values", len(values))
	}
	compare(t, "docker run --env-file", read(t, mustRender(t, "docker", values, render.Options{})), values)

	// Refused values would not arrive unchanged.
	for _, value := range []string{"a\nb", "a\r", "\r\n", strings.Repeat("x", 64<<10-len("LONGEST="))} {
		err := render.Render(new(strings.Builder), "docker", []render.Value{{"LONGEST", value}}, render.Options{})
		if !errors.As(err, new(*render.ValueError)) {
			t.Errorf("a value of %d bytes: %v", len(value), err)
		}
	}
}
