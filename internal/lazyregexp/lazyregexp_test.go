package lazyregexp

import (
	"sync"
	"testing"
)

// TestGet checks that an expression is compiled on its first use, and only once, by any number of
// goroutines.
func TestGet(t *testing.T) {
	r := New(`^a+$`)
	if r.compiled != nil {
		t.Error("it is compiled before it is used")
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if got := r.Get(); !got.MatchString("aa") || got.MatchString("ab") || got != r.Get() {
				t.Errorf("%v does not match like ^a+$, or was compiled twice", got)
			}
		})
	}
	all.Wait()
}

func TestGetOfInvalidText(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an invalid expression was compiled")
		}
	}()
	New(`(`).Get()
}
