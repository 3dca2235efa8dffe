package places

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"

	"github.com/ragenv/ragenv/internal/readfile"
)

// maxFile is the most that is read of one file; what is longer was not written by hand.
const maxFile = 1 << 20 // bytes

// maxHistory is the most that is read of a shell history.
const maxHistory = 16 << 20 // bytes

// Encoding is how a file's text is encoded.
type Encoding int

// The encodings. Windows' programs write UTF-16: PowerShell 5's ">" is one.
const (
	UTF8 Encoding = iota
	UTF16LE
	UTF16BE
)

// Decode returns text in UTF-8, without the mark of UTF-16, and how data encodes it. What is not UTF-16 stays as it is.
func Decode(data []byte) ([]byte, Encoding) {
	var order binary.ByteOrder
	encoding := UTF8
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order, encoding = binary.LittleEndian, UTF16LE
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order, encoding = binary.BigEndian, UTF16BE
	default:
		return data, UTF8
	}
	units := make([]uint16, 0, len(data)/2)
	for rest := data[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units))), encoding
}

// Encode is the reverse of Decode.
func Encode(text []byte, encoding Encoding) []byte {
	var order binary.AppendByteOrder
	var mark []byte
	switch encoding {
	case UTF16LE:
		order, mark = binary.LittleEndian, []byte("\xff\xfe")
	case UTF16BE:
		order, mark = binary.BigEndian, []byte("\xfe\xff")
	default:
		return text
	}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		mark = order.AppendUint16(mark, unit)
	}
	return mark
}

// readText reads a file as text in UTF-8.
func readText(path string, limit int64) ([]byte, error) {
	data, err := readfile.Read(path, 0, limit)
	if err != nil {
		return nil, err
	}
	text, _ := Decode(data)
	if bytes.ContainsRune(text[:min(len(text), 1024)], 0) {
		return nil, errNotText
	}
	return text, nil
}

var errNotText = errors.New("not a text file")
