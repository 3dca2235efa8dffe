//go:build unix

package durability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

// output runs a program and returns its output.
func (w *world) output(stdin, program string, args ...string) (stdout, stderr string, err error) {
	cmd := w.command(program, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// helperGet asks the helper for a registry's secret.
func (w *world) helperGet(server string) (string, error) {
	stdout, stderr, err := w.output(server, scripttest.Helper, "get")
	if err != nil {
		return "", fmt.Errorf("get %s: %w: %s%s", server, err, stdout, stderr)
	}
	var answer struct{ Secret string }
	return answer.Secret, json.Unmarshal([]byte(stdout), &answer)
}

func credential(server, user, secret string) string {
	data, _ := json.Marshal(map[string]string{"ServerURL": server, "Username": user, "Secret": secret}) // strings always can be encoded
	return string(data)
}

// TestAtOnce runs 64 writers and 64 readers at once, on the same item and on items of their own.
func TestAtOnce(t *testing.T) {
	const each = 64
	repeat := rounds.Of(t, 1, 0.004)
	w := newWorld(t, t.TempDir())
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	reads := atomic.Int64{}
	for range repeat {
		valid := map[string]bool{w.items[ngcKey]: true}
		values := make([]string, each)
		for i := range values {
			values[i] = scripttest.NewKey()
			valid[values[i]] = true
		}
		next := maps.Clone(w.items)
		var wg sync.WaitGroup
		for i, value := range values {
			own := fmt.Sprintf("OWN_%d_TOKEN", i)
			next[env(own)] = value
			wg.Go(func() {
				var shared error
				if i%2 == 0 {
					_, _, shared = w.output(value, scripttest.Ragenv, "set", "NGC_API_KEY")
				} else {
					_, _, shared = w.output(credential("nvcr.io", "$oauthtoken", value), scripttest.Helper, "store")
				}
				_, stderr, err := w.output(value, scripttest.Ragenv, "set", own, "--force")
				if err := errors.Join(shared, err); err != nil {
					t.Errorf("writer %d: %v: %s", i, err, stderr)
				}
			})
			wg.Go(func() {
				for range 3 {
					got, err := w.helperGet("nvcr.io")
					if err != nil || !valid[got] {
						t.Errorf("reader %d: the answer is one that was stored: %t, %v", i, valid[got], err)
					}
					reads.Add(1)
				}
			})
		}
		wg.Wait()
		got, err := w.read()
		if err != nil {
			t.Fatal(err)
		}
		if !valid[got[ngcKey]] {
			t.Error("the shared item holds what nobody stored")
		}
		if !valid[got[previousKey]] {
			t.Error("the value kept for --undo is one that nobody stored")
		}
		next[ngcKey], next[previousKey] = got[ngcKey], got[previousKey]
		if !maps.Equal(got, next) {
			t.Errorf("LOST: %d items, want %d, and each with its writer's value", len(got), len(next))
		}
		w.items = got
		if left := w.temporary(); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
	t.Logf("%d times %d writers of two items each and %d readers, %d answers: 0 losses", repeat, each, each, reads.Load())
}

// TestReadWhileMigrating moves all keys from one backend to another and back, repeatedly, while others
// read. A key that is always stored must always be found.
func TestReadWhileMigrating(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mustSet(registry("ghcr.io"), scripttest.NewKey())
	for i := range 8 { // so that emptying the old place takes a while
		w.mustSet(env(fmt.Sprintf("MORE_%d_TOKEN", i)), scripttest.NewKey())
	}
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	migrations := rounds.Of(t, 2, 0.02)
	done := make(chan struct{})
	var answers [5]atomic.Int64
	var wg sync.WaitGroup
	reader := func(i int, read func() error) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := read(); err != nil {
					t.Errorf("LOST for a moment: %v", err)
					return
				}
				answers[i].Add(1)
			}
		})
	}
	same := func(what, got, wanted string, err error) error {
		if err != nil || strings.TrimSuffix(got, "\n") != wanted {
			return fmt.Errorf("%s: the right answer: %t, %w", what, got == wanted, err)
		}
		return nil
	}
	for i, server := range map[int]string{0: "nvcr.io", 1: "ghcr.io"} {
		wanted := w.items[ngcKey]
		if i == 1 {
			wanted = w.items[registry("ghcr.io")]
		}
		reader(i, func() error {
			got, err := w.helperGet(server)
			return same("helper get "+server, got, wanted, err)
		})
	}
	reader(2, func() error {
		got, stderr, err := w.output("", scripttest.Ragenv, "get", "FIRST_TOKEN")
		return same("ragenv get: "+stderr, got, w.items[env("FIRST_TOKEN")], err)
	})
	reader(3, func() error {
		got, stderr, err := w.output("", scripttest.Ragenv, "--only", "SECOND_TOKEN", "--", "printenv", "SECOND_TOKEN")
		return same("ragenv --: "+stderr, got, w.items[env("SECOND_TOKEN")], err)
	})
	reader(4, func() error {
		got, stderr, err := w.output("", scripttest.Helper, "list")
		if err == nil && (!strings.Contains(got, "nvcr.io") || !strings.Contains(got, "ghcr.io")) {
			err = fmt.Errorf("list = %s%s", got, stderr)
		}
		return err
	})
	for i := range migrations {
		from, to := keychain.BackendFile, keychain.BackendPass
		if i%2 == 1 {
			from, to = to, from
		}
		w.run("", scripttest.Ragenv, "backend", "migrate", from, to)
	}
	close(done)
	wg.Wait()
	if err := w.compare(w.items, true); err != nil {
		t.Error(err)
	}
	t.Logf("%d migrations; answers: helper get %d and %d, ragenv get %d, ragenv -- %d, helper list %d: 0 not found", migrations,
		answers[0].Load(), answers[1].Load(), answers[2].Load(), answers[3].Load(), answers[4].Load())
}

// TestWriteWhileMigrating checks that values stored during a migration are there afterwards.
func TestWriteWhileMigrating(t *testing.T) {
	w := newWorld(t, t.TempDir())
	for i := range 8 {
		w.mustSet(env(fmt.Sprintf("MORE_%d_TOKEN", i)), scripttest.NewKey())
	}
	scripttest.Binary(t, scripttest.Ragenv)
	migrations := rounds.Of(t, 2, 0.02)
	written := 0
	for i := range migrations {
		from, to := keychain.BackendFile, keychain.BackendPass
		if i%2 == 1 {
			from, to = to, from
		}
		var wg sync.WaitGroup
		over := atomic.Bool{}
		wg.Go(func() {
			defer over.Store(true)
			if _, stderr, err := w.output("", scripttest.Ragenv, "backend", "migrate", from, to); err != nil {
				t.Errorf("migrate: %v: %s", err, stderr)
			}
		})
		for n := 0; !over.Load(); n++ {
			name, value := fmt.Sprintf("NEW_%d_%d_TOKEN", i, n), scripttest.NewKey()
			w.run(value, scripttest.Ragenv, "set", name, "--force")
			w.items[env(name)] = value
			written++
			time.Sleep(5 * time.Millisecond)
		}
		wg.Wait()
		if err := w.compare(w.items, true); err != nil {
			t.Fatalf("LOST: %v", err)
		}
	}
	t.Logf("%d migrations, %d items stored meanwhile: 0 losses", migrations, written)
}

// dockerWriter is a program that edits config.json as docker login does: read, change, write a new file,
// rename.
const dockerWriter = "docker-writer"

// dockerRead returns config.json and the number in it.
func dockerRead(path string) (c map[string]any, edits int, err error) {
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	headers, _ := c["HttpHeaders"].(map[string]any)
	text, _ := headers["Edits"].(string)
	edits, _ = strconv.Atoi(text)
	return c, edits, err
}

// dockerEdit writes config.json with a new number.
func dockerEdit(path string, c map[string]any, edits int) error {
	c["HttpHeaders"] = map[string]any{"Edits": strconv.Itoa(edits)}
	data, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return err
	}
	temp := path + strconv.Itoa(os.Getpid())
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// dockerWriterMain edits config.json until standard input ends. Then it prints the number of its edits, how
// many it did not find again, and how many it found only a moment later, because they were being restored.
func dockerWriterMain() int {
	over := atomic.Bool{}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		over.Store(true)
	}()
	path := filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")
	edits, lost, late := 0, 0, 0
	for !over.Load() {
		c, found, err := dockerRead(path)
		if err == nil && found != edits {
			time.Sleep(50 * time.Millisecond)
			late++
			c, found, err = dockerRead(path)
			lost += edits - found
		}
		if err == nil {
			edits = found + 1
			err = dockerEdit(path, c, edits)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
	}
	fmt.Println(edits, lost, late)
	return 0
}

// TestConfigJSONEditedMeanwhile writes config.json constantly, as Docker does, while it is configured and
// unconfigured. Nothing that Docker wrote may be overwritten. Docker's own last write may undo ours, as
// that is how Docker writes.
func TestConfigJSONEditedMeanwhile(t *testing.T) {
	w := newWorld(t, t.TempDir())
	path := filepath.Join(w.getenv("DOCKER_CONFIG"), "config.json")
	put(t, path, "{\n\t\"HttpHeaders\": {\"Edits\": \"0\"}\n}\n")
	writer := w.command(dockerWriter)
	stdin, err := writer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	writer.Stdout, writer.Stderr = &out, &errs
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	n, refused := rounds.Of(t, 40, 0.4), 0
	for i := range n {
		verb := []string{"configure", "unconfigure"}[i%2]
		_, stderr, err := w.output("", scripttest.Ragenv, "docker", verb)
		if err != nil && strings.Contains(stderr, "was changed by another program") && strings.Contains(stderr, "hint: run it again") {
			refused++ // ten collisions in a row: it reports this and changes nothing
		} else if err != nil {
			t.Errorf("%s: %v: %s", verb, err, stderr)
		}
	}
	_ = stdin.Close()
	if err := writer.Wait(); err != nil {
		t.Fatalf("the writer: %v: %s", err, errs.String())
	}
	var edits, lost, late int
	if _, err := fmt.Sscan(out.String(), &edits, &lost, &late); err != nil {
		t.Fatal(err)
	}
	if lost != 0 {
		t.Errorf("LOST: %d of %d edits of the other program were overwritten", lost, edits)
	}
	if edits < n/2 {
		t.Errorf("only %d edits against %d of ours: that is no race", edits, n)
	}
	if late > 1+edits/1000 {
		t.Errorf("%d of %d edits were not there for a moment: that is not two system calls", late, edits)
	}
	t.Logf("%d runs against %d edits of another process: %d gave up with an error, %d edits lost, %d put back", n, edits, refused, lost, late)
}

// TestTwoLogins runs two docker logins at once, to the same registry and to different ones. It uses the
// real docker if installed, and otherwise calls the helper as docker does.
func TestTwoLogins(t *testing.T) {
	w := newWorld(t, t.TempDir())
	put(t, filepath.Join(w.getenv("DOCKER_CONFIG"), "config.json"), `{"credsStore": "ngc"}`)
	servers := loginServers(t)
	login := func(server, user, secret string) error {
		_, _, err := w.output(credential(server, user, secret), scripttest.Helper, "store")
		return err
	}
	how := "the helper's store, as docker calls it"
	if docker, err := exec.LookPath("docker"); err == nil {
		path := filepath.Dir(scripttest.Binary(t, scripttest.Helper)) + string(os.PathListSeparator) + w.getenv("PATH")
		real := func(server, user, secret string) error {
			cmd := exec.Command(docker, "login", server, "--username", user, "--password-stdin")
			cmd.Env = append(slices.Clone(w.env), "PATH="+path, "DOCKER_HOST=unix://"+filepath.Join(w.dir, "no-engine.sock"))
			cmd.Stdin = strings.NewReader(secret)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("docker login: %w: %s", err, out)
			}
			return nil
		}
		if err := real(servers[0], "me", scripttest.NewKey()); err != nil {
			t.Logf("this docker cannot log in without an engine: %v", err)
		} else {
			login, how = real, "docker login"
		}
	}
	n := rounds.Of(t, 4, 0.01)
	for range n {
		secret := map[string]string{}
		var mine, theirs string
		var wg sync.WaitGroup
		for _, server := range servers {
			value := scripttest.NewKey()
			secret[server] = value
			wg.Go(func() {
				if err := login(server, "me", value); err != nil {
					t.Error(err)
				}
			})
		}
		mine, theirs = scripttest.NewKey(), scripttest.NewKey()
		shared := servers[0]
		for _, value := range []string{mine, theirs} {
			wg.Go(func() {
				if err := login(shared, "me", value); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, server := range servers {
			got, err := w.helperGet(server)
			if err != nil || got != secret[server] && (server != shared || got != mine && got != theirs) {
				t.Errorf("LOST: %s: not what was logged in with, %v", server, err)
			}
		}
	}
	t.Logf("%d times %d logins at once (%s): 0 losses", n, len(servers)+2, how)
}
