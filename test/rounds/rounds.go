// Package rounds decides how long tests run. make test is for a change that is being written: it takes every case, but repeats
// nothing for long and skips expensive variants of a case. The nightly workflow has the time for both.
package rounds

import (
	"os"
	"strconv"
	"testing"
)

// Env is the variable that asks for the long form of every test. Its value is a number of rounds, of which each test that
// repeats something takes its share.
const Env = "RAGENV_TEST_ROUNDS"

// Long reports whether the long form of the tests is asked for.
func Long() bool { return os.Getenv(Env) != "" }

// Of returns how often a test repeats what it does: few times, or in the long form share of the number of rounds, if that is more.
func Of(t testing.TB, few int, share float64) int {
	t.Helper()
	if !Long() {
		return few
	}
	n, err := strconv.Atoi(os.Getenv(Env))
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number of rounds", Env, os.Getenv(Env))
	}
	return max(few, int(float64(n)*share))
}
