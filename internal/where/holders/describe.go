package holders

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where"
)

// Options define what to search for, and where.
type Options struct {
	Names      []string // nil for all in the profile
	Paths      []string
	Kubernetes bool
}

// Describe returns a report as text: each holder, with its fix below; a file once for each fix. On a terminal, all text is wrapped
// except the fixes, so that they can be pasted.
func Describe(report *where.Report, style ui.Style) string {
	var b strings.Builder
	writeHolders(&b, report.Holders, style)
	if len(report.Searched) > 0 {
		fmt.Fprintln(&b, style.Wrap("searched: "+strings.Join(report.Searched, ", "), 0))
	}
	for _, u := range report.Unread {
		fmt.Fprintln(&b, style.Wrap("not searched: "+ui.Printable(u.What)+": "+ui.Printable(u.Reason), 0))
	}
	switch old, all := report.Old(), len(report.Holders); {
	case len(old) > 0:
		fmt.Fprintf(&b, "%s an old value\n", have(old))
	case all > 0:
		fmt.Fprintf(&b, "nothing that was searched has an old value; %s the current one\n", have(report.Holders))
	default:
		b.WriteString("nothing that was searched has a value of these keys\n")
	}
	return b.String()
}

func writeHolders(b *strings.Builder, holders []where.Holder, style ui.Style) {
	states := map[where.State]string{where.Old: "OLD", where.Current: "current"}
	for _, group := range byFix(holders) {
		h := group[0]
		parts := strings.Join(h.Where, ", ")
		switch {
		case h.Kind == where.KindFile:
			parts = inFile(group)
		case len(h.Keys) > 1 || !strings.Contains(parts, h.Keys[0]):
			parts = strings.Join(h.Keys, ", ") + " in " + parts
		}
		state := fmt.Sprintf("%-7s", states[h.State])
		if h.State == where.Old {
			state = style.Caution(state)
		}
		text := ui.Printable(h.Title()) + "  " + ui.Printable(parts)
		fmt.Fprintf(b, "%s  %s\n", state, style.Wrap(text, 9))
		if h.Fix != "" {
			fmt.Fprintf(b, "%7s  %s\n", "", ui.Printable(h.Fix))
		}
	}
}

// byFix returns the entries of the text, in the order of holders. Findings in a file are one entry if they
// have the same fix, because it needs to be run only once.
func byFix(holders []where.Holder) (groups [][]where.Holder) {
	type entry struct {
		state     where.State
		path, fix string
	}
	index := map[entry]int{}
	for _, h := range holders {
		if h.Kind == where.KindFile {
			e := entry{h.State, h.Path, h.Fix}
			if i, ok := index[e]; ok {
				groups[i] = append(groups[i], h)
				continue
			}
			index[e] = len(groups)
		}
		groups = append(groups, []where.Holder{h})
	}
	return groups
}

// inFile names the keys and the lines of findings in one file, such as "A in lines 1, 4; B in line 2".
func inFile(findings []where.Holder) string {
	type place struct{ keys, after string } // after the line's number
	var order []place
	lines := map[place][]string{}
	for _, h := range findings {
		p := place{strings.Join(h.Keys, ", "), strings.Join(h.Where, ", ")}
		if h.Line > 0 {
			p.after = strings.TrimPrefix(p.after, fmt.Sprintf("line %d", h.Line))
		}
		if !slices.Contains(order, p) {
			order = append(order, p)
		}
		if h.Line > 0 {
			lines[p] = append(lines[p], strconv.Itoa(h.Line))
		}
	}
	var texts []string
	for _, p := range order {
		text := p.keys + " in "
		switch numbers := lines[p]; len(numbers) {
		case 0:
		case 1:
			text += "line " + numbers[0]
		default:
			text += "lines " + strings.Join(numbers, ", ")
		}
		texts = append(texts, text+p.after)
	}
	return strings.Join(texts, "; ")
}

// have returns, for example, "1 container and 2 files have".
func have(holders []where.Holder) string {
	order := []struct{ kind, noun string }{
		{where.KindContainer, "container"}, {where.KindService, "swarm service"}, {where.KindPodmanSecret, "Podman secret"}, {where.KindFile, "file"},
		{where.KindShell, "shell"}, {where.KindProcess, "running process"}, {where.KindSecret, "Kubernetes secret"}, {where.KindHelmRelease, "Helm release"}, {where.KindPod, "pod"},
	}
	var phrases []string
	total := 0
	for _, o := range order {
		distinct := map[string]bool{} // a file may have several lines
		for _, h := range holders {
			if h.Kind == o.kind {
				distinct[h.Engine+"/"+h.Project+"/"+h.Name+h.Path] = true
			}
		}
		switch n := len(distinct); {
		case n == 0:
			continue
		case n > 1 && o.noun == "running process":
			phrases = append(phrases, fmt.Sprintf("%d running processes", n))
		default:
			phrases = append(phrases, ui.Count(n, o.noun))
		}
		total += len(distinct)
	}
	text := phrases[0]
	if last := len(phrases) - 1; last > 0 {
		text = strings.Join(phrases[:last], ", ") + " and " + phrases[last]
	}
	if total == 1 {
		return text + " has"
	}
	return text + " have"
}
