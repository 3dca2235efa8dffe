package lazyregexp

import "testing"

func TestNew(t *testing.T) {
	r := New(`^a+$`)
	if got := r(); !got.MatchString("aa") || got.MatchString("ab") || got != r() {
		t.Errorf("%v does not match like ^a+$, or was compiled twice", got)
	}
}

// TestNewOfInvalidText checks that an expression is compiled on its first use: it panics there.
func TestNewOfInvalidText(t *testing.T) {
	r := New(`(`)
	defer func() {
		if recover() == nil {
			t.Error("an invalid expression was compiled")
		}
	}()
	r()
}
