package leaks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// A program that waits with secrets in its memory and environment gets the signals that dump core. Whatever
// the limits and GOTRACEBACK are, it writes no core, and the stacks that Go prints contain no secret.
func TestNoSecretInDumps(t *testing.T) {
	for _, program := range []struct{ name, args string }{
		{scripttest.Ragenv, "set NEW"}, {scripttest.Ragenv, "import -"}, {scripttest.Helper, "store"},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV} {
			for _, traceback := range []string{"", "all", "crash"} {
				t.Run(fmt.Sprintf("%s %s/%s/GOTRACEBACK=%s", program.name, program.args, signal, traceback), func(t *testing.T) {
					t.Parallel()
					w := newLeakWorld(t, "", leakHomes[2])
					w.env["GOTRACEBACK"] = traceback
					cmd := exec.Command("/bin/sh", "-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh", scripttest.Binary(t, program.name))
					cmd.Args = append(cmd.Args, strings.Fields(program.args)...)
					cmd.Dir = filepath.Join(w.dir, "home")
					for name, value := range w.env {
						cmd.Env = append(cmd.Env, name+"="+value)
					}
					var out bytes.Buffer
					cmd.Stdout, cmd.Stderr = &out, &out
					stdin, err := cmd.StdinPipe()
					w.must(err)
					w.must(cmd.Start())
					_, err = io.WriteString(stdin, w.fill(`{"ServerURL":"ghcr.io","Secret":"{typed}`))
					w.must(err)
					w.waitsForInput(cmd.Process.Pid)
					w.must(cmd.Process.Signal(signal))
					_ = cmd.Wait()
					status := cmd.ProcessState.Sys().(syscall.WaitStatus)
					if status.CoreDump() {
						t.Error("it left a core dump")
					}
					if cores, _ := filepath.Glob(filepath.Join(cmd.Dir, "core*")); len(cores) > 0 {
						t.Errorf("there is %q", cores)
					}
					if found := w.find(out.String()); len(found) > 0 {
						t.Errorf("the dump has %v", found)
					}
					if !strings.Contains(out.String(), "goroutine ") {
						t.Errorf("no stacks were printed, so nothing was tested: %s", status.Signal())
					}
				})
			}
		}
	}
}

// waitsForInput waits until the program has read its input and waits for more. The kernel tells root alone.
// For other users, it waits until the program has started, and then gives it time to read.
func (w *leakWorld) waitsForInput(pid int) {
	w.t.Helper()
	reads := fmt.Sprintf("%d 0x0 ", syscall.SYS_READ) // the call's number and the descriptor of standard input
	for end := time.Now().Add(terminal.Patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		link, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		// A program that has made itself non-dumpable hides its executable from all users but root.
		if !errors.Is(err, fs.ErrPermission) && !strings.Contains(link, "ragenv") && !strings.Contains(link, "docker-credential") {
			continue
		}
		calls, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
		for _, path := range calls {
			call, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				time.Sleep(300 * time.Millisecond) // many times what a start takes; if it takes longer, the test is weaker but not wrong
				return
			}
			if strings.HasPrefix(string(call), reads) {
				return
			}
		}
	}
	w.t.Fatal("it did not start")
}
