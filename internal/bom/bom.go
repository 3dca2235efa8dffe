// Package bom reads text by its byte order mark, as programs on Windows write it: PowerShell 5 redirects into UTF-16, and
// editors put a mark in front of UTF-8. It is the one reader of UTF-16.
package bom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// ErrCut: text in UTF-16 that ends within a character.
var ErrCut = errors.New("it is UTF-16 text that is cut short")

// ErrUnmarked: UTF-16 text without a byte order mark, which nothing tells apart from other bytes.
var ErrUnmarked = errors.New("it is UTF-16 text without a byte order mark")

// Encoding is how a text is encoded.
type Encoding int

// The encodings.
const (
	UTF8 Encoding = iota // or any other without NUL bytes
	UTF16LE
	UTF16BE
)

const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16LE = "\xff\xfe"
	markUTF16BE = "\xfe\xff"
)

// Decode returns text in UTF-8, without the mark of UTF-16, and how data encodes it. What has no such mark stays as it is, the mark of
// UTF-8 included. Error: ErrCut.
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

// Encode is the reverse of Decode.
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

// Text returns data in UTF-8 without any byte order mark. Data without one is returned as it is. Error: ErrCut.
func Text(data []byte) ([]byte, error) {
	text, encoding, err := Decode(data)
	if encoding == UTF8 {
		text = bytes.TrimPrefix(text, []byte(markUTF8))
	}
	return text, err
}

// Unmarked reports whether data is ASCII text in UTF-16 without a mark: every second byte of it is NUL, and no other one is.
func Unmarked(data []byte) bool {
	if len(data) < 4 || len(data)%2 != 0 {
		return false
	}
	first := 0 // where the characters are: the low byte
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
