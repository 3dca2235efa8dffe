//go:build unix

package durability

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

var (
	madeDirectory   = regexp.MustCompile(`mkdir(?:at)?\((?:.*, )?"([^"]+)", 0\d+\) += 0`)
	syncedDirectory = regexp.MustCompile(`fsync\(\d+<([^>]+)>\) += 0`)
)

// TestDirectoriesAreSynced checks that the first key survives a power failure: each directory that was created on the
// way to it is synced in its parent.
func TestDirectoriesAreSynced(t *testing.T) {
	strace := needStrace(t)
	w := emptyWorld(t, t.TempDir())
	put(t, filepath.Join(w.dir, "passphrase"), scripttest.NewKey()+"\n")
	w.extra["RAGENV_PASSPHRASE_FILE"], w.extra["RAGENV_BACKEND"] = filepath.Join(w.dir, "passphrase"), "file"
	log := filepath.Join(w.dir, "strace.log")
	cmd := w.traced(strace, log, []string{"-e", "trace=/^mkdir(at)?$,fsync"}, scripttest.Ragenv, "set", "FIRST_TOKEN")
	cmd.Stdin = strings.NewReader(scripttest.NewKey())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var unsynced []string // parents of new directories, in the order of creation
	created := 0
	for line := range strings.Lines(string(data)) {
		if made := madeDirectory.FindStringSubmatch(line); made != nil && strings.HasPrefix(filepath.Join(w.paths.Store, "items"), made[1]) {
			created++
			unsynced = append(unsynced, filepath.Dir(made[1]))
		}
		if synced := syncedDirectory.FindStringSubmatch(line); synced != nil {
			unsynced = slices.DeleteFunc(unsynced, func(dir string) bool { return dir == synced[1] })
		}
	}
	if created < 3 {
		t.Errorf("%d directories were created, want the store, its items and at least one above:\n%s", created, data)
	}
	if len(unsynced) > 0 {
		t.Errorf("not synced: %q", unsynced)
	}
}
