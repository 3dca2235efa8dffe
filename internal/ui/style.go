package ui

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is the format of text for a user: with colors, marks and wrapped lines on a terminal, otherwise
// plain. The zero value is plain.
type Style struct {
	On    bool // use colors and marks
	Words bool // the locale has no UTF-8: words instead of marks
	Width int  // columns of the terminal; 0 off a terminal, where text is not wrapped
}

// StyleFor returns the style for text written to w. Off a terminal it is plain. If NO_COLOR is set
// (https://no-color.org), or TERM is "dumb" or not set, text is only wrapped.
func StyleFor(w io.Writer, getenv func(string) string) Style {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Style{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return Style{On: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && showsColors(file, getenv), Words: !utf8Locale(getenv), Width: width}
}

// utf8Locale reports whether the locale has UTF-8. Without a locale it is assumed: SSH often passes none on.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return true
}

// Colors, as ECMA-48 "select graphic rendition" sequences.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	bold   = "1"
)

func (s Style) paint(code, text string) string {
	if !s.On {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold, Good, Caution and Bad color text.
func (s Style) Bold(text string) string    { return s.paint(bold, text) }
func (s Style) Good(text string) string    { return s.paint(green, text) }
func (s Style) Caution(text string) string { return s.paint(yellow, text) }
func (s Style) Bad(text string) string     { return s.paint(red, text) }

// The marks at the beginning of a line: one column wide, or a word if there are no colors.
func (s Style) Check() string   { return s.mark(green, "✓", "ok:") }
func (s Style) Warning() string { return s.mark(yellow, "!", "warning:") }
func (s Style) Cross() string   { return s.mark(red, "✗", "error:") }

func (s Style) mark(color, symbol, word string) string {
	if !s.On || s.Words {
		return s.paint(color, word)
	}
	return s.paint(color, symbol)
}

// Wrap breaks text at spaces to fit the width. Lines after the first are indented by indent columns, and
// the first is assumed to start at that column. Words longer than a line are not broken.
func (s Style) Wrap(text string, indent int) string {
	if s.Width == 0 {
		return text
	}
	var b strings.Builder
	at := indent
	for i, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case at+1+length > s.Width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += length
	}
	return b.String()
}

// wrapPrompt wraps a question, and keeps its indentation and the space after it.
func (s Style) wrapPrompt(prompt string) string {
	text := strings.TrimLeft(prompt, " ")
	indent := len(prompt) - len(text)
	if s.Width == 0 || len([]rune(prompt)) < s.Width {
		return prompt
	}
	return strings.Repeat(" ", indent) + s.Wrap(text, indent) + " "
}

// Fit shortens the cells of the table's widest column, with "…" at the end, until rows fit the width with
// two spaces between columns. It returns false, and changes nothing, if a column would become narrower than
// 16 columns, where a name can no longer be recognized and a date is cut. Off a terminal everything fits.
func (s Style) Fit(rows [][]string) bool {
	if s.Width == 0 || len(rows) == 0 {
		return true
	}
	widths := make([]int, len(rows[0]))
	total := -2
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
		total += widths[i] + 2
	}
	const least = 16
	for total > s.Width {
		widest := 0
		for i, width := range widths {
			if width > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= least {
			return false
		}
		widths[widest]--
		total--
	}
	for _, row := range rows {
		for i := range row {
			if text := []rune(row[i]); len(text) > widths[i] {
				row[i] = string(text[:widths[i]-1]) + "…"
			}
		}
	}
	return true
}
