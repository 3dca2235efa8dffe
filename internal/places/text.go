package places

import (
	"bytes"
	"errors"

	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/readfile"
)

// maxFile is the maximum size to read. A larger file was not written by hand.
const maxFile = 1 << 20 // bytes

// maxHistory is the maximum size of a shell history to read.
const maxHistory = 16 << 20 // bytes

// readText reads a file as UTF-8 text.
func readText(path string, limit int64) ([]byte, error) {
	data, err := readfile.Read(path, 0, limit)
	if err != nil {
		return nil, err
	}
	text, _, err := bom.Decode(data)
	if errors.Is(err, bom.ErrCut) { // a program is still writing it
		text, _, _ = bom.Decode(data[:len(data)-1])
	}
	if bytes.ContainsRune(text[:min(len(text), 1024)], 0) {
		return nil, errNotText
	}
	return text, nil
}

var errNotText = errors.New("not a text file")
