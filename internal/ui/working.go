package ui

import (
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	workingAfter = 200 * time.Millisecond // shorter work shows nothing
	workingEvery = 100 * time.Millisecond
)

// Working shows text, such as "Checking NGC_API_KEY", with a moving mark. stop removes it. Nothing else may
// write to the terminal in between. It shows nothing off a terminal, if TERM is "dumb" or empty, or if
// Quiet is set.
func (p Printer) Working(text string) (stop func()) {
	style := StyleFor(p.W, os.Getenv)
	if kind := os.Getenv("TERM"); style.Width == 0 || p.Quiet || kind == "" || kind == "dumb" {
		return func() {}
	}
	text = Printable(text)
	if runes := []rune(text); len(runes)+len(" ... /") > style.Width {
		text = string(runes[:max(0, style.Width-len(" ... /"))])
	}
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		next := time.NewTimer(workingAfter)
		defer next.Stop()
		for i := 0; ; i++ {
			select {
			case <-stopped:
				if i > 0 {
					_, _ = fmt.Fprint(p.W, "\r\x1b[K")
				}
				return
			case <-next.C:
				_, _ = fmt.Fprintf(p.W, "\r%s... %c", text, `|/-\`[i%4])
				next.Reset(workingEvery)
			}
		}
	}()
	return sync.OnceFunc(func() { close(stopped); <-done })
}
