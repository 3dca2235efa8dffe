package dockerconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchConfig returns a config.json with that many registries.
func benchConfig(registries int) string {
	var auths, helpers []string
	for i := range registries {
		auths = append(auths, fmt.Sprintf("\t\t\"registry-%d.example.com\": {}", i))
		helpers = append(helpers, fmt.Sprintf("\t\t\"registry-%d.example.com\": \"helper-%d\"", i, i))
	}
	return "{\n\t\"auths\": {\n" + strings.Join(auths, ",\n") + "\n\t},\n\t\"credHelpers\": {\n" + strings.Join(helpers, ",\n") +
		"\n\t},\n\t\"detachKeys\": \"ctrl-e,e\"\n}\n"
}

// BenchmarkSetCredHelper parses a file, edits it and undoes the edit, without the disk.
func BenchmarkSetCredHelper(b *testing.B) {
	for _, registries := range []int{1, 100} {
		b.Run(fmt.Sprintf("registries=%d", registries), func(b *testing.B) {
			text := benchConfig(registries)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				f := mustParse(b, text)
				f.SetCredHelper("nvcr.io", "ngc")
				f.RemoveCredHelper("nvcr.io")
				if string(f.text) != text {
					b.Fatal("the edit is not undone")
				}
			}
		})
	}
}

// BenchmarkEditUnchanged is an edit that changes nothing, so nothing is written to disk.
func BenchmarkEditUnchanged(b *testing.B) {
	path := filepath.Join(b.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(benchConfig(10)), 0o600); err != nil {
		b.Fatal(err)
	}
	edit := func(f *File) error { f.SetCredHelper("nvcr.io", "ngc"); return nil }
	if _, err := Edit(path, edit); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if changed, err := Edit(path, edit); err != nil || changed {
			b.Fatalf("changed: %t, %v", changed, err)
		}
	}
}
