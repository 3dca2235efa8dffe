package trustedfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// In a container's user namespace, directories such as / belong to an owner without a mapping. They are
// trusted, because the namespace cannot change them, but files are not. Outside a namespace, that number is
// an ordinary user's.
func TestNamespace(t *testing.T) {
	if dir := os.Getenv("TRUSTEDFILE_NAMESPACE"); dir != "" {
		_, err := Read(filepath.Join(dir, "outside", "ours"), 10)
		if err != nil {
			t.Errorf("a directory from outside: %v", err)
		}
		if _, err := Read(filepath.Join(dir, "outside", "other"), 10); err == nil || !strings.Contains(err.Error(), "belongs to user") {
			t.Errorf("a file from outside: %v", err)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	overflow, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil || strings.TrimSpace(string(overflow)) != "65534" {
		t.Skip("this kernel has another number for users without one")
	}
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	must(t, os.Mkdir(outside, 0o755))
	for _, name := range []string{"ours", "other"} {
		must(t, os.WriteFile(filepath.Join(outside, name), []byte("x"), 0o644))
	}
	must(t, os.Chown(outside, 65534, 65534))
	must(t, os.Chown(filepath.Join(outside, "other"), 65534, 65534))
	if _, err := Read(filepath.Join(outside, "ours"), 10); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("without a namespace: %v", err)
	}

	root := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNamespace$")
	cmd.Env = append(os.Environ(), "TRUSTEDFILE_NAMESPACE="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: root, GidMappings: root}
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Skip("no user namespace can be created here: ", err)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
