package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clientsReport collects the tables that TestClients prints at the end.
type clientsReport struct {
	mu      sync.Mutex
	order   []string
	clients map[string]*clientRow
	notes   []string
}

type clientRow struct {
	version    string
	skip       string
	cells      map[mode]map[state]string
	ignored    map[mode]string
	operations []operationRow
}

type operationRow struct {
	name  string
	calls map[mode]string
}

var report = &clientsReport{clients: map[string]*clientRow{}}

// edit finds or adds a client's row.
func (r *clientsReport) edit(c *client, change func(*clientRow)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, ok := r.clients[c.title()]
	if !ok {
		row = &clientRow{cells: map[mode]map[state]string{}, ignored: map[mode]string{}}
		r.clients[c.title()] = row
		r.order = append(r.order, c.title())
	}
	change(row)
}

func (r *clientsReport) version(c *client, version string) {
	r.edit(c, func(row *clientRow) { row.version = version })
}

func (r *clientsReport) skipped(c *client, reason string) {
	r.edit(c, func(row *clientRow) { row.skip = reason })
}

func (r *clientsReport) ignored(c *client, m mode, reason string) {
	r.edit(c, func(row *clientRow) { row.ignored[m] = reason })
}

func (r *clientsReport) cell(c *client, m mode, s state, ok bool) {
	r.edit(c, func(row *clientRow) {
		if row.cells[m] == nil {
			row.cells[m] = map[state]string{}
		}
		row.cells[m][s] = "**FAIL**"
		if ok {
			row.cells[m][s] = "pass"
		}
	})
}

func (r *clientsReport) operation(c *client, m mode, o operation, calls []string, ok bool) {
	r.edit(c, func(row *clientRow) {
		i := slices.IndexFunc(row.operations, func(known operationRow) bool { return known.name == o.name })
		if i < 0 {
			i = len(row.operations)
			row.operations = append(row.operations, operationRow{o.name, map[mode]string{}})
		}
		if c.parallel { // their order is random; sort them for the page
			slices.Sort(calls)
		}
		text := summary(calls)
		if file := o.keeps[m]; file != "" {
			text += ", and the key is in plain text in `" + file + "`"
		}
		if !ok {
			text = "**FAIL** with " + text
		}
		row.operations[i].calls[m] = text
	})
}

// note adds a line below the tables.
func (r *clientsReport) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// written marks where the tables begin in the documentation page; the text before it is kept. The newer
// engine's tables follow those of the system's engine. A run replaces only its own engine's tables.
const (
	written      = "<!-- What follows is written by make e2e-clients. -->\n"
	newerWritten = "<!-- What follows is written by E2E_ENGINE=docker-engine-29 make e2e-clients. -->\n"
)

// place returns the page with this run's tables instead of the former ones.
func place(page, tables string, newer bool) string {
	prose, rest, marked := strings.Cut(page, written)
	if !marked {
		return tables
	}
	systems, newers, _ := strings.Cut(rest, newerWritten)
	if newer {
		newers = "\n" + tables
	} else {
		systems = "\n" + tables
	}
	page = prose + written + systems
	if newers != "" {
		page = strings.TrimRight(page, "\n") + "\n\n" + newerWritten + newers
	}
	return page
}

func TestPlace(t *testing.T) {
	page := "prose\n" + written
	for _, step := range []struct {
		tables string
		newer  bool
		want   string
	}{
		{"one\n", false, "prose\n" + written + "\none\n"},
		{"two\n", true, "prose\n" + written + "\none\n\n" + newerWritten + "\ntwo\n"},
		{"three\n", false, "prose\n" + written + "\nthree\n\n" + newerWritten + "\ntwo\n"},
		{"four\n", true, "prose\n" + written + "\nthree\n\n" + newerWritten + "\nfour\n"},
	} {
		if page = place(page, step.tables, step.newer); page != step.want {
			t.Errorf("after %q: %q, want %q", step.tables, page, step.want)
		}
	}
	if got := place("another file\n", "one\n", false); got != "one\n" {
		t.Errorf("a file that has no mark: %q", got)
	}
}

// finish prints the tables and writes them to the file that the environment names.
func (r *clientsReport) finish(t *testing.T, took time.Duration) {
	t.Helper()
	text := r.markdown(took)
	fmt.Printf("\n%s\n", text)
	file := os.Getenv(envClientsReport)
	if file == "" {
		return
	}
	page, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
		return
	}
	if err := os.WriteFile(file, []byte(place(string(page), text, fromContainerd())), 0o644); err != nil {
		t.Error(err)
	}
}

func (r *clientsReport) markdown(took time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "Run on %s, on %s, with Docker engine %s and docker CLI %s; %.0f s in all.\n\n",
		time.Now().UTC().Format("2 January 2006"), systemName(), engineName(), strings.TrimSuffix(strings.TrimPrefix(cliVersion(), "v"), "+incompatible"), took.Seconds())
	if len(r.order) > 0 {
		r.tables(&b)
	}
	for i, note := range r.notes {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", note)
	}
	return b.String()
}

// engineName returns the name of the engine. For the newer engine it has the version of its module.
func engineName() string {
	version := os.Getenv("E2E_DOCKER_VERSION")
	if fromContainerd() {
		return strings.TrimPrefix(version, "v") + " of moby/v2, which keeps images in containerd's store,"
	}
	return version
}

// systemName returns the system's name according to os-release(5).
func systemName() string {
	data, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	return "Linux"
}

// tables writes a table of clients and a table of their calls.
func (r *clientsReport) tables(b *strings.Builder) {
	line := func(cells ...string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	header, rule := []string{"client", "version", "asks by"}, []string{"---", "---", "---"}
	for _, s := range states {
		header, rule = append(header, string(s)), append(rule, "---")
	}
	line(header...)
	line(rule...)
	for _, name := range r.order {
		row := r.clients[name]
		if row.skip != "" {
			line(name, "", "skip: "+row.skip, "", "", "", "", "")
			continue
		}
		for _, m := range []mode{credHelpers, credsStore, registriesConf} {
			if reason, ok := row.ignored[m]; ok {
				line(name, row.version, string(m), "not supported by this client: "+reason, "", "", "", "")
				continue
			}
			if row.cells[m] == nil {
				continue
			}
			cells := []string{name, row.version, string(m)}
			for _, s := range states {
				cells = append(cells, row.cells[m][s])
			}
			line(cells...)
		}
	}

	b.WriteString("\n")
	line("client", "operation", "helper calls: credHelpers", "credsStore", "credential-helpers")
	line("---", "---", "---", "---", "---")
	for _, name := range r.order {
		for _, o := range r.clients[name].operations {
			cells := []string{name, o.name}
			for _, m := range []mode{credHelpers, credsStore, registriesConf} {
				cells = append(cells, o.calls[m])
			}
			line(cells...)
		}
	}
}

// summary formats calls as "get nvcr.io ×14".
func summary(calls []string) string {
	if len(calls) == 0 {
		return "none"
	}
	var order []string
	count := map[string]int{}
	for _, call := range calls {
		if count[call] == 0 {
			order = append(order, call)
		}
		count[call]++
	}
	for i, call := range order {
		order[i] = "`" + call + "`"
		if n := count[call]; n > 1 {
			order[i] += fmt.Sprintf(" ×%d", n)
		}
	}
	return strings.Join(order, ", ")
}
