// Package umask gives the tests that import it the usual umask, and the programs that they start: ragenv refuses files that
// others can write, and tests check the modes of files.
package umask
