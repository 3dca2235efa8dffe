package doctor

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/doctor"
	"github.com/ragenv/ragenv/test/scripttest"
)

// TestDiskThatCannotBeWritten runs doctor in homes on a read-only and on a full disk.
func TestDiskThatCannotBeWritten(t *testing.T) {
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("no mount namespaces here: %v: %s", err, out)
	}
	for name, c := range map[string]struct{ mount, detail, hint string }{
		"read-only": {`mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME"`,
			"on a read-only file system: ~/.docker, ~/.config/ragenv, ~/.local/state/ragenv, ~/.local/share/ragenv; ", "to see which disk it is: df "},
		"full": {`cp -a "$HOME" "$HOME.full" && mount -t tmpfs -o size=1m tmpfs "$HOME" && cp -a "$HOME.full/." "$HOME" && { cat /dev/zero >"$HOME/zero" 2>/dev/null; true; }`,
			"on a full disk: ~/.docker, ", "free some space; "},
		"no inodes": {`cp -a "$HOME" "$HOME.full" && mount -t tmpfs -o nr_inodes=40 tmpfs "$HOME" && cp -a "$HOME.full/." "$HOME" && ` +
			`(cd "$HOME" && i=0; while : 2>/dev/null >f$i; do i=$((i+1)); done) 2>/dev/null; true`,
			"on a full disk: ~/.docker, ", "free some space; "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newDoctorHome(t)
			cmd := exec.Command("unshare", "-rm", "sh", "-c", c.mount+` && exec "$0" doctor --json`, scripttest.Binary(t, scripttest.Ragenv))
			cmd.Dir, cmd.Stderr = h.dir, os.Stderr
			for name, value := range h.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.Output()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			var reports []doctor.Report
			if err := json.Unmarshal(out, &reports); err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if !slices.ContainsFunc(reports, func(r doctor.Report) bool { return r.Name == "writable" }) {
				t.Error("no such check")
			}
			for _, r := range reports {
				switch {
				case r.Name != "writable":
					if r.Status != doctor.OK {
						t.Errorf("%s: %s: %s", r.Name, r.Status, r.Detail)
					}
				case r.Status != doctor.Warning || !strings.Contains(r.Detail, c.detail) || !strings.Contains(r.Hint, c.hint):
					t.Errorf("%s: %s: %s (hint: %s)", r.Name, r.Status, r.Detail, r.Hint)
				}
			}
		})
	}
}
