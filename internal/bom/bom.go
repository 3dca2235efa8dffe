// Package bom reads text by its byte order mark, as programs on Windows write it: PowerShell 5 redirects into UTF-16, and
// editors put a mark in front of UTF-8.
package bom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// ErrCut: text in UTF-16 that ends within a character.
var ErrCut = errors.New("it is UTF-16 text that is cut short")

// UTF8 returns text without its byte order mark, in UTF-8. Text without a mark is returned as it is. Error: ErrCut.
func UTF8(text []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xef, 0xbb, 0xbf}):
		return text[3:], nil
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text, nil
	}
	text = text[2:]
	if len(text)%2 != 0 {
		return nil, ErrCut
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
