package agestore

import (
	"fmt"
	"strings"
)

// maxFileName is the longest name that common file systems hold (NAME_MAX), in bytes.
const maxFileName = 255

const upperHex = "0123456789ABCDEF"

// fileName returns the name of a key's file: letters, digits, "_", "-" and "." as they are, "/" as "+", every other byte
// as %XX. A leading dot is escaped, so that no item is hidden and none is called like the temporary file. Keys that
// differ only by case are the caller's care where a file system folds case. ErrTooLarge if the name would be too long.
func fileName(key string) (string, error) {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		switch {
		case c == '/':
			b.WriteByte('+')
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	if b.Len() == 0 || b.Len()+len(itemSuffix) > maxFileName {
		return "", fmt.Errorf("%w: a name of %d bytes, at most %d fit", ErrTooLarge, b.Len(), maxFileName-len(itemSuffix))
	}
	return b.String() + itemSuffix, nil
}

// keyOf is the inverse of fileName; false for every name that fileName does not return.
func keyOf(name string) (string, bool) {
	escaped, ok := strings.CutSuffix(name, itemSuffix)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		switch c := escaped[i]; c {
		case '+':
			b.WriteByte('/')
		case '%':
			if i+2 >= len(escaped) {
				return "", false
			}
			hi, lo := strings.IndexByte(upperHex, escaped[i+1]), strings.IndexByte(upperHex, escaped[i+2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	again, err := fileName(b.String())
	return b.String(), err == nil && again == name
}
