//go:build linux || darwin

package where

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// BenchmarkWhere searches a home with 100,000 files and an engine with 200 Compose containers. The search
// should take less than two seconds.
func BenchmarkWhere(b *testing.B) {
	const files, perDir, containers = 100_000, 100, 200
	dir := b.TempDir()
	environ, err := scripttest.Environ(dir)
	if err != nil {
		b.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	for i := range files / perDir {
		sub := filepath.Join(home, "projects", fmt.Sprint(i/100), fmt.Sprint(i))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range perDir {
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("file%d.py", j)), []byte("print('hello')\n"), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	var all []container
	for i := range containers {
		all = append(all, container{Name: fmt.Sprintf("rag-server-%d", i), Service: fmt.Sprintf("server%d", i), Project: "rag", Env: []string{"PATH=/usr/bin", "LOG_LEVEL=info", fmt.Sprintf("NVIDIA_API_KEY=another-key-%d", i)}})
	}
	environ = append(environ, newStandIn(b, all...).environ()...)
	ragenv := scripttest.Binary(b, scripttest.Ragenv)
	run := func(stdin string, args ...string) string {
		cmd := exec.Command(ragenv, args...)
		cmd.Dir, cmd.Env, cmd.Stdin = filepath.Join(home, "projects"), environ, strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	run("", "setup", "--yes", "--no-passphrase")
	run(scripttest.NewKey()+"\n", "set", "NGC_API_KEY")
	for b.Loop() {
		if out := run("", "where"); !strings.Contains(out, fmt.Sprintf("%d Docker containers", containers)) {
			b.Fatal(out)
		}
	}
}
