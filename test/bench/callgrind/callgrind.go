// Package callgrind reads the profiles that valgrind's callgrind writes.
// The format: https://valgrind.org/docs/manual/cl-format.html
package callgrind

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Func is a function with the instructions of its own code, without what it calls.
type Func struct {
	Name string
	Self int64
}

// Profile is what one process executed.
type Profile struct {
	Total int64
	Funcs []Func // most instructions first
}

// Parse reads a profile of one kind of event (instructions).
func Parse(r io.Reader) (Profile, error) {
	p := Profile{Total: -1}
	names := map[string]string{} // compressed names: "(12) main.main" defines what "(12)" is later
	self := map[string]int64{}
	current, skip := "", false
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case line == "":
			current = ""
		case '0' <= line[0] && line[0] <= '9' || line[0] == '+' || line[0] == '-' || line[0] == '*':
			if skip { // what a call cost, which its callee's own lines have
				skip = false
				continue
			}
			_, cost, _ := strings.Cut(line, " ")
			n, err := strconv.ParseInt(cost, 10, 64)
			if err != nil || current == "" {
				return p, fmt.Errorf("callgrind: not a line of costs: %.80q", line)
			}
			self[current] += n
		default:
			key, value, _ := strings.Cut(line, "=")
			switch key {
			case "fn":
				id, name, defines := strings.Cut(value, " ")
				if defines {
					names[id] = name
				}
				if current = names[id]; current == "" {
					return p, fmt.Errorf("callgrind: a function without a name: %.80q", line)
				}
			case "cfn":
				if id, name, defines := strings.Cut(value, " "); defines {
					names[id] = name
				}
			case "calls":
				skip = true
			default:
				if total, found := strings.CutPrefix(line, "totals:"); found {
					n, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
					if err != nil {
						return p, fmt.Errorf("callgrind: %.80q", line)
					}
					p.Total = n
				}
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return p, err
	}
	if p.Total < 0 {
		return p, fmt.Errorf("callgrind: no line of totals: the program was replaced by another, or killed")
	}
	p.Funcs = byCost(self)
	return p, nil
}

func byCost(self map[string]int64) []Func {
	funcs := make([]Func, 0, len(self))
	for name := range maps.Keys(self) {
		funcs = append(funcs, Func{name, self[name]})
	}
	slices.SortFunc(funcs, func(a, b Func) int {
		return cmp.Or(cmp.Compare(b.Self, a.Self), strings.Compare(a.Name, b.Name))
	})
	return funcs
}

// Packages returns the costs of whole Go packages.
func (p Profile) Packages() []Func {
	self := map[string]int64{}
	for _, f := range p.Funcs {
		self[packageOf(f.Name)] += f.Self
	}
	return byCost(self)
}

// packageOf returns the package of a Go symbol: "a.org/b/c.(*T).f" belongs to a.org/b/c. What has none, such as the
// assembly of the runtime (memeqbody), belongs to "assembly".
func packageOf(symbol string) string {
	symbol, _, _ = strings.Cut(symbol, "[") // a generic function's type arguments have paths, too
	dir, last := "", symbol
	if i := strings.LastIndexByte(symbol, '/'); i >= 0 {
		dir, last = symbol[:i+1], symbol[i+1:]
	}
	name, _, found := strings.Cut(last, ".")
	if !found {
		return "assembly"
	}
	return strings.ReplaceAll(dir+name, "%2e", ".")
}
