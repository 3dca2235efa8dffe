//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/test/terminal"
)

// A terminal's signals end a program also if the tests run in the background of a script, or under nohup, where they are
// ignored. The test runs again in such a process, since Go cannot undo signal.Ignore.
func TestIgnoredSignals(t *testing.T) {
	const ignored = "TEST_SIGNALS_IGNORED"
	if os.Getenv(ignored) == "" {
		again := exec.Command("sh", "-c", `trap '' INT QUIT HUP; exec "$0" "$@"`, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), ignored+"=1")
		if output, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
		d := terminal.NewWorld(t).Start("sleep", "600")
		d.SignalForeground(sig)
		d.WantCode(128 + int(sig))
	}
	terminal.NewWorld(t).Start("sleep", "600").SendNow("\x03").WantCode(130)
}
