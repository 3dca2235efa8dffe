//go:build linux || darwin

// Package where tests ragenv where and rotate --restart on a terminal, and their cost, with a stand-in for
// docker.
package where

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "docker" {
		os.Exit(docker(os.Getenv(standInDir), os.Args[1:]))
	}
	scripttest.Clean(m)
}

// standInDir is the variable with the directory of the stand-in's state.
const standInDir = "STAND_IN_DIR"

// container is a container of the stand-in's engine.
type container struct {
	Name, Service, Project, Dir, File string
	Env                               []string
}

func (c container) labels() map[string]string {
	return map[string]string{
		"com.docker.compose.project": c.Project, "com.docker.compose.service": c.Service,
		"com.docker.compose.project.working_dir": c.Dir, "com.docker.compose.project.config_files": c.File,
	}
}

// standIn is a directory for PATH with a docker, whose engine has containers.
type standIn struct{ dir string }

func newStandIn(t testing.TB, containers ...container) standIn {
	t.Helper()
	s := standIn{t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(s.dir, "docker")); err != nil {
		t.Fatal(err)
	}
	if err := s.write(containers); err != nil {
		t.Fatal(err)
	}
	return s
}

// environ returns the environment for programs that should find this docker.
func (s standIn) environ() []string {
	return []string{"PATH=" + s.dir + ":/usr/bin:/bin", standInDir + "=" + s.dir}
}

func (s standIn) path(name string) string { return filepath.Join(s.dir, name) }

func (s standIn) write(containers []container) error {
	text, err := json.Marshal(containers)
	if err != nil {
		return err
	}
	return os.WriteFile(s.path("containers"), text, 0o600)
}

func (s standIn) read() (containers []container, err error) {
	text, err := os.ReadFile(s.path("containers"))
	if err == nil {
		err = json.Unmarshal(text, &containers)
	}
	return containers, err
}

// docker is the stand-in: it supports "system dial-stdio" and "compose ... up -d SERVICE...".
func docker(dir string, args []string) int {
	s := standIn{dir}
	switch {
	case len(args) == 2 && args[1] == "dial-stdio":
		for { // lets a test delay the engine's answer
			if _, err := os.Stat(s.path("hold")); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		listener := &once{conn: stdio{}, done: make(chan struct{})}
		_ = http.Serve(listener, s) //nolint:gosec // it ends with its only connection
		return 0
	case slices.Contains(args, "up"):
		if err := s.up(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	fmt.Fprintln(os.Stderr, "the stand-in does not know", args)
	return 1
}

// up recreates the services with the key in the environment. The file "broken" makes it fail, for all projects or
// the one that it names; "no-gpu" makes it fail after that.
func (s standIn) up(args []string) error {
	if project, err := os.ReadFile(s.path("broken")); err == nil && (len(project) == 0 || slices.Contains(args, string(project))) {
		return fmt.Errorf("service is broken")
	}
	containers, err := s.read()
	if err != nil {
		return err
	}
	for i, c := range containers {
		if slices.Contains(args, c.Service) {
			containers[i].Env = []string{"NVIDIA_API_KEY=" + os.Getenv("NGC_API_KEY")}
			fmt.Fprintf(os.Stderr, "Container %s  Started\n", c.Name)
		}
	}
	file, err := os.OpenFile(s.path("calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, _ = fmt.Fprintln(file, strings.Join(args, " "))
		err = file.Close()
	}
	if err != nil {
		return err
	}
	if _, gone := os.Stat(s.path("no-gpu")); err == nil && gone == nil {
		err = fmt.Errorf("could not select device driver")
	}
	return errors.Join(s.write(containers), err)
}

// ServeHTTP serves the part of the engine's API that ragenv uses.
func (s standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	containers, err := s.read()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer := func(value any) { _ = json.NewEncoder(w).Encode(value) }
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/containers/"), "/")
	i := slices.IndexFunc(containers, func(c container) bool { return c.Name == name })
	switch {
	case r.URL.Path == "/containers/json":
		list := []any{}
		for _, c := range containers {
			list = append(list, map[string]any{"Id": c.Name, "Names": []string{"/" + c.Name}, "Labels": c.labels()})
		}
		answer(list)
	case i >= 0 && rest == "json":
		answer(map[string]any{"Id": name, "Name": "/" + name, "State": map[string]any{"Status": "running"}, "Config": map[string]any{"Env": containers[i].Env, "Labels": containers[i].labels()}})
	case i >= 0 && rest == "archive":
		archive := tar.NewWriter(w)
		_ = archive.WriteHeader(&tar.Header{Name: "secrets/", Typeflag: tar.TypeDir, Mode: 0o755})
		_ = archive.Close()
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// once is a listener that accepts one connection.
type once struct {
	conn net.Conn
	done chan struct{}
	used bool
}

func (l *once) Accept() (net.Conn, error) {
	if l.used {
		<-l.done // the process is killed, or exits when its input ends
		return nil, io.EOF
	}
	l.used = true
	return l.conn, nil
}
func (l *once) Close() error   { return nil }
func (l *once) Addr() net.Addr { return &net.UnixAddr{} }

// stdio is a connection on standard input and output.
type stdio struct{}

func (stdio) Read(p []byte) (int, error) {
	n, err := os.Stdin.Read(p)
	if err != nil {
		os.Exit(0)
	}
	return n, nil
}
func (stdio) Write(p []byte) (int, error)      { return os.Stdout.Write(p) }
func (stdio) Close() error                     { return nil }
func (stdio) LocalAddr() net.Addr              { return &net.UnixAddr{} }
func (stdio) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (stdio) SetDeadline(time.Time) error      { return nil }
func (stdio) SetReadDeadline(time.Time) error  { return nil }
func (stdio) SetWriteDeadline(time.Time) error { return nil }
