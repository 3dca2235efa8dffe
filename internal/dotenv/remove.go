package dotenv

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// SharedLineError reports an assignment that cannot be taken out, because other text stands on its line.
type SharedLineError struct {
	Name string
	Line int
}

func (e *SharedLineError) Error() string {
	return fmt.Sprintf("line %d: more than %s stands there", e.Line, e.Name)
}

// EntangledError reports an assignment that cannot be taken out, because an open quote in front of it makes the rest of the file
// mean something else without it.
type EntangledError struct {
	Name string
	Line int
}

func (e *EntangledError) Error() string {
	return fmt.Sprintf("line %d: without %s the file would be read in another way; is a quote open before it?", e.Line, e.Name)
}

// Remove returns data with each of the entries, which Parse found in that very data, replaced by a comment of one line that says
// where the value is now. Every other byte stays as it is: indentation, comments behind the value, line ends; and every
// other entry is read as before. On a *SharedLineError or *EntangledError nothing is replaced.
func Remove(data []byte, entries []Entry) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Start, b.Start) })
	all, _ := Parse(data)
	var out bytes.Buffer
	done := 0
	for _, e := range sorted {
		before := data[bytes.LastIndexByte(data[:e.Start], '\n')+1 : e.Start]
		after := data[e.End:]
		if n := bytes.IndexByte(after, '\n'); n >= 0 {
			after = after[:n]
		}
		behind := bytes.TrimLeft(after, " \t\r")
		if len(bytes.Trim(before, " \t\ufeff")) > 0 || len(behind) > 0 && behind[0] != '#' || e.Start < done {
			return nil, &SharedLineError{e.Name, e.Line}
		}
		out.Write(data[done:e.Start])
		if e.nested { // it may be all there is between "then" and "fi", where a shell wants a command
			out.WriteString(": ")
		}
		out.WriteString("# " + e.Name + " is now kept by ragenv")
		done = e.End
	}
	out.Write(data[done:])
	if left, _ := Parse(out.Bytes()); len(sorted) > 0 && !sameValues(left, without(all, sorted)) {
		return nil, &EntangledError{sorted[0].Name, sorted[0].Line}
	}
	return out.Bytes(), nil
}

func without(all, removed []Entry) []Entry {
	return slices.DeleteFunc(slices.Clone(all), func(e Entry) bool {
		return slices.ContainsFunc(removed, func(r Entry) bool { return r.at == e.at })
	})
}

func sameValues(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(a, b Entry) bool {
		return a.Name == b.Name && a.Value == b.Value && a.Literal == b.Literal && difference(a) == difference(b)
	})
}

// difference returns how an entry differs, the zero value if it does not.
func difference(e Entry) Difference {
	if e.Differs == nil {
		return Difference{}
	}
	return *e.Differs
}
