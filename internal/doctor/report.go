package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/ragenv/ragenv/internal/ui"
)

// Write writes reports for a user. Off a terminal it writes one line per check, with the hint below, and a
// summary. Scripts read that format, so it does not change. On a terminal problems come first, and passed
// checks are only counted unless verbose.
func Write(w io.Writer, style ui.Style, reports []Report, verbose bool) error {
	text := plain(reports)
	if style.On {
		text = forTerminal(style, reports, verbose)
	}
	_, err := io.WriteString(w, text)
	return err
}

func plain(reports []Report) string {
	width := 0
	for _, r := range reports {
		width = max(width, len(r.Name))
	}
	statusWidth := len(Warning)
	var b strings.Builder
	number := byStatus(reports)
	for _, r := range reports {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", statusWidth, r.Status, width, r.Name, ui.Printable(r.Detail))
		if r.Hint != "" {
			fmt.Fprintf(&b, "%*s  %-*s  hint: %s\n", statusWidth, "", width, "", ui.Printable(r.Hint))
		}
	}
	fmt.Fprintf(&b, "%d checks: %d ok, %d warning, %d failed\n", len(reports), number[OK], number[Warning], number[Failed])
	return b.String()
}

func byStatus(reports []Report) map[Status]int {
	number := map[Status]int{}
	for _, r := range reports {
		number[r.Status]++
	}
	return number
}

// forTerminal shows failures, then warnings. Each fix is on its own line, not wrapped, so that it can be
// pasted. The first fix is repeated at the end as the next step.
func forTerminal(style ui.Style, reports []Report, verbose bool) string {
	const indent = 2
	var b strings.Builder
	next := ""
	show := func(mark string, r Report) {
		fmt.Fprintf(&b, "%s %s\n%*s%s\n", mark, style.Bold(r.Name), indent, "", style.Wrap(ui.Printable(r.Detail), indent))
		if r.Hint != "" {
			fmt.Fprintf(&b, "%*s%s\n", indent, "", style.Good(ui.Printable(r.Hint)))
		}
		b.WriteString("\n")
		if next == "" {
			next = r.Hint
		}
	}
	for _, status := range []Status{Failed, Warning} {
		mark := style.Cross()
		if status == Warning {
			mark = style.Warning()
		}
		for _, r := range reports {
			if r.Status == status {
				show(mark, r)
			}
		}
	}
	number := byStatus(reports)
	if verbose {
		for _, r := range reports {
			if r.Status == OK {
				fmt.Fprintf(&b, "%s %s\n", style.Check(), style.Wrap(r.Name+": "+ui.Printable(r.Detail), indent))
			}
		}
	} else {
		text := count(number[OK], "check") + " passed"
		if number[OK] > 0 {
			text += " (ragenv doctor --verbose lists them)"
		}
		fmt.Fprintf(&b, "%s %s\n", style.Check(), style.Wrap(text, indent))
	}
	if problems := number[Failed] + number[Warning]; problems > 0 {
		fmt.Fprintf(&b, "%s, %s\n", count(number[Failed], "error"), count(number[Warning], "warning"))
	}
	if next != "" {
		fmt.Fprintf(&b, "\nNext step: %s\n", style.Bold(ui.Printable(next)))
	}
	return b.String()
}
