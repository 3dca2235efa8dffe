//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/signal"
	"testing"

	"github.com/ragenv/ragenv/test/terminal"
)

// Ctrl-C ends a program also if the tests run in the background of a script, where interrupts are ignored.
func TestInterruptInTheBackground(t *testing.T) {
	signal.Ignore(os.Interrupt)
	defer signal.Reset(os.Interrupt)
	terminal.NewWorld(t).Start("sleep", "600").SendNow("\x03").WantCode(130)
}
