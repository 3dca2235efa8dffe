package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// version is major, minor, patch.
type version [3]int

// parseVersion parses "29.5.1", "v2.40.0-desktop.1", "24.0". It returns false for text that does not start
// with two numbers.
func parseVersion(text string) (v version, ok bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "v")
	if end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		text = text[:end]
	}
	parts := strings.Split(text, ".")
	if len(parts) < 2 {
		return version{}, false
	}
	for i := range min(len(parts), len(v)) {
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return version{}, false
		}
		v[i] = n
	}
	return v, true
}

func (v version) before(other version) bool { return slices.Compare(v[:], other[:]) < 0 }

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }
