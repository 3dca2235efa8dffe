package ui

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is how text for a user looks: with colors, marks and lines of its width on a terminal, plain elsewhere. The zero value
// is plain.
type Style struct {
	On    bool // colors and marks
	Width int  // columns of the terminal; 0 off a terminal, where text is not wrapped
}

// StyleFor returns the style for what is written to w. Off a terminal it is plain. Where NO_COLOR is set
// (https://no-color.org) or TERM is "dumb", text is only wrapped.
func StyleFor(w io.Writer, getenv func(string) string) Style {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Style{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return Style{On: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && showsColors(file), Width: width}
}

// Colors by ECMA-48's "select graphic rendition".
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

// Bold, Good, Caution and Bad color a text.
func (s Style) Bold(text string) string    { return s.paint(bold, text) }
func (s Style) Good(text string) string    { return s.paint(green, text) }
func (s Style) Caution(text string) string { return s.paint(yellow, text) }
func (s Style) Bad(text string) string     { return s.paint(red, text) }

// The marks in front of a line: one column wide, or a word where there are no colors.
func (s Style) Check() string   { return s.mark(green, "✓", "ok:") }
func (s Style) Warning() string { return s.mark(yellow, "!", "warning:") }
func (s Style) Cross() string   { return s.mark(red, "✗", "error:") }

func (s Style) mark(color, symbol, word string) string {
	if !s.On {
		return word
	}
	return s.paint(color, symbol)
}

// Wrap breaks text at spaces so that it fits the width, and indents the lines after the first by indent columns. The first
// line is taken to start at that column. A word longer than a line is not broken.
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

// wrapPrompt wraps a question. The space after it stays, and so does the indentation before it.
func (s Style) wrapPrompt(prompt string) string {
	text := strings.TrimLeft(prompt, " ")
	indent := len(prompt) - len(text)
	if s.Width == 0 || len([]rune(prompt)) < s.Width {
		return prompt
	}
	return strings.Repeat(" ", indent) + s.Wrap(text, indent) + " "
}

// Fit shortens the cells of a table's widest column, with "…" at their end, until rows with two spaces between columns fit the
// width. A column is never shortened below 8 columns. Off a terminal it changes nothing.
func (s Style) Fit(rows [][]string) {
	if s.Width == 0 || len(rows) == 0 {
		return
	}
	widths := make([]int, len(rows[0]))
	total := -2
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
		total += widths[i] + 2
	}
	const least = 8
	for total > s.Width {
		widest := 0
		for i, width := range widths {
			if width > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= least {
			break
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
}
