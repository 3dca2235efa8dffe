// Package rounds decides how long tests run. "make test" is for development: it covers every case, but
// repeats little and skips expensive variants. The nightly workflow runs the long form.
package rounds

import (
	"os"
	"strconv"
	"testing"
)

// Env is the variable that enables the long form of all tests. Its value is a number of rounds, of which
// each repeating test runs its share.
const Env = "RAGENV_TEST_ROUNDS"

// Long reports whether the long form of the tests is enabled.
func Long() bool { return os.Getenv(Env) != "" }

// Of returns how often a test repeats: few times, or in the long form share of the number of rounds if that
// is more.
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
