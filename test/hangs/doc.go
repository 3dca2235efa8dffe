// Package hangs tests the programs against input that does not end: FIFOs, stopped processes, endless and
// huge files.
package hangs
