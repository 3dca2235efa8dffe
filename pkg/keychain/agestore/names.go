package agestore

import (
	"fmt"
	"strings"
)

// maxFileName is the longest name that common file systems hold (NAME_MAX), in bytes.
const maxFileName = 255

// Format 1 writes a key's "/" as "+" and its "%" as "%25".
var (
	toFileName   = strings.NewReplacer("/", "+", "%", "%25")
	fromFileName = strings.NewReplacer("+", "/", "%25", "%")
)

// fileName returns the name of a key's file. A key is one or more letters, digits, "_", "-", ".", "%" and "/", and does not
// begin with a dot: the caller escapes all other bytes. Keys that differ by case only are the caller's care where a file
// system folds case. Errors: ErrInvalidKey, and ErrTooLarge if the name would be too long.
func fileName(key string) (string, error) {
	if key == "" || key[0] == '.' || strings.ContainsFunc(key, foreign) {
		return "", fmt.Errorf("%w: %.80q", ErrInvalidKey, key)
	}
	name := toFileName.Replace(key)
	if len(name)+len(itemSuffix) > maxFileName {
		return "", fmt.Errorf("%w: a name of %d bytes, at most %d fit", ErrTooLarge, len(name), maxFileName-len(itemSuffix))
	}
	return name + itemSuffix, nil
}

// foreign reports whether a character cannot be in a key.
func foreign(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.%/", r))
}

// keyOf is the inverse of fileName; false for every name that fileName does not return.
func keyOf(name string) (string, bool) {
	escaped, ok := strings.CutSuffix(name, itemSuffix)
	if !ok {
		return "", false
	}
	key := fromFileName.Replace(escaped)
	again, err := fileName(key)
	return key, err == nil && again == name
}
