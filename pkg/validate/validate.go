// Package validate reports whether a text can be the key it is stored as, by its shape alone: no I/O, no service asked.
//
// Its messages are constants. No part of a value, however small, is ever in them.
package validate

import "strings"

// Kind is what a value is checked as.
type Kind string

// The kinds of values.
const (
	// NGC is an NVIDIA NGC API key: personal, service or legacy.
	NGC Kind = "ngc"
	// CyborgDB is a CyborgDB API key.
	CyborgDB Kind = "cyborgdb"
	// IndexKey is the base64 of 32 bytes: a CyborgDB index's encryption key.
	IndexKey Kind = "index-key"
	// Text is any text that an environment variable can hold, line breaks included.
	Text Kind = "text"
)

// Severity is what a finding means for storing the value.
type Severity int

// The severities, mildest first.
const (
	// Warn: say it and store the value. A service may change its keys' shape tomorrow.
	Warn Severity = iota + 1
	// Unusual: store it only when the user insists (--force).
	Unusual
	// Refuse: never store it. Something else than the key was pasted.
	Refuse
)

// Finding is one thing that is wrong, or odd, about a value.
type Finding struct {
	Severity Severity
	Code     string // stable, for programs: one of the Code constants
	Message  string // what was pasted: lower case, no full stop, nothing of the value
	Hint     string // what to do about it: lower case, no full stop, nothing of the value
}

// MaxEnvValue is the longest value, in bytes, that surely fits into one environment variable: Linux allows 128 KiB for the
// name, "=", the value and a closing NUL together (MAX_ARG_STRLEN in execve(2)).
const MaxEnvValue = 128<<10 - 256

// The lengths NVIDIA gives its keys, in bytes.
const (
	ngcPersonalLength = len(ngcPrefix) + 64
	ngcLegacyLength   = 84
)

// Check tells what is wrong with value as a key of that kind; nil if nothing is.
//
// A finding that refuses the value comes alone: what else could be said would follow from it. An empty value and one with
// a NUL byte are refused for every kind. An unknown kind is checked as Text.
func Check(kind Kind, value string) []Finding {
	if value == "" {
		return one(CodeEmpty)
	}
	if strings.Contains(value, "\x00") {
		return one(CodeNUL)
	}
	switch kind {
	case NGC, CyborgDB:
	case IndexKey:
		if isIndexKey(value) {
			return nil
		}
	default:
		if len(value) > MaxEnvValue {
			return one(CodeTooLong)
		}
		return nil
	}
	if code := pasteError(value); code != "" {
		return one(code)
	}
	switch kind {
	case NGC:
		return checkNGC(value)
	case CyborgDB:
		return checkCyborgDB(value)
	default:
		return checkIndexKey(value)
	}
}

// Trim returns value without the white space around it, which no key has. A Text keeps its own.
func Trim(kind Kind, value string) string {
	switch kind {
	case NGC, CyborgDB, IndexKey:
		return strings.TrimSpace(value)
	}
	return value
}

// Worst returns the highest severity of findings, 0 if there are none.
func Worst(findings []Finding) Severity {
	var worst Severity
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

func one(code string) []Finding { return []Finding{finding(code)} }

func checkNGC(value string) []Finding {
	switch Identify(value) {
	case NGCPersonal:
		if len(value) != ngcPersonalLength {
			return one(CodeOddLength)
		}
		return nil
	case NGCStaging:
		return one(CodeStaging)
	case NGCLegacy:
		return nil
	case CyborgDBKey, CyborgDBUser:
		return one(CodeCyborgDBForNGC)
	}
	switch {
	case isForeign(value):
		return one(CodeForeign)
	case len(value) == ngcLegacyLength && isAlphanumeric(value):
		return one(CodeOddLegacy)
	case isIndexKey(value):
		return one(CodeIndexKeyForNGC)
	}
	return one(CodeUnknownNGC)
}

func checkCyborgDB(value string) []Finding {
	switch Identify(value) {
	case CyborgDBKey:
		return nil
	case CyborgDBUser:
		return one(CodeCyborgDBUser)
	case NGCPersonal, NGCStaging, NGCLegacy:
		return one(CodeNGCForCyborgDB)
	}
	if isForeign(value) {
		return one(CodeForeign)
	}
	return one(CodeUnknownCyborgDB)
}

func checkIndexKey(value string) []Finding {
	if Identify(value) != Unknown || isForeign(value) {
		return one(CodeAPIKeyForIndexKey)
	}
	return one(CodeUnknownIndexKey)
}
