// Package lazyregexp compiles the regular expressions in package variables when they are first used.
// Compiling all of them was a tenth of the work of "ragenv -- true".
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is a regular expression that may not be compiled yet.
type Regexp struct {
	text     string
	once     sync.Once
	compiled *regexp.Regexp
}

// New returns a regular expression for a package variable. Unlike regexp.MustCompile, it does not panic if
// text is invalid: Get does.
func New(text string) *Regexp { return &Regexp{text: text} }

// Get returns the compiled expression.
func (r *Regexp) Get() *regexp.Regexp {
	r.once.Do(func() { r.compiled = regexp.MustCompile(r.text) })
	return r.compiled
}
