// Package lazyregexp compiles the regular expressions in package variables when they are first used.
// Compiling all of them was a tenth of the work of "ragenv -- true".
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp returns a regular expression, compiled at the first call.
type Regexp func() *regexp.Regexp

// New returns a regular expression for a package variable. Unlike regexp.MustCompile, it does not panic if
// text is invalid: the first call of the result does.
func New(text string) Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
