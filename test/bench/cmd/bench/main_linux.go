// Command bench measures what it costs to start the programs, compared with a program that does nothing and
// with other programs for the same purpose. scripts/bench and scripts/bench-instructions build what it
// needs and run it.
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

// codeSkipped is the exit code for a comparison whose requirements are missing. Test drivers recognize it.
const codeSkipped = 77

// errSkipped is returned with the reason for skipping.
var errSkipped = errors.New("SKIP")

// interrupted is set by the first SIGINT or SIGTERM. The run then starts nothing new, and removes its
// homes, daemons and keys in the kernel's keyring as usual.
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
	case interrupted.Load(): // whatever failed, failed because of the interruption
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
