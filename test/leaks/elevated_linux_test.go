package leaks

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/test/scripttest"
)

// A program with more rights than its caller must not trust the caller's HOME, since it would reveal
// another user's keys.
func TestElevatedIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a program set-user-id root and run it as somebody else")
	}
	const nobody = 65534
	const netRaw = 1 << 13 // CAP_NET_RAW
	capability := make([]byte, 20)
	binary.LittleEndian.PutUint32(capability, 0x02000001) // VFS_CAP_REVISION_2, VFS_CAP_FLAGS_EFFECTIVE
	binary.LittleEndian.PutUint32(capability[4:], netRaw)

	for _, program := range []string{scripttest.Ragenv, scripttest.Helper} {
		code, err := os.ReadFile(scripttest.Binary(t, program))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name    string
			mode    uint32
			caps    bool
			ambient []uintptr
			refused bool
		}{
			{name: "plain", mode: 0o755},
			{name: "with rights the caller has itself", mode: 0o755, ambient: []uintptr{13}},
			{name: "set-user-id", mode: 0o4755, refused: true},
			{name: "set-group-id", mode: 0o2755, refused: true},
			{name: "file capabilities", mode: 0o755, caps: true, refused: true},
		} {
			t.Run(program+"/"+test.name, func(t *testing.T) {
				// Other users cannot enter the parent of t.TempDir on all systems.
				dir := setUserIDDir(t)
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, program)
				if err := os.WriteFile(path, code, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Chmod(path, test.mode); err != nil {
					t.Fatal(err)
				}
				if test.caps {
					if err := unix.Setxattr(path, "security.capability", capability, 0); err != nil {
						t.Skipf("no file capabilities here: %v", err)
					}
				}
				cmd := exec.Command(path, "list")
				cmd.Dir = "/"
				cmd.Env = []string{"HOME=/nonexistent"}
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: test.ambient}
				err := cmd.Run()
				if cmd.ProcessState == nil {
					t.Skipf("nobody cannot run it here: %v", err)
				}
				const words = "this program must not be set-user-id or set-group-id, or have file capabilities"
				refused := strings.Contains(stderr.String(), program+": error: "+words) && strings.Contains(stderr.String(), program+": hint: chmod a-s")
				if refused != test.refused {
					t.Errorf("refused: %v, want %v; stderr: %s", refused, test.refused, &stderr)
				}
				if test.refused && cmd.ProcessState.ExitCode() == 0 {
					t.Error("exit code 0")
				}
				if test.refused && program == scripttest.Helper && !strings.Contains(stdout.String(), words) {
					t.Errorf("the client is told %q", &stdout)
				}
			})
		}
	}
}

// setUserIDDir returns a new directory where set-user-id programs work.
func setUserIDDir(t *testing.T) string {
	t.Helper()
	for _, parent := range []string{"", "/tmp", "/var/tmp"} { // a directory in memory is often mounted nosuid
		dir, err := os.MkdirTemp(parent, "elevated-*")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		var fs unix.Statfs_t
		if err := unix.Statfs(dir, &fs); err == nil && fs.Flags&unix.ST_NOSUID == 0 {
			return dir
		}
	}
	t.Skip("all directories for temporary files are mounted nosuid")
	return ""
}
