package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == helperName {
		os.Exit(shim())
	}
	code := m.Run()
	printTable()
	if code == 0 && os.Getenv("E2E_WORLD") != "" && !ran() { // such as with a -run that matches no step
		fmt.Fprintln(os.Stderr, "e2e: error: no step ran")
		code = 1
	}
	os.Exit(code)
}

// outcome is a row of the table at the end of the output.
type outcome struct {
	name   string // subtests are indented below their step
	state  string
	reason string
	took   time.Duration
}

var table struct {
	mu   sync.Mutex
	rows []*outcome
}

// step runs f as a subtest and adds it to the table.
func step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	row := &outcome{name: strings.Repeat("  ", strings.Count(t.Name(), "/")) + name}
	t.Run(name, func(t *testing.T) {
		table.mu.Lock()
		table.rows = append(table.rows, row)
		table.mu.Unlock()
		start := time.Now()
		t.Cleanup(func() {
			row.took = time.Since(start)
			switch {
			case t.Failed():
				row.state = "FAILED"
			case t.Skipped():
				row.state = "skipped"
			default:
				row.state = "ok"
			}
		})
		f(t)
	})
}

// skip skips the test and records the reason in the table.
func skip(t *testing.T, reason string) {
	t.Helper()
	table.mu.Lock()
	if len(table.rows) > 0 {
		table.rows[len(table.rows)-1].reason = reason
	}
	table.mu.Unlock()
	t.Skip(reason)
}

// ran reports whether a step ran without being skipped.
func ran() bool {
	return slices.ContainsFunc(table.rows, func(row *outcome) bool { return row.state != "skipped" })
}

func printTable() {
	if len(table.rows) == 0 {
		return
	}
	fmt.Printf("\nDocker engine %s, docker CLI %s, Compose %s\n\n", os.Getenv("E2E_DOCKER_VERSION"), cliVersion(), composeVersion())
	for _, row := range table.rows {
		fmt.Printf("%-8s %6.2f s  %s", cmp.Or(row.state, "cut off"), row.took.Seconds(), row.name)
		if row.reason != "" {
			fmt.Printf(": %s", row.reason)
		}
		fmt.Println()
	}
	fmt.Println()
}
