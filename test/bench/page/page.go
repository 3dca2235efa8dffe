// Package page renders a run of the benchmarks as a Markdown page with one table and two charts.
package page

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/ragenv/ragenv/test/bench/result"
)

//go:embed page.md.tmpl
var pageText string

// view is the data of the template.
type view struct {
	*result.Run
	Charts string // the directory of the charts, relative to the page
}

// Write writes the page to path, and its charts to a directory next to it, named after the page.
func Write(r *result.Run, path string) error {
	dir := strings.TrimSuffix(path, filepath.Ext(path))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range []struct {
		file, title string
		ids         []string
	}{
		{"start.svg", "Time from start to exit", startOrder},
		{"peers.svg", "Time to return one stored secret", peerOrder},
	} {
		if err := drawBars(filepath.Join(dir, c.file), c.title, bars(r, c.ids)); err != nil {
			return err
		}
	}
	page, err := Markdown(r, filepath.Base(dir))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

// Markdown returns the page, which links to its charts in the directory charts.
func Markdown(r *result.Run, charts string) (string, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := t.Execute(&out, view{r, charts}); err != nil {
		return "", err
	}
	return out.String(), nil
}

// Table returns the table of all subjects: ours first, then other programs in italics.
func (v view) Table() string {
	var out strings.Builder
	out.WriteString("| command | median, ms | × hello | 90th percentile, ms | CPU, ms | peak memory, MB |\n|---|---:|---:|---:|---:|---:|\n")
	for _, of := range []string{result.Base, result.After, result.Peer} {
		for i := range v.Subjects {
			s := &v.Subjects[i]
			if s.Of != of {
				continue
			}
			title := s.Title
			if of == result.Peer {
				title = "*" + title + "*"
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", title, ms(s.Wall.Median()), number(v.Ratio(s)), ms(s.Wall.Quantile(0.9)), ms(s.CPU.Median()), megabytes(s))
		}
	}
	return out.String()
}

// Goals returns the list of targets.
func (v view) Goals() string {
	var out strings.Builder
	for _, g := range goals {
		fmt.Fprintf(&out, "- %s: %s, %s (%s)\n", g.title, g.measured(v.Run), g.limit(), g.verdict(v.Run))
	}
	return out.String()
}

func ms(nanoseconds float64) string {
	if nanoseconds == 0 {
		return "–"
	}
	return number(nanoseconds / 1e6)
}

// number formats a figure with three significant digits.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func megabytes(s *result.Subject) string {
	if s.PeakKiB == 0 {
		return "–"
	}
	text := fmt.Sprintf("%.1f", float64(s.PeakKiB)*1024/1e6)
	if s.PeakAtMost {
		text = "≤ " + text
	}
	return text
}

// MemoryGB returns the machine's memory in GB.
func (v view) MemoryGB() float64 { return float64(v.Machine.Memory) / 1e9 }
