package credentialhelper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/test/scripttest"
)

// process runs the binary once for upstream's client package, with a time limit.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

func (p *process) Output() ([]byte, error) { return p.cmd.Output() }
func (p *process) Input(in io.Reader)      { p.cmd.Stdin = in }

// programs returns a function by which upstream's client starts the binary in a world, and one that returns
// the last run's stderr.
func programs(t *testing.T, w *world) (start client.ProgramFunc, stderr func() string) {
	t.Helper()
	path := scripttest.Binary(t, scripttest.Helper)
	var last *process
	start = func(args ...string) client.Program {
		last = &process{cmd: exec.CommandContext(t.Context(), path, args...)}
		last.cmd.WaitDelay = time.Second
		last.cmd.Stderr = &last.stderr
		for name, value := range w.env {
			last.cmd.Env = append(last.cmd.Env, name+"="+value)
		}
		return last
	}
	return start, func() string { return last.stderr.String() }
}

// TestUpstreamClient drives the binary as Docker's command line does.
func TestUpstreamClient(t *testing.T) {
	w := newWorld(t)
	program, stderr := programs(t, w)
	stored := map[string]credentials.Credentials{}
	for i, server := range []string{
		"nvcr.io", "https://index.docker.io/v1/", "ghcr.io", "localhost:5000", "registry.example.com:5000/team/project", "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
		"https://index.docker.io/v1/access-token", "[2001:db8::1]:5000", "host.with-dash_and.under:81", "192.0.2.7:5000", "unix:///run/x.sock",
	} {
		c := credentials.Credentials{ServerURL: server, Username: fmt.Sprintf("user-%d", i), Secret: scripttest.NewKey()}
		if server == "nvcr.io" {
			c.Username = "$oauthtoken"
		}
		if err := client.Store(program, &c); err != nil {
			t.Fatalf("store %q: %v", server, err)
		}
		if stderr() != "" {
			t.Errorf("store %q says %q", server, stderr())
		}
		stored[server] = c
	}
	for server, want := range stored {
		got, err := client.Get(program, server)
		if err != nil {
			t.Errorf("get %q: %v", server, err)
		} else if *got != want {
			t.Errorf("get %q: user %q, same secret is %v", server, got.Username, got.Secret == want.Secret)
		}
		if stderr() != "" {
			t.Errorf("get %q says %q", server, stderr())
		}
	}
	listed, err := client.List(program)
	if err != nil {
		t.Fatal(err)
	}
	if len(listed) != len(stored) {
		t.Errorf("list has %d servers, stored are %d: %v", len(listed), len(stored), listed)
	}
	for server, user := range listed {
		got, err := client.Get(program, server)
		if err != nil || got.Username != user {
			t.Errorf("listed %q for %q, but get answers %v", server, user, err)
		}
	}
	for server := range stored {
		for range 2 {
			if err := client.Erase(program, server); err != nil {
				t.Errorf("erase %q: %v", server, err)
			}
		}
		if _, err := client.Get(program, server); !credentials.IsErrCredentialsNotFound(err) {
			t.Errorf("get %q after erase: %v", server, err)
		}
	}
	if listed, err := client.List(program); err != nil || len(listed) != 0 {
		t.Errorf("list after all are erased: %v, %v", listed, err)
	}
}

// TestUpstreamClientErrors checks that the client recognizes the protocol's errors by their texts and shows
// all others.
func TestUpstreamClientErrors(t *testing.T) {
	w := newWorld(t)
	program, stderr := programs(t, w)
	w.store("nvcr.io", "$oauthtoken", scripttest.NewKey())

	if _, err := client.Get(program, ""); err == nil || !strings.Contains(err.Error(), "no credentials server URL") || stderr() != "" {
		t.Errorf("get without a server: %v, stderr %q", err, stderr())
	}
	if err := client.Erase(program, " \n"); err == nil || !strings.Contains(err.Error(), "no credentials server URL") {
		t.Errorf("erase without a server: %v", err)
	}
	if err := client.Store(program, &credentials.Credentials{Username: "u", Secret: "s"}); err == nil || !strings.Contains(err.Error(), "no credentials server URL") {
		t.Errorf("store without a server: %v", err)
	}
	if err := client.Store(program, &credentials.Credentials{ServerURL: "ghcr.io", Secret: "s"}); err == nil || !strings.Contains(err.Error(), "no credentials username") {
		t.Errorf("store without a user: %v", err)
	}
	for _, server := range []string{
		"nv\ncr.io", "nvcr.io.evil.com", "https://nvcr.io@evil.com", "https://user:pass@nvcr.io", "../../../../etc/passwd", "..", "a/../../nvcr.io", "nvcr.io\x00",
		"-rf", "--help", "$(id)", "`id`", "%s%n", strings.Repeat("a", 10<<20), strings.Repeat("nvcr.io\n", 1000), "🔑.example.com",
	} {
		_, err := client.Get(program, server)
		switch tooLong := len(server) > maxInput; {
		case tooLong && (err == nil || !strings.Contains(err.Error(), "the input is longer than")):
			t.Errorf("get of %d bytes: %.200v", len(server), err)
		case !tooLong && !credentials.IsErrCredentialsNotFound(err):
			t.Errorf("get %.40q: %v", server, err)
		}
		if err := client.Erase(program, server); err != nil && len(server) <= maxInput {
			t.Errorf("erase %.40q: %v", server, err)
		}
		if len(stderr()) > 500 {
			t.Errorf("%.40q: %d bytes on stderr", server, len(stderr()))
		}
	}
	for _, server := range []string{"nv\ncr.io", "https://user:hunter2@nvcr.io", "has space.example.com", "::1:8080//location/../../hello"} {
		err := client.Store(program, &credentials.Credentials{ServerURL: server, Username: "u", Secret: "hunter2"})
		if err == nil || !strings.Contains(err.Error(), "out: `not a registry server") {
			t.Errorf("store %q: %v", server, err)
		}
		if strings.Contains(fmt.Sprint(err)+stderr(), "hunter2") {
			t.Errorf("store %q shows the secret", server)
		}
	}
	if listed, err := client.List(program); err != nil || len(listed) != 1 {
		t.Errorf("list = %v, %v", listed, err)
	}
}

// TestConcurrent does what "compose pull" and a concurrent "docker login" do. Every answer must be one of
// the stored values.
func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	const gets, stores, atOnce = 64, 16, 16
	keys := make([]string, stores)
	valid := map[string]bool{}
	for i := range keys {
		keys[i] = scripttest.NewKey()
		valid[keys[i]] = true
	}
	w.store("nvcr.io", "$oauthtoken", keys[0])

	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	do := func(job func(client.ProgramFunc) error) {
		program, _ := programs(t, w)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := job(program); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range gets {
		do(func(program client.ProgramFunc) error {
			c, err := client.Get(program, "nvcr.io")
			if err != nil {
				return err
			}
			if c.Username != "$oauthtoken" || !valid[c.Secret] {
				return errors.New("get answered what was never stored")
			}
			return nil
		})
		if i%(gets/stores) == 0 {
			do(func(program client.ProgramFunc) error {
				key := keys[i/(gets/stores)]
				if err := client.Store(program, &credentials.Credentials{ServerURL: "nvcr.io", Username: "$oauthtoken", Secret: key}); err != nil {
					return err
				}
				other := credentials.Credentials{ServerURL: fmt.Sprintf("registry-%d.example.com", i), Username: "u", Secret: key}
				return client.Store(program, &other)
			})
		}
	}
	wg.Wait()
	if listed := w.list(); len(listed) != stores+1 {
		t.Errorf("%d servers are listed, %d were stored", len(listed), stores+1)
	}
}
