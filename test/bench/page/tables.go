package page

import (
	"fmt"
	"strings"

	"github.com/ragenv/ragenv/test/bench/result"
)

// Starts is the table of all subjects but those of the former build.
func (v view) Starts() string {
	var rows [][]string
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
			rows = append(rows, []string{
				title, ms(s.Wall.Quantile(0.1)), ms(s.Wall.Median()), ms(s.Wall.Quantile(0.9)), times(v.Ratio(s)), times(v.QuietRatio(s)), ms(s.CPU.Median()), megabytes(s),
				fmt.Sprintf("%.0f", s.Faults.Median()), millions(s.Instructions.Median()),
			})
		}
	}
	return table([]string{"", "p10, ms", "median", "p90", "× hello", "by p10", "CPU, ms", "max RSS, MB", "page faults", "instructions, M"}, rows)
}

// goal is a bound that was set before the work began.
type goal struct {
	title string
	bound float64
	least bool // the bound is to be reached from below
	value measure
	quiet measure // by p10 instead of the median; may be nil
	unit  string
}

// measure returns a figure of one build, or 0 where it was not measured.
type measure func(r *result.Run, of string) float64

func ratioGoal(title string, bound float64, id string) goal {
	by := func(ratio func(*result.Run, *result.Subject) float64) measure {
		return func(r *result.Run, of string) float64 {
			if s := r.Find(of, id); s != nil {
				return ratio(r, s)
			}
			return 0
		}
	}
	return goal{title, bound, false, by((*result.Run).Ratio), by((*result.Run).QuietRatio), "× hello"}
}

func peerGoal(title string, bound float64, peer string) goal {
	by := func(of func(result.Samples) float64) measure {
		return func(r *result.Run, whose string) float64 {
			ours, theirs := r.Find(whose, "get"), r.Find(result.Peer, peer)
			if ours == nil || theirs == nil || of(ours.Wall) == 0 {
				return 0
			}
			return of(theirs.Wall) / of(ours.Wall)
		}
	}
	return goal{title, bound, true, by(result.Samples.Median), by(func(s result.Samples) float64 { return s.Quantile(0.1) }), "× faster"}
}

// peak is the largest of the helper's answers about one item.
func peak(r *result.Run, of string) float64 {
	var most int64
	for _, id := range []string{"get", "get-cached", "missing", "unknown", "store", "store-again"} {
		if s := r.Find(of, id); s != nil {
			most = max(most, s.PeakKiB)
		}
	}
	return float64(most) * 1024 / 1e6
}

func pullCPU(r *result.Run, of string) float64 {
	one := r.Find(of, "get")
	for _, p := range r.Pulls {
		if p.Of == of && one != nil && one.CPU.Median() > 0 {
			return p.AtOnceCPU.Median() / one.CPU.Median()
		}
	}
	return 0
}

var goals = []goal{
	ratioGoal("helper get, plain identity", 1.30, "get"),
	ratioGoal("helper get, kernel-cached identity", 1.35, "get-cached"),
	ratioGoal("helper get, not found", 1.20, "missing"),
	ratioGoal("helper get, unknown host", 1.15, "unknown"),
	ratioGoal("ragenv -- true", 1.6, "ragenv-true"),
	ratioGoal("helper list of 100", 4, "list-100"),
	peerGoal("helper get against docker-credential-secretservice get", 7, "secretservice"),
	peerGoal("helper get against docker-credential-pass get", 18, "pass"),
	{"max RSS of the helper's get and store", 8, false, peak, nil, "MB"},
	{"CPU of 14 gets at once", 14, false, pullCPU, nil, "× one get"},
}

// shown is a goal's figure, and in brackets that by p10.
func (g goal) shown(r *result.Run, of string) string {
	value := g.value(r, of)
	if value == 0 {
		return "–"
	}
	text := times(value)
	if g.quiet != nil {
		text += " (" + times(g.quiet(r, of)) + ")"
	}
	return text
}

// verdict tells whether a goal is reached. The median alone is not enough: waiting for a busy core adds the same to all, and
// so draws every ratio to 1.
func (g goal) verdict(r *result.Run) string {
	reached := func(value float64) bool { return g.least && value >= g.bound || !g.least && value <= g.bound }
	value := g.value(r, result.After)
	switch {
	case value == 0:
		return "not measured"
	case !reached(value):
		return "**no**"
	case g.quiet != nil && !reached(g.quiet(r, result.After)):
		return "by the median only"
	}
	return "yes"
}

// Goals is the table of what is to be reached.
func (v view) Goals() string {
	header := []string{"", "bound", "reached", ""}
	if v.Before != "" {
		header = []string{"", "bound", "before", "reached", ""}
	}
	var rows [][]string
	for _, g := range goals {
		sign := "≤"
		if g.least {
			sign = "≥"
		}
		row := []string{g.title, fmt.Sprintf("%s %g %s", sign, g.bound, g.unit)}
		if v.Before != "" {
			row = append(row, g.shown(v.Run, result.Before))
		}
		rows = append(rows, append(row, g.shown(v.Run, result.After), g.verdict(v.Run)))
	}
	return table(header, rows)
}

// Comparison is the table of both builds.
func (v view) Comparison() string {
	var rows [][]string
	for i := range v.Subjects {
		is := &v.Subjects[i]
		was := v.Find(result.Before, is.ID)
		if is.Of != result.After || was == nil {
			continue
		}
		rows = append(rows, []string{
			is.Title, ms(was.Wall.Median()), ms(is.Wall.Median()), change(was.Wall.Median(), is.Wall.Median()),
			times(v.Ratio(was)), times(v.Ratio(is)), ms(was.CPU.Median()), ms(is.CPU.Median()), megabytes(was), megabytes(is),
			millions(was.Instructions.Median()), millions(is.Instructions.Median()),
		})
	}
	return table([]string{
		"", "ms before", "after", "change", "× hello before", "after", "CPU ms before", "after", "MB before", "after", "M instr. before", "after",
	}, rows)
}

// GrowthTable is the table of the curves.
func (v view) GrowthTable() string {
	var sizes []int
	for _, p := range v.Growth {
		if known := len(sizes) > 0 && sizes[len(sizes)-1] >= p.Items; !known {
			sizes = append(sizes, p.Items)
		}
	}
	header := []string{"p10 (median), ms"}
	for _, size := range sizes {
		header = append(header, fmt.Sprint(size))
	}
	var rows [][]string
	for _, c := range v.curves() {
		row := []string{c.title}
		for _, size := range sizes {
			cell := "–"
			for _, p := range c.points {
				if p.Items == size {
					cell = ms(p.Wall.Quantile(0.1)) + " (" + ms(p.Wall.Median()) + ")"
				}
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return table(header, rows)
}

// curve is the points of one verb of one build.
type curve struct {
	title  string
	verb   string
	of     string
	procs  int
	points []result.Point
}

func (v view) curves() []curve {
	var curves []curve
	for _, p := range v.Growth {
		i := 0
		for i < len(curves) && (curves[i].verb != p.Verb || curves[i].of != p.Of || curves[i].procs != p.Procs) {
			i++
		}
		if i == len(curves) {
			curves = append(curves, curve{title: v.curveTitle(p), verb: p.Verb, of: p.Of, procs: p.Procs})
		}
		curves[i].points = append(curves[i].points, p)
	}
	return curves
}

func (v view) curveTitle(p result.Point) string {
	title := p.Verb
	if p.Verb == "list" && p.Procs == 1 {
		title += ", 1 core"
	} else if p.Verb == "list" {
		title += fmt.Sprintf(", %d cores", p.Procs)
	}
	if p.Of == result.Before {
		title += ", before"
	}
	return title
}

// PullTable is the table of the helper's runs for one Compose pull.
func (v view) PullTable() string {
	var rows [][]string
	for _, p := range v.Pulls {
		title := fmt.Sprintf("%d gets", p.Images)
		if p.Of == result.Before {
			title += ", before"
		}
		one := v.Find(p.Of, "get").CPU.Median()
		rows = append(rows, []string{
			title, ms(one * float64(p.Images)), ms(p.OneByOneCPU.Median()), ms(p.AtOnceCPU.Median()), ms(p.OneByOneWall.Median()), ms(p.AtOnceWall.Median()),
		})
	}
	return table([]string{"ms", fmt.Sprintf("%d × CPU of one", v.Pulls[0].Images), "CPU, one by one", "CPU, all at once", "time, one by one", "time, all at once"}, rows)
}

// steps are subjects of which each does all that the one before it does, and something more.
var steps = []struct{ of, id, adds string }{
	{result.Base, result.Hello, "an empty Go program: started, and its runtime"},
	{result.After, "version", "the helper's size, and the packages linked into it"},
	{result.After, "unknown", "the configuration read, the store opened"},
	{result.After, "get", "the identity and the item read, decrypted, and answered"},
}

// Steps is the table of what each step of a get adds.
func (v view) Steps() string {
	var rows [][]string
	former := &result.Subject{}
	for _, step := range steps {
		s := v.Find(step.of, step.id)
		if s == nil {
			continue
		}
		added := func(of func(*result.Subject) float64, unit float64, format string) string {
			return fmt.Sprintf(format, (of(s)-of(former))/unit)
		}
		rows = append(rows, []string{
			step.adds,
			added(func(s *result.Subject) float64 { return s.Wall.Quantile(0.1) }, 1e6, "%+.2f"),
			added(func(s *result.Subject) float64 { return s.Wall.Median() }, 1e6, "%+.2f"),
			added(func(s *result.Subject) float64 { return s.CPU.Median() }, 1e6, "%+.2f"),
			added(func(s *result.Subject) float64 { return s.Faults.Median() }, 1, "%+.0f"),
			added(func(s *result.Subject) float64 { return s.Instructions.Median() }, 1e6, "%+.2f"),
		})
		former = s
	}
	return table([]string{"a get, step by step", "p10, ms", "median, ms", "CPU, ms", "page faults", "instructions, M"}, rows)
}

// InitTables are the slowest initialisations of each program.
func (v view) InitTables() string {
	const shown = 8
	var out strings.Builder
	for _, in := range v.Inits {
		var rows [][]string
		sum := result.Init{}
		for i, p := range in.Packages {
			sum.Clock += p.Clock
			sum.Bytes += p.Bytes
			sum.Allocs += p.Allocs
			if i < shown {
				rows = append(rows, initRow(p.Package, p))
			}
		}
		rows = append(rows, initRow(fmt.Sprintf("**all %d packages**", len(in.Packages)), sum))
		out.WriteString(table([]string{in.Program + v.former(in.Of), "ms", "bytes", "allocations"}, rows) + "\n")
	}
	return out.String()
}

func initRow(title string, p result.Init) []string {
	return []string{title, fmt.Sprintf("%.3f", p.Clock), fmt.Sprint(p.Bytes), fmt.Sprint(p.Allocs)}
}

func (v view) former(of string) string {
	if of == result.Before {
		return ", before"
	}
	return ""
}

// ProfileTables say which packages' and functions' code is executed.
func (v view) ProfileTables() string {
	const packages, funcs = 12, 8
	var out strings.Builder
	for _, p := range v.Profiles {
		costs := func(what string, all []result.Cost, shown int) {
			var rows [][]string
			rest := p.Total
			for _, c := range all[:min(shown, len(all))] {
				rows = append(rows, []string{c.Name, fmt.Sprintf("%.3f", float64(c.Instructions)/1e6), percent(c.Instructions, p.Total)})
				rest -= c.Instructions
			}
			rows = append(rows, []string{"others", fmt.Sprintf("%.3f", float64(rest)/1e6), percent(rest, p.Total)})
			out.WriteString(table([]string{p.Subject + v.former(p.Of) + ", by " + what, "M instructions", ""}, rows) + "\n")
		}
		costs("package", p.Packages, packages)
		costs("function", p.Funcs, funcs)
	}
	return out.String()
}

func percent(part, whole int64) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
