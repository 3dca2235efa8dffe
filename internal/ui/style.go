package ui

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is how text for a user looks: with colors and marks on a terminal, plain elsewhere. The zero value is plain.
type Style struct {
	On    bool // colors and marks
	Width int  // columns of the terminal; 0 where text is not wrapped
}

// StyleFor returns the style for what is written to w. Colors and marks are for a terminal alone, and not where NO_COLOR is
// set (https://no-color.org) or TERM is "dumb".
func StyleFor(w io.Writer, getenv func(string) string) Style {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return Style{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return Style{On: true, Width: width}
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

// The marks in front of a line, one column wide. They are shown where Style.On is true.
func (s Style) Check() string   { return s.Good("✓") }
func (s Style) Warning() string { return s.Caution("!") }
func (s Style) Cross() string   { return s.Bad("✗") }

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
