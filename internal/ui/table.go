package ui

import (
	"io"
	"strings"
)

// leastText is the minimum width of a table's last column. If it would be narrower, its text moves to
// separate lines.
const leastText = 24

// Table writes rows as columns with two spaces between them. On a terminal, it wraps the last column at
// words: it is a reason or a path, which must not be cut, unlike the names that Fit shortens. Off a
// terminal, a row is one line. Cells are passed through Printable.
func (s Style) Table(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(Printable(cell))))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		at := 0
		for i, cell := range row[:len(row)-1] {
			cell = Printable(cell)
			b.WriteString(cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			at += widths[i] + 2
		}
		text := Printable(row[len(row)-1])
		if s.Width > 0 && s.Width-at < leastText && at+len([]rune(text)) > s.Width {
			at = 4
			b.WriteString("\n" + strings.Repeat(" ", at))
		}
		b.WriteString(s.Wrap(text, at) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
