package places

import (
	"bytes"
	"errors"

	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/readfile"
)

// maxFile is the most that is read of one file; what is longer was not written by hand.
const maxFile = 1 << 20 // bytes

// maxHistory is the most that is read of a shell history.
const maxHistory = 16 << 20 // bytes

// readText reads a file as text in UTF-8.
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
