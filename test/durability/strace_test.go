//go:build unix

package durability

import (
	"os"
	"os/exec"
	"testing"
)

// needStrace returns the path of strace. It skips the test if strace cannot trace here.
func needStrace(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if out, err := exec.Command(strace, "-f", "-e", "inject=chdir:error=EIO", "true").CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %s", out)
	}
	return strace
}

// needRootsStrace is needStrace for tests that need the names of the files that a program opens.
func needRootsStrace(t *testing.T) string {
	t.Helper()
	strace := needStrace(t)
	if os.Geteuid() != 0 {
		t.Skip("only root's strace sees which files a program opens that keeps its memory to itself (PR_SET_DUMPABLE)")
	}
	return strace
}

// traced returns a command that runs a program under strace with these options and writes strace's output
// to log.
func (w *world) traced(strace, log string, options []string, program string, args ...string) *exec.Cmd {
	cmd := w.command(program, args...)
	all := append([]string{strace, "-f", "-q", "-y", "-o", log}, options...)
	cmd.Args = append(append(all, "--", cmd.Path), cmd.Args[1:]...)
	cmd.Path = strace
	return cmd
}
