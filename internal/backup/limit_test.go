package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
)

// large returns that many items, each with that many bytes.
func large(items, size int) []keychain.Item {
	value := strings.Repeat("x", size)
	var all []keychain.Item
	for i := range items {
		all = append(all, env("default", fmt.Sprintf("KEY_%d", i), value))
	}
	return all
}

// TestOneLimit checks that everything Write writes can be read, and that it writes nothing larger. The short
// form has a lower limit.
func TestOneLimit(t *testing.T) {
	if !rounds.Long() {
		limit = 1 << 20
		t.Cleanup(func() { limit = MaxSize })
	}
	file := encrypted(t, large(8, limit/13), "x") // 8/13 of the limit, and a third more in base64
	if len(file) > limit || len(file) < limit*4/5 {
		t.Fatalf("%d bytes: the test is about a file near the limit of %d", len(file), limit)
	}
	if got, err := Read(bytes.NewReader(file), []byte("x")); err != nil || len(got) != 8 {
		t.Errorf("what was written is read as %d items, %v", len(got), err)
	}
	var none bytes.Buffer
	if err := write(&none, large(8, limit/10), []byte("x"), now, fast); !errors.Is(err, keychain.ErrTooLarge) || none.Len() != 0 {
		t.Errorf("%d bytes were written, %v", none.Len(), err)
	}
}

func TestExactlyTheLimit(t *testing.T) {
	t.Cleanup(func() { limit = MaxSize })
	size := len(encrypted(t, sample(), "x"))
	for _, less := range []int{0, 1} {
		limit = size - less
		if err := write(io.Discard, sample(), []byte("x"), now, fast); errors.Is(err, keychain.ErrTooLarge) != (less > 0) {
			t.Errorf("a backup of the limit and %d bytes: %v", less, err)
		}
	}
}

func TestVerify(t *testing.T) {
	items := sample()
	file := encrypted(t, items, "x")
	if err := Verify(bytes.NewReader(file), items, []byte("x")); err != nil {
		t.Error(err)
	}
	other := append([]keychain.Item{}, items...)
	other[2].Secret = keychain.NewSecret("another")
	renamed := append([]keychain.Item{}, items...)
	renamed[5].Username = "another"
	for name, items := range map[string][]keychain.Item{"another value": other, "another user": renamed, "an item more": append(items, env("x", "Y", "z")), "an item fewer": items[:5]} {
		if err := Verify(bytes.NewReader(file), items, []byte("x")); !errors.Is(err, keychain.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, file := range map[string][]byte{"cut": file[:len(file)/2], "empty": nil} {
		if err := Verify(bytes.NewReader(file), items, []byte("x")); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
