package dockerconfig

import (
	"fmt"
	"strings"
	"unicode"
)

// maskedValue replaces a value that is not shown.
const maskedValue = `"***"`

// Diff returns the edits in the style of diff -u, with the whole file as context, or "" if there are none.
// It shows only the values of credsStore and credHelpers: auths, HttpHeaders, proxies and plugin settings
// may contain secrets.
func (f *File) Diff() string {
	if !f.Changed() {
		return ""
	}
	before := &File{path: f.path}
	if before.setText(f.disk) != nil {
		return "" // Load checked it
	}
	to, after := f.path, f.masked()
	if f.remove {
		to, after = "/dev/null", nil
	}
	from := f.path
	if f.disk == nil {
		from = "/dev/null"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", from, to)
	for _, line := range diffLines(before.masked(), after) {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// masked returns the text's lines, with all values masked except those known to be harmless.
func (f *File) masked() []string {
	text := f.text
	if len(text) == 0 {
		return nil
	}
	var b strings.Builder
	done := 0
	for _, m := range f.root.members {
		if strings.EqualFold(m.key, keyCredsStore) || strings.EqualFold(m.key, keyCredHelpers) {
			continue
		}
		b.Write(text[done:m.valStart])
		maskScalars(&b, text, m.valStart, m.valEnd)
		done = m.valEnd
	}
	b.Write(text[done:])
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\ufeff' {
				return -1
			}
			if r != '\t' && !unicode.IsPrint(r) {
				return '?' // nothing that controls a terminal
			}
			return r
		}, line)
	}
	return lines
}

// maskScalars copies the value text[i:end] and masks every string and number in it except keys.
func maskScalars(b *strings.Builder, text []byte, i, end int) {
	for i < end {
		c := text[i]
		next := i + 1
		switch {
		case c == '"':
			next = skipString(text, i)
			if text[skipSpace(text, next)] == ':' {
				b.Write(text[i:next])
			} else {
				b.WriteString(maskedValue)
			}
		case c == '-' || '0' <= c && c <= '9':
			next = skipValue(text, i)
			b.WriteString(maskedValue)
		default:
			b.WriteByte(c)
		}
		i = next
	}
}

// diffCells limits the table of diffLines. Anything larger is shown as replaced entirely.
const diffCells = 4 << 20

// diffLines marks the lines of a longest common subsequence with " ", and the others with "-" and "+".
func diffLines(a, b []string) []string {
	var out []string
	if (len(a)+1)*(len(b)+1) > diffCells {
		for _, line := range a {
			out = append(out, "-"+line)
		}
		for _, line := range b {
			out = append(out, "+"+line)
		}
		return out
	}
	common := make([][]int, len(a)+1) // length of the longest common subsequence of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return out
}
