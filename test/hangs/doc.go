// Package hangs holds what the programs do with what does not end: FIFOs, stopped processes, endless and huge input.
package hangs
