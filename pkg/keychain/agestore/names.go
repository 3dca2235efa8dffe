package agestore

import (
	"fmt"
	"strings"
)

// maxFileName is the longest file name on common file systems (NAME_MAX), in bytes.
const maxFileName = 255

// toFileName and fromFileName encode a key as in format 1: "/" is "+", and "%" is "%25". A strings.Replacer
// would need tables, which most runs use once.
func toFileName(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "%", "%25"), "/", "+")
}

func fromFileName(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "%25", "%"), "+", "/")
}

// fileName returns the name of a key's file. A key is one or more letters, digits, "_", "-", ".", "%" and
// "/", and does not start with a dot; the caller escapes all other bytes. On file systems that ignore case,
// the caller must avoid keys that differ by case only. Errors: ErrInvalidKey, and ErrTooLarge if the name
// is too long.
func fileName(key string) (string, error) {
	if key == "" || key[0] == '.' || strings.ContainsFunc(key, foreign) {
		return "", fmt.Errorf("%w: %.80q", ErrInvalidKey, key)
	}
	name := toFileName(key)
	if len(name)+len(itemSuffix) > maxFileName {
		return "", fmt.Errorf("%w: a name of %d bytes, at most %d fit", ErrTooLarge, len(name), maxFileName-len(itemSuffix))
	}
	return name + itemSuffix, nil
}

// foreign reports whether a key cannot contain r.
func foreign(r rune) bool {
	switch r {
	case '_', '-', '.', '%', '/':
		return false
	}
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
}

// keyOf is the inverse of fileName. It returns false for any name that fileName cannot return.
func keyOf(name string) (string, bool) {
	escaped, ok := strings.CutSuffix(name, itemSuffix)
	if !ok {
		return "", false
	}
	key := fromFileName(escaped)
	again, err := fileName(key)
	return key, err == nil && again == name
}
