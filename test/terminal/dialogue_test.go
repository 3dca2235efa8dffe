//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/ragenv/ragenv/test/terminal"
)

// Ctrl-C ends a program also if the tests run in the background of a script, where interrupts are ignored. The test runs
// again in such a process, since Go cannot undo signal.Ignore.
func TestInterruptInTheBackground(t *testing.T) {
	const inBackground = "TEST_IN_BACKGROUND"
	if os.Getenv(inBackground) == "" {
		again := exec.Command("sh", "-c", `trap '' INT; exec "$0" "$@"`, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), inBackground+"=1")
		if output, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	terminal.NewWorld(t).Start("sleep", "600").SendNow("\x03").WantCode(130)
}
