package bom

import (
	"errors"
	"testing"
)

func TestUTF8(t *testing.T) {
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"words\r\n", "words\r\n", nil},
		{"", "", nil},
		{"\xef\xbb\xbfwords", "words", nil},
		{"\xff\xfew\x00\xf6\x00\r\x00\n\x00", "wö\r\n", nil},
		{"\xfe\xff\x00w\xd8\x3d\xdd\x11", "w🔑", nil},
		{"\xff\xfew\x00o", "", ErrCut},
		{"\xff plain bytes", "\xff plain bytes", nil},
	} {
		got, err := UTF8([]byte(c.text))
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("UTF8(%q) = %q, %v; want %q, %v", c.text, got, err, c.want, c.err)
		}
	}
}
