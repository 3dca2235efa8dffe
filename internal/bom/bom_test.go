package bom

import (
	"errors"
	"testing"
)

func TestText(t *testing.T) {
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
		got, err := Text([]byte(c.text))
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("Text(%q) = %q, %v; want %q, %v", c.text, got, err, c.want, c.err)
		}
	}
}

func TestDecodeAndEncode(t *testing.T) {
	for _, encoding := range []Encoding{UTF8, UTF16LE, UTF16BE} {
		data := Encode([]byte("a=ö🔑\n"), encoding)
		if text, is, err := Decode(data); string(text) != "a=ö🔑\n" || is != encoding || err != nil {
			t.Errorf("encoding %d: %q, %d, %v", encoding, text, is, err)
		}
	}
	// The UTF-8 mark stays, so that positions in the text match the file.
	if text, is, err := Decode([]byte("\xef\xbb\xbfa")); string(text) != "\xef\xbb\xbfa" || is != UTF8 || err != nil {
		t.Errorf("%q, %d, %v", text, is, err)
	}
}

func TestUnmarked(t *testing.T) {
	for text, want := range map[string]bool{
		"k\x00e\x00y\x00\n\x00": true, "\x00k\x00e\x00y": true, "key\x00": false, "key": false, "": false, "k\x00e\x00y": false, "\x00\x00\x00\x00": false,
	} {
		if got := Unmarked([]byte(text)); got != want {
			t.Errorf("Unmarked(%q) = %t", text, got)
		}
	}
}
