//go:build unix

package durability

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/rounds"
)

// start starts a trial's process.
func (w *world) start(t trial) (*exec.Cmd, error) {
	cmd := w.command(t.program, t.args...)
	for name, value := range t.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdin = strings.NewReader(t.stdin)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	return cmd, cmd.Start()
}

// TestKilled kills a changing process, with its children, at a random moment. Then every item has the
// former value or the next one, the store opens, and the next write removes leftover files. The world is
// kept between rounds, so that damage adds up.
func TestKilled(t *testing.T) {
	total := rounds.Of(t, len(operations), 1)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	w := newWorld(t, t.TempDir())
	typical := map[string]time.Duration{}
	killed, finished, left := map[string]int{}, 0, map[string]bool{}
	for round := range total {
		op := operations[round%len(operations)]
		if op.slow && round/len(operations)%20 != 0 { // these take a second or two each
			continue
		}
		trial := op.trial(w)
		cmd, err := w.start(trial)
		if err != nil {
			t.Fatal(err)
		}
		if typical[op.name] == 0 {
			typical[op.name] = 20 * time.Millisecond
		}
		began := time.Now()
		from := 0.0
		if random.IntN(2) == 0 {
			from = 0.6 // writes come late in a run
		}
		delay := time.Duration((from + random.Float64()*(1.1-from)) * float64(typical[op.name]))
		timer := time.AfterFunc(delay, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		err = cmd.Wait()
		timer.Stop()
		took := time.Since(began)
		var exit *exec.ExitError
		switch {
		case err == nil:
			finished++
			typical[op.name] = (typical[op.name]*3 + took) / 4
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled():
			killed[op.name]++
			typical[op.name] += typical[op.name] / 100 // otherwise a growing delay would go unnoticed
		default:
			t.Fatalf("round %d: %s: %v", round, op.name, err)
		}
		for _, path := range w.temporary() {
			if info, err := os.Lstat(path); err == nil {
				left[path+info.ModTime().String()] = true
			}
		}
		if verr := trial.verify(err == nil); verr != nil {
			t.Fatalf("LOST in round %d, after %s, killed after %s of about %s: %v", round, op.name, delay, typical[op.name], verr)
		}
		if err := w.storeIsTidy(); err != nil {
			t.Fatalf("round %d, after %s: %v", round, op.name, err)
		}
	}
	w.mendTemporary(t)
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(killed)) {
		t.Logf("%5d killed: %s", killed[name], name)
		sum += killed[name]
	}
	if sum == 0 {
		t.Error("not one process was killed in time: nothing was tested")
	}
	t.Logf("%d rounds: %d killed, %d finished first; %d temporary files were left and removed by a later write; 0 losses", sum+finished, sum, finished, len(left))
}

// mendTemporary checks that the next write of the same name removes a killed writer's temporary files, once
// they are too old to belong to a running write.
func (w *world) mendTemporary(t *testing.T) {
	t.Helper()
	w.ageTemporary()
	for _, name := range []string{"set", "profile use", "docker configure", "import --remove", "setup"} {
		i := slices.IndexFunc(operations, func(o operation) bool { return o.name == name })
		trial := operations[i].trial(w)
		cmd, err := w.start(trial)
		if err == nil {
			err = cmd.Wait()
		}
		if err == nil {
			err = trial.verify(true)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if slices.ContainsFunc(w.temporary(), func(path string) bool { return filepath.Dir(path) == w.dir && strings.Contains(path, "keys.age") }) {
		w.backUp()
	}
	if left := w.temporary(); len(left) > 0 {
		t.Errorf("still there after the next write of each: %q", left)
	}
	if _, err := os.Stat(w.paths.Store); err != nil {
		t.Error(err)
	}

}
