// Package leaks runs every command of both programs with new keys and searches for the keys where they must
// not be. docs/testing.md lists the places.
package leaks
