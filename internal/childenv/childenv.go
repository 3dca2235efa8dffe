// Package childenv builds a command's environment from the caller's and from stored values. It does no I/O.
package childenv

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The reasons why a stored value cannot be passed on. Match them with errors.Is; the *Error around them
// names the variable.
var (
	// ErrTooLarge: the value exceeds the limit for one variable.
	ErrTooLarge = errors.New("is too large for an environment variable")
	// ErrNUL: the value contains a NUL byte, which would terminate it.
	ErrNUL = errors.New("holds a NUL byte")
	// ErrName: the name is empty or contains "=" or a NUL byte.
	ErrName = errors.New("is not a name a variable can have")
)

// Error says which variable cannot be set, and why. It never contains the value.
type Error struct {
	Name string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%.80q %v", e.Name, e.Err) }

// Unwrap returns ErrTooLarge, ErrNUL or ErrName.
func (e *Error) Unwrap() error { return e.Err }

// Input holds the parts of an environment.
type Input struct {
	// Base is the caller's environment, each entry "NAME=value". The first entry of a name counts, as for
	// getenv of glibc and Go, so it is the one this program saw. Entries without a name or a "=" are passed
	// on unchanged.
	Base []string
	// Stored holds the keychain's values by variable name. They take precedence over Base.
	Stored map[string]string
	// Aliases maps each variable to the names that get its final value if they are unset or empty.
	Aliases map[string][]string
	// Wanted are the names to report if they are missing.
	Wanted []string
	// Preserve gives a nonempty value in Base precedence over the stored one.
	Preserve bool
	// Drop are the names to remove, whatever their origin.
	Drop []string
	// FoldCase ignores case in names, as Windows does, and applies Windows' limit and its "=C:=C:\dir"
	// entries.
	FoldCase bool
}

// Result is an environment and how it was built. The lists contain sorted names only.
type Result struct {
	Env        []string // in the order of Base, then new variables; each name once
	Overridden []string // the stored value replaced a different, nonempty one
	Kept       []string // with Preserve, a different, nonempty value was kept
	Filled     []string // aliases that got their variable's value
	Missing    []string // the Wanted names that are unset or empty
}

// Build builds the environment. Error: *Error.
func Build(in Input) (*Result, error) {
	b := builder{fold: in.FoldCase, at: map[string]int{}}
	for _, entry := range in.Base {
		b.inherit(entry)
	}
	dropped := map[string]bool{}
	for _, name := range in.Drop {
		dropped[b.key(name)] = true
		b.unset(name)
	}

	result := &Result{}
	for _, name := range slices.Sorted(maps.Keys(in.Stored)) {
		if dropped[b.key(name)] {
			continue
		}
		value := in.Stored[name]
		if err := check(name, value, in.FoldCase); err != nil {
			return nil, err
		}
		inherited := b.get(name)
		differs := inherited != "" && inherited != value
		switch {
		case differs && in.Preserve:
			result.Kept = append(result.Kept, name)
			continue
		case differs:
			result.Overridden = append(result.Overridden, name)
		}
		b.set(name, value)
	}

	// An alias may have aliases itself: repeat until nothing is left to fill.
	for filled := true; filled; {
		filled = false
		for _, name := range slices.Sorted(maps.Keys(in.Aliases)) {
			value := b.get(name)
			for _, alias := range in.Aliases[name] {
				if value == "" || b.get(alias) != "" || dropped[b.key(alias)] {
					continue
				}
				if err := check(alias, value, in.FoldCase); err != nil {
					return nil, err
				}
				b.set(alias, value)
				result.Filled = append(result.Filled, alias)
				filled = true
			}
		}
	}
	for _, name := range in.Wanted {
		if b.get(name) == "" {
			result.Missing = append(result.Missing, name)
		}
	}
	slices.Sort(result.Filled)
	slices.Sort(result.Missing)
	result.Env = b.environ()
	return result, nil
}

const (
	// maxUnix is the limit of Linux's execve(2) for name, "=", value and a terminating NUL (MAX_ARG_STRLEN,
	// with 4 KiB pages).
	maxUnix = 128 << 10
	// maxWindows is the limit of SetEnvironmentVariable for a value and a terminating NUL, in UTF-16 units.
	// A text has at least as many bytes in UTF-8.
	maxWindows = 32767
)

func check(name, value string, windows bool) error {
	tooLarge := len(name)+len("=")+len(value)+1 > maxUnix
	if windows {
		tooLarge = len(value)+1 > maxWindows
	}
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00"):
		return &Error{name, ErrName}
	case strings.Contains(value, "\x00"):
		return &Error{name, ErrNUL}
	case tooLarge:
		return &Error{name, ErrTooLarge}
	}
	return nil
}

// builder is an ordered environment without duplicates.
type builder struct {
	fold    bool
	entries []variable
	at      map[string]int // index in entries, by key
}

// variable is an entry. With an empty name it is an entry passed on unchanged or, without a value, a
// removed one.
type variable struct{ name, value string }

func (b *builder) key(name string) string {
	if b.fold {
		return strings.ToUpper(name)
	}
	return name
}

func (b *builder) inherit(entry string) {
	start := 0
	if b.fold && strings.HasPrefix(entry, "=") { // a drive's working directory
		start = 1
	}
	name, value, found := strings.Cut(entry[start:], "=")
	name = entry[:start] + name
	if !found || name == "" {
		b.entries = append(b.entries, variable{value: entry})
		return
	}
	if _, duplicate := b.at[b.key(name)]; !duplicate {
		b.set(name, value)
	}
}

func (b *builder) set(name, value string) {
	if i, ok := b.at[b.key(name)]; ok {
		b.entries[i] = variable{name, value}
		return
	}
	b.at[b.key(name)] = len(b.entries)
	b.entries = append(b.entries, variable{name, value})
}

func (b *builder) get(name string) string {
	if i, ok := b.at[b.key(name)]; ok {
		return b.entries[i].value
	}
	return ""
}

func (b *builder) unset(name string) {
	if i, ok := b.at[b.key(name)]; ok {
		b.entries[i] = variable{}
		delete(b.at, b.key(name))
	}
}

func (b *builder) environ() []string {
	env := make([]string, 0, len(b.entries)) // never nil, which os/exec would replace with this process's environment
	for _, v := range b.entries {
		switch {
		case v.name != "":
			env = append(env, v.name+"="+v.value)
		case v.value != "":
			env = append(env, v.value)
		}
	}
	return env
}
