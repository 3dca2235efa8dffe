//go:build linux || darwin

package where

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// project returns a home with a rotated key, and a stand-in with a Compose project that has the old key.
func project(t *testing.T) (w *terminal.World, s standIn, old, key string) {
	t.Helper()
	s = newStandIn(t)
	w = terminal.NewWorld(t, s.environ()...)
	old, key = w.Open(), scripttest.NewKey()
	dir := w.At("my rag")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "compose.yaml")
	if err := os.WriteFile(file, []byte("services: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.write([]container{
		{Name: "rag-server-1", Service: "server", Project: "rag", Dir: dir, File: file, Env: []string{"NVIDIA_API_KEY=" + old}},
		{Name: "rag-db-1", Service: "db", Project: "rag", Dir: dir, File: file, Env: []string{"OTHER=" + old[7:20]}},
	}); err != nil {
		t.Fatal(err)
	}
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "rotate", "NGC_API_KEY", "--offline")
	d.Expect("(hidden): ").Send(key + "\r")
	d.Expect("1 container still has the old key\n").Expect("ragenv: hint: ragenv rotate --restart NGC_API_KEY\n").WantCode(0)
	d.WantHidden(old, key)
	return w, s, old, key
}

func (s standIn) calls(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.path("calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// rotate --restart shows the commands, asks for consent, and searches again before it says that the old key
// can be deleted.
func TestRestartAsks(t *testing.T) {
	w, s, old, key := project(t)
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	command := "cd '" + w.At("my rag") + "' && ragenv -- docker compose -p rag -f '" + w.At("my rag", "compose.yaml") + "' up -d server\n"

	for _, answer := range []string{"n\r", "\r"} { // Enter means no
		d := w.Start(ragenv, "rotate", "NGC_API_KEY", "--restart")
		d.Expect(command).Expect("Run this now? [y/N] ").SendNow(answer)
		d.Expect("ragenv: error: nothing was restarted\n").Expect("ragenv: hint: ragenv where NGC_API_KEY\n").WantCode(1)
	}
	d := w.Start(ragenv, "rotate", "NGC_API_KEY", "--restart")
	d.Expect("Run this now? [y/N] ").SendNow("\x03").WantCode(130)
	if calls := s.calls(t); calls != "" {
		t.Errorf("docker compose ran: %s", calls)
	}

	// If a command fails, the old key is still in use, so nothing may say that it can be deleted.
	if err := os.WriteFile(s.path("broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d = w.Start(ragenv, "rotate", "NGC_API_KEY", "--restart")
	d.Expect("Run this now? [y/N] ").SendNow("y\r")
	d.Expect("service is broken\n").Expect("ragenv: warning: docker compose failed for project rag: ")
	d.Expect("ragenv: error: 1 container still has the old key\n").Expect("ragenv: hint: after the commands above: ragenv rotate --restart NGC_API_KEY\n").WantCode(1)
	if strings.Contains(d.Text(), "can be deleted") {
		t.Error("it says that the old key can be deleted")
	}
	if err := os.Remove(s.path("broken")); err != nil {
		t.Fatal(err)
	}

	d = w.Start(ragenv, "rotate", "NGC_API_KEY", "--restart")
	d.Expect(command).Expect("Run this now? [y/N] ").SendNow("y\r")
	d.Expect("Container rag-server-1  Started\n").Expect("nothing that was searched has the old key; it can be deleted\n")
	d.Expect("https://org.ngc.nvidia.com/setup/api-keys").Expect("ragenv rotate --confirm NGC_API_KEY\n").WantCode(0)
	d.WantHidden(old, key)
	if calls := s.calls(t); strings.Count(calls, "\n") != 1 || !strings.HasSuffix(calls, " up -d server\n") {
		t.Errorf("docker compose ran: %q", calls)
	}
	containers, err := s.read()
	if err != nil || containers[0].Env[0] != "NVIDIA_API_KEY="+key {
		t.Errorf("the service has not the new key (%v)", err)
	}
}

// A project that fails to start does not keep the others from getting the new key, and is what is left to do.
func TestRestartGoesOn(t *testing.T) {
	w, s, old, key := project(t)
	containers, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	second := containers[0]
	second.Name, second.Service, second.Project = "ui-web-1", "web", "ui"
	if err := s.write(append(containers, second)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("broken"), []byte("rag"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "rotate", "NGC_API_KEY", "--restart", "--yes")
	d.Expect("ragenv: warning: docker compose failed for project rag: exit status 1\n").Expect("ragenv: hint: cd ").Expect("docker compose -p rag ")
	d.Expect("Container ui-web-1  Started\n").Expect("ragenv: error: 1 container still has the old key\n").WantCode(1)
	d.WantHidden(old, key)
	if calls := s.calls(t); !strings.Contains(calls, "-p ui ") {
		t.Errorf("docker compose ran: %q", calls)
	}

	// A service that was recreated, but does not start, has no old key.
	if err := os.Remove(s.path("broken")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("no-gpu"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d = w.Start(scripttest.Binary(t, scripttest.Ragenv), "rotate", "NGC_API_KEY", "--restart", "--yes")
	d.Expect("Container rag-server-1  Started\n").Expect("ragenv: error: 1 of 1 docker compose commands failed\n").Expect("ragenv: hint: cd ").WantCode(1)
	if strings.Contains(d.Text(), "can be deleted") {
		t.Error("it says that the old key can be deleted")
	}
}

// A search that takes a moment shows a progress indicator and removes it before the answer.
func TestSearchShowsWork(t *testing.T) {
	w, s, old, key := project(t)
	if err := os.WriteFile(s.path("hold"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const work = "searching containers, files and processes ..."
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "where", "NGC_API_KEY")
	d.Expect(work)
	if err := os.Remove(s.path("hold")); err != nil {
		t.Fatal(err)
	}
	d.Expect("\x1b[K").Expect("OLD      container rag-server-1 (compose rag)").Expect("1 container has an old value\n").WantCode(1)
	d.WantHidden(old, key)

	// No indicator if the output is a pipe.
	if err := os.WriteFile(s.path("hold"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d = w.Start("sh", "-c", scripttest.Binary(t, scripttest.Ragenv)+" where NGC_API_KEY 2>&1 | cat >found")
	if err := os.Remove(s.path("hold")); err != nil {
		t.Fatal(err)
	}
	d.WantCode(0)
	text, err := os.ReadFile(filepath.Join(w.Dir, "found"))
	if err != nil || strings.Contains(string(text), work) || !strings.Contains(string(text), "1 container has an old value") {
		t.Errorf("%v: %s", err, text)
	}
}
