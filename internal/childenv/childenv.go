// Package childenv makes the environment of a command from the caller's and from what is stored. It does no I/O.
package childenv

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Why a stored value cannot be handed over. They are matched with errors.Is; an *Error around them names the variable.
var (
	// ErrTooLarge: the value is longer than one variable may be.
	ErrTooLarge = errors.New("is too large for an environment variable")
	// ErrNUL: the value holds a NUL byte, which would end it.
	ErrNUL = errors.New("holds a NUL byte")
	// ErrName: the name is empty or holds "=" or a NUL byte.
	ErrName = errors.New("is not a name a variable can have")
)

// Error says which variable cannot be set, and why. It never holds the value.
type Error struct {
	Name string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%.80q %v", e.Name, e.Err) }

// Unwrap returns ErrTooLarge, ErrNUL or ErrName.
func (e *Error) Unwrap() error { return e.Err }

// Input is what an environment is made of.
type Input struct {
	// Base is the caller's environment, "NAME=value" each. Of several of one name the first counts: it is what getenv of
	// glibc and Go read, and so what this program itself saw. Entries without a name or a "=" are passed on as they are.
	Base []string
	// Stored holds the values of the keychain by variable name. They win over Base.
	Stored map[string]string
	// Aliases gives each variable the names that get its value, wherever that came from, when they are unset or empty.
	Aliases map[string][]string
	// Wanted are the names whose absence is reported.
	Wanted []string
	// Preserve lets a value of Base that is not empty win over the stored one.
	Preserve bool
	// Drop are the names the command never gets, from wherever.
	Drop []string
	// FoldCase takes names that differ in case only as one, as Windows does, and knows that system's limit and its
	// entries of the form "=C:=C:\dir".
	FoldCase bool
}

// Result is an environment and how it came about. The lists hold names only, sorted.
type Result struct {
	Env        []string // in the order of Base, what is new after it; each name once
	Overridden []string // Base had another value that was not empty, and the stored one won
	Kept       []string // with Preserve: Base had another value that was not empty, and it stayed
	Filled     []string // aliases that got their variable's value
	Missing    []string // of Wanted, those unset or empty in Env
}

// Build makes the environment. Its only error is an *Error.
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

	// An alias may have aliases of its own: go on until nothing is left to fill.
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
	// maxUnix is what execve(2) of Linux takes for name, "=", value and a closing NUL (MAX_ARG_STRLEN, with pages of 4 KiB).
	maxUnix = 128 << 10
	// maxWindows is what SetEnvironmentVariable takes for a value and a closing NUL, in UTF-16 units. Bytes of UTF-8 are
	// never fewer.
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
	at      map[string]int // the index in entries by key
}

// variable is an entry. An empty name stands for an entry passed on as it is, or, without a value, for a removed one.
type variable struct{ name, value string }

func (b *builder) key(name string) string {
	if b.fold {
		return strings.ToUpper(name)
	}
	return name
}

func (b *builder) inherit(entry string) {
	start := 0
	if b.fold && strings.HasPrefix(entry, "=") { // the working directory of a drive
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
	env := make([]string, 0, len(b.entries)) // never nil, which os/exec takes for this process's own environment
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
