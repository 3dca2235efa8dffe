package dotenv

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// SharedLineError reports an assignment that cannot be removed because its line has other text.
type SharedLineError struct {
	Name string
	Line int
}

func (e *SharedLineError) Error() string {
	return fmt.Sprintf("line %d: more than %s stands there", e.Line, e.Name)
}

// EntangledError reports an assignment that cannot be removed because an open quote before it would change
// the meaning of the rest of the file.
type EntangledError struct {
	Name string
	Line int
}

func (e *EntangledError) Error() string {
	return fmt.Sprintf("line %d: without %s the file would be read in another way; is a quote open before it?", e.Line, e.Name)
}

// Remove returns data with each of the entries, which Parse must have returned for the same data, replaced
// by a one-line comment that says where the value is now. All other bytes stay the same: indentation,
// comments after the value, line ends. All other entries are read as before. Errors: *SharedLineError and
// *EntangledError, with nothing replaced.
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
		if e.nested { // it may be the only command between "then" and "fi", which a shell requires
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

// difference returns e.Differs, or the zero value.
func difference(e Entry) Difference {
	if e.Differs == nil {
		return Difference{}
	}
	return *e.Differs
}
