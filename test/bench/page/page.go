// Package page shows a run of the benchmarks: the Markdown page and its charts.
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
var text string

// view is what the template sees.
type view struct {
	*result.Run
	Charts  string // the directory of the charts, as the page links it
	Command string // what made the page
}

// Write writes the page to path, and its charts to a directory of the page's name beside it. command is what a person runs
// to get both.
func Write(r *result.Run, path, command string) error {
	charts := strings.TrimSuffix(path, filepath.Ext(path))
	if err := os.MkdirAll(charts, 0o755); err != nil {
		return err
	}
	for name, svg := range chartsOf(r) {
		if err := os.WriteFile(filepath.Join(charts, name), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	page, err := Markdown(r, filepath.Base(charts), command)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

// Markdown returns the page, whose charts lie in a directory of that name beside it.
func Markdown(r *result.Run, charts, command string) (string, error) {
	t, err := template.New("page").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := t.Execute(&out, view{r, charts, command}); err != nil {
		return "", err
	}
	return out.String(), nil
}

// table lays out rows of cells; all columns but the first are numbers.
func table(header []string, rows [][]string) string {
	var out strings.Builder
	line := func(cells []string) {
		out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(header)
	out.WriteString("|---" + strings.Repeat("|---:", len(header)-1) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return out.String()
}

func ms(nanoseconds float64) string {
	switch x := nanoseconds / 1e6; {
	case x == 0:
		return "–"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

func millions(instructions float64) string {
	if instructions == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", instructions/1e6)
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

func times(ratio float64) string {
	if ratio >= 20 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

func change(before, after float64) string {
	if before == 0 || after == 0 {
		return "–"
	}
	return fmt.Sprintf("%+.0f %%", 100*(after/before-1))
}

// MemoryGB is the machine's memory.
func (v view) MemoryGB() float64 { return float64(v.Machine.Memory) / 1e9 }
