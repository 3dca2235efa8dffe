package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The size of what ragenv where searches here. On a quiet machine it should take at most two seconds.
const (
	whereFiles      = 100_000
	whereContainers = 200
)

// testWhereInTime searches a large home and a busy engine, and reports the time. It only checks the answer,
// since the time depends on other load.
func testWhereInTime(t *testing.T) {
	emptyEngine(t)
	t.Cleanup(func() { emptyEngine(t) })
	h := newHome(t)
	key := h.acceptedKey()
	h.newStore()
	h.ragenv("docker", "configure").ok()
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	for i := range whereFiles {
		if i%1000 == 0 {
			if err := os.MkdirAll(h.path("projects", fmt.Sprint(i/10_000), fmt.Sprint(i/1000)), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(h.path("projects", fmt.Sprint(i/10_000), fmt.Sprint(i/1000)), fmt.Sprintf("file%d.py", i)), []byte("print('hello')\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.docker("pull", nimImage).ok()
	// Compose's labels make ragenv check /run/secrets of each container, too.
	const batch = 40
	for first := 0; first < whereContainers; first += batch {
		h.run("", "sh", "-c", fmt.Sprintf(`for i in $(seq %d %d); do docker create --label com.docker.compose.project=p --label com.docker.compose.service=s$i -e NGC_API_KEY=value-$i %s >/dev/null || exit 1; done`,
			first+1, first+batch, nimImage)).ok()
	}
	h.write(".netrc", "machine nvcr.io login x\npassword "+key+"\n")

	best := time.Hour
	for range 3 {
		start := time.Now()
		h.ragenv("where").ok().says(fmt.Sprintf("%d Docker containers", whereContainers), "1 file has the current one")
		best = min(best, time.Since(start))
	}
	t.Logf("%d files and %d containers: %s", whereFiles, whereContainers, best.Round(time.Millisecond))
}
