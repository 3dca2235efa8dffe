// Package leaks runs every command of both programs with keys made for the run, and looks for them where they do not belong:
// docs/testing.md says where.
package leaks
