package source

import (
	"bytes"
	"errors"
	"strings"

	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/mask"
	"github.com/ragenv/ragenv/internal/ui"
)

// limited stores a command's output, and ends a command that prints too much.
type limited struct {
	kept bytes.Buffer
	max  int
	cut  bool
	full func()
}

var errFull = errors.New("too much output")

func (l *limited) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > l.max {
		l.cut = true
		l.full()
		return 0, errFull
	}
	return l.kept.Write(p)
}

// tail stores the end of a command's standard error.
type tail struct{ kept []byte }

// The last line is shown in full if it is no longer than a message should be.
const maxTail, maxLine = 4096, 200

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-maxTail):]...)
	t.kept = t.kept[max(0, len(t.kept)-maxTail):]
	return len(p), nil
}

var namesError = lazyregexp.New(`(?i)\berror\b`)

// last returns ": LINE" for the last line that names an error, otherwise for the last line with any text,
// "" if there is none. Programs often print more after an error, such as where to report it. It drops what
// the command printed to standard output and what has the shape of a key.
func (t *tail) last(printed string) string {
	if len(printed) > maxTail {
		return "" // too much to search for
	}
	var shown bytes.Buffer
	w := mask.New([]string{printed, keyinput.Value([]byte(printed))}).Writer(&shown)
	_, _ = w.Write(t.kept)
	_ = w.Close()
	found := ""
	for line := range strings.Lines(strings.ToValidUTF8(shown.String(), "")) {
		line = strings.TrimSpace(ui.Printable(line))
		if line != "" && (namesError().MatchString(line) || !namesError().MatchString(found)) {
			found = line
		}
	}
	if found == "" {
		return ""
	}
	if runes := []rune(found); len(runes) > maxLine {
		found = string(runes[:maxLine]) + "..."
	}
	return ": " + found
}
