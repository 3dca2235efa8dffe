// Package bom decodes text by its byte order mark, as Windows programs write it: PowerShell 5 redirects
// into UTF-16, and editors prefix UTF-8 with a mark. It is the only decoder of UTF-16.
package bom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// ErrCut: the UTF-16 text ends within a character.
var ErrCut = errors.New("it is UTF-16 text that is cut short")

// ErrUnmarked: the text is UTF-16 without a byte order mark, which cannot be decoded reliably.
var ErrUnmarked = errors.New("it is UTF-16 text without a byte order mark")

// Encoding is the encoding of a text.
type Encoding int

// The encodings.
const (
	UTF8 Encoding = iota // or any other encoding without NUL bytes
	UTF16LE
	UTF16BE
)

const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16LE = "\xff\xfe"
	markUTF16BE = "\xfe\xff"
)

// Decode returns data in UTF-8, without a UTF-16 mark, and its encoding. Data without a UTF-16 mark is
// returned unchanged, including a UTF-8 mark. Error: ErrCut.
func Decode(data []byte) ([]byte, Encoding, error) {
	var order binary.ByteOrder
	encoding := UTF8
	switch {
	case bytes.HasPrefix(data, []byte(markUTF16LE)):
		order, encoding = binary.LittleEndian, UTF16LE
	case bytes.HasPrefix(data, []byte(markUTF16BE)):
		order, encoding = binary.BigEndian, UTF16BE
	default:
		return data, UTF8, nil
	}
	rest := data[len(markUTF16LE):]
	if len(rest)%2 != 0 {
		return nil, encoding, ErrCut
	}
	units := make([]uint16, len(rest)/2)
	for i := range units {
		units[i] = order.Uint16(rest[2*i:])
	}
	return []byte(string(utf16.Decode(units))), encoding, nil
}

// Encode is the inverse of Decode.
func Encode(text []byte, encoding Encoding) []byte {
	var order binary.AppendByteOrder
	var data []byte
	switch encoding {
	case UTF16LE:
		order, data = binary.LittleEndian, []byte(markUTF16LE)
	case UTF16BE:
		order, data = binary.BigEndian, []byte(markUTF16BE)
	default:
		return text
	}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

// Text returns data in UTF-8 without a byte order mark. Data without one is returned unchanged. Error:
// ErrCut.
func Text(data []byte) ([]byte, error) {
	text, encoding, err := Decode(data)
	if encoding == UTF8 {
		text = bytes.TrimPrefix(text, []byte(markUTF8))
	}
	return text, err
}

// Unmarked reports whether data is ASCII text in UTF-16 without a mark: exactly every second byte is NUL.
func Unmarked(data []byte) bool {
	if len(data) < 4 || len(data)%2 != 0 {
		return false
	}
	first := 0 // index of the low byte
	if data[0] == 0 {
		first = 1
	}
	for i, c := range data {
		if (c != 0) != (i%2 == first) {
			return false
		}
	}
	return true
}
