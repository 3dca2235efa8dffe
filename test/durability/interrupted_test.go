//go:build unix

package durability

import (
	"maps"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

// TestInterruptedMigration kills a migration before each of its steps, removes a key, and runs the migration again.
// The key must not come back without a warning that names it, and nothing else may be lost.
func TestInterruptedMigration(t *testing.T) {
	strace := needRootsStrace(t)
	scripttest.Binary(t, scripttest.Ragenv)
	v := values{}
	want := inTurn(t, v, "rm", "migrate")
	stride, warned := 6, 0
	if rounds.Long() {
		stride = 1
	}
	for step := 1; ; step += stride {
		w := pairWorld(t, v)
		s := w.startStopping(t, strace, changes["migrate"], v)
		if !s.proceed(step) {
			t.Logf("%d warnings in fewer than %d runs", warned, step)
			break
		}
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
		w.run("", scripttest.Ragenv, changes["rm"].args...)
		cmd := w.changing(changes["migrate"], v)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("killed before step %d, then again: %v\n%s", step, err, output)
		}
		look := func() ending {
			e, err := w.look(v, want.codes)
			if err != nil {
				t.Fatalf("killed before step %d: %v", step, err)
			}
			return e
		}
		_, back := look().stored["pass: "+env("FIRST_TOKEN").String()]
		_, formerBack := look().stored["pass: "+previous("FIRST_TOKEN").String()]
		named := strings.Contains(string(output), "warning: "+env("FIRST_TOKEN").String()+" was removed from the ")
		formerNamed := strings.Contains(string(output), "warning: "+previous("FIRST_TOKEN").String()+" was removed from the ")
		if back != named || (formerBack && !back) != formerNamed { // rm removes both
			t.Fatalf("killed before step %d, then again: the removed key came back: %t; its former value: %t\n%s%s", step, back, formerBack, output, s.steps())
		}
		for line := range strings.Lines(string(output)) {
			if _, command, hint := strings.Cut(line, "hint: when the migration has ended: ragenv "); hint {
				w.run("", scripttest.Ragenv, strings.Fields(command)...)
				warned++
			}
		}
		got := look()
		if !maps.Equal(got.stored, want.stored) {
			t.Fatalf("LOST, or came back: killed before step %d, then again:\n%v\nwant\n%v\n%s%s", step, got, want, output, s.steps())
		}
	}
	if warned == 0 {
		t.Error("the key never came back: nothing was tested")
	}
}
