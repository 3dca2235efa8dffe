package listing

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

func writeTable(s *session.Session, found []entry, all bool) error {
	now, style := s.Now(), ui.StyleFor(s.Stdout, s.Getenv)
	rows := [][]string{{"NAME", "KIND", "UPDATED", "EXPIRES"}}
	for _, e := range found {
		rows = append(rows, []string{ui.Printable(e.Name), ui.Printable(describeKind(e)), describeDay(e.Updated, now), describeExpiry(e.Expires, now, ui.Style{})})
	}
	if all {
		rows[0] = slices.Insert(rows[0], 0, "PROFILE")
		for i, e := range found {
			rows[i+1] = slices.Insert(rows[i+1], 0, e.Profile)
		}
	}
	if !style.Fit(rows) {
		_, err := io.WriteString(s.Stdout, stacked(style, found, all, now))
		return err
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	for i, row := range rows {
		if last := len(row) - 1; i > 0 && row[last] == describeExpiry(found[i-1].Expires, now, ui.Style{}) {
			row[last] = describeExpiry(found[i-1].Expires, now, style)
		}
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// stacked is the table for a terminal that is too narrow for it: each item's name, and below it the rest.
func stacked(style ui.Style, found []entry, all bool, now time.Time) string {
	var b strings.Builder
	for _, e := range found {
		name := ui.Printable(e.Name)
		if all {
			name += " (profile " + e.Profile + ")"
		}
		details := ui.Printable(describeKind(e))
		if e.Updated != nil {
			details += ", updated " + describeDay(e.Updated, now)
		}
		b.WriteString(style.Wrap(name, 0) + "\n    " + style.Wrap(details, 4) + "\n")
		if e.Expires != nil { // not wrapped, because of the color
			b.WriteString("    expires " + describeExpiry(e.Expires, now, style) + "\n")
		}
	}
	return b.String()
}

func describeKind(e entry) string {
	if e.Source != "" {
		return e.Kind + " (from a command)"
	}
	if e.Username != "" {
		return e.Kind + " (" + e.Username + ")"
	}
	return e.Kind
}

func describeDay(t *time.Time, now time.Time) string {
	if t == nil {
		return "-"
	}
	return t.In(now.Location()).Format(time.DateOnly)
}

func describeExpiry(t *time.Time, now time.Time, style ui.Style) string {
	if t == nil {
		return "-"
	}
	day := describeDay(t, now)
	switch {
	case !t.After(now):
		return style.Bad(day + " (expired)")
	case expiry.Near(*t, now):
		return style.Caution(day + " (" + expiry.Phrase(*t, now) + ")")
	}
	return day
}
