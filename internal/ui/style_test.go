package ui

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestPlainStyle(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, s := range map[string]Style{
		"a buffer": StyleFor(&bytes.Buffer{}, func(string) string { return "" }),
		"a file":   StyleFor(file, func(string) string { return "" }),
	} {
		if s.On || s.Bold("x") != "x" || s.Wrap("a b", 0) != "a b" {
			t.Errorf("%s is styled: %+v", name, s)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		width, indent int
		text, want    string
	}{
		{10, 2, "one two three", "one two\n  three"},
		{10, 0, "one two three", "one two\nthree"},
		{5, 0, "longerthanthat x", "longerthanthat\nx"},
		{80, 4, "  spaces   fold ", "spaces fold"},
		{3, 0, "äöü äöü", "äöü\näöü"},
	} {
		if got := (Style{On: true, Width: test.width}).Wrap(test.text, test.indent); got != test.want {
			t.Errorf("%d, %d: %q, want %q", test.width, test.indent, got, test.want)
		}
	}
	for line := range strings.SplitSeq(Style{On: true, Width: 40}.Wrap(strings.Repeat("word ", 50), 5), "\n") {
		if len(line) > 40 {
			t.Errorf("%d columns: %q", len(line), line)
		}
	}
}

func TestFit(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, width := range []int{0, 40, 60, 80} {
		rows := [][]string{{"NAME", "KIND", "UPDATED"}, {long, "self", "2026-01-01"}}
		Style{Width: width}.Fit(rows)
		got := len([]rune(strings.Join(rows[1], "  ")))
		if width == 0 && rows[1][0] != long || width > 0 && (got > width || width < 75 && (got != width || !strings.HasSuffix(rows[1][0], "…"))) || rows[1][2] != "2026-01-01" {
			t.Errorf("%d columns: %d: %q", width, got, rows[1])
		}
	}
}
