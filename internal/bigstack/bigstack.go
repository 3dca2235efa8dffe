// Package bigstack gives the main goroutine a large stack at program start.
//
// Go starts with 2 KiB and doubles them when a call needs more. Each time it looks up every frame to move
// it. A program that ends after two milliseconds spends an eighth of its instructions on that. With only
// few frames on the stack it costs nearly nothing.
//
// Importing this package is enough. It imports nothing, so it is initialized before most others: Go
// initializes packages whose imports are ready in the order of their paths.
package bigstack

// size is how much stack the programs need to read a key, in bytes. Go rounds it up to 32 KiB.
const size = 24 << 10

func init() { grow(false) }

// grow has a frame of this size. The room is never used: clearing it would take longer than it saves.
//
//go:noinline
func grow(use bool) {
	if use {
		var room [size]byte
		keep(&room)
	}
}

//go:noinline
func keep(*[size]byte) {}
