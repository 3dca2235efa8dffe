// Command bench measures what starting the programs costs, next to a program that does nothing and the programs that a user
// could use instead. scripts/bench builds what it needs and calls it; so does scripts/bench-instructions.
//
//	bench measure FLAG...       measures, and writes a JSON file
//	bench show FLAG... FILE     writes the page and the charts of such a file
//	bench instructions FLAG...  compares the instructions of two builds of the helper
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// codeSkipped tells that what a comparison needs is not there; test drivers know it.
const codeSkipped = 77

// errSkipped is returned with the reason.
var errSkipped = errors.New("SKIP")

// interrupted is set by the first SIGINT or SIGTERM: what comes next is not begun, and the run's homes, daemons and keys in the
// kernel's keyring are removed as at its end.
var interrupted atomic.Bool

var errInterrupted = errors.New("interrupted")

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			interrupted.Store(true)
		}
	}()
	verbs := map[string]func([]string) error{
		"measure": measure, "show": show, "instructions": instructions, peakVerb: servePeak,
	}
	run, known := verbs[firstArgument()]
	if !known {
		fmt.Fprintln(os.Stderr, "Usage: bench measure|show|instructions FLAG...")
		os.Exit(2)
	}
	switch err := run(os.Args[2:]); {
	case err == nil:
	case interrupted.Load(): // whatever failed, failed for that
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, errSkipped):
		fmt.Println("bench:", err)
		os.Exit(codeSkipped)
	default:
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func firstArgument() string {
	if len(os.Args) < 2 {
		return ""
	}
	return os.Args[1]
}

var began = time.Now()

func logf(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bench: %3.0f s: %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, arguments...))
}
