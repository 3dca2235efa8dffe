// Package validate checks by its format alone whether a text can be the key it is stored as. It does no I/O
// and asks no service.
//
// Its messages are constants and never contain part of a value.
package validate

import "strings"

// Kind is the kind of value to check for.
type Kind string

// The kinds of values.
const (
	// NGC is an NVIDIA NGC API key: personal, service or legacy.
	NGC Kind = "ngc"
	// CyborgDB is a CyborgDB API key.
	CyborgDB Kind = "cyborgdb"
	// IndexKey is a CyborgDB index's encryption key: the base64 of 32 bytes.
	IndexKey Kind = "index-key"
	// Text is any text that an environment variable can hold, line breaks included.
	Text Kind = "text"
)

// Severity says whether a value with a finding may be stored.
type Severity int

// The severities, least severe first.
const (
	// Warn: show the finding and store the value. The service may have changed its keys' format.
	Warn Severity = iota + 1
	// Unusual: store the value only if the user insists (--force).
	Unusual
	// Refuse: never store the value. It is not the key.
	Refuse
)

// Finding is one problem or oddity of a value.
type Finding struct {
	Severity Severity
	Code     string // stable, for programs: one of the Code constants
	Message  string // the problem: lower case, no full stop, no part of the value
	Hint     string // how to fix it: lower case, no full stop, no part of the value
}

// MaxEnvValue is the maximum length of a value, in bytes, that is certain to fit into an environment
// variable. Linux allows 128 KiB for the name, "=", the value and a terminating NUL (MAX_ARG_STRLEN in
// execve(2)).
const MaxEnvValue = 128<<10 - 256

// The lengths of NVIDIA's keys, in bytes.
const (
	ngcPersonalLength = len(ngcPrefix) + 64
	ngcLegacyLength   = 84
)

// Check returns the findings for value as a key of that kind, or nil.
//
// A finding that refuses the value is returned alone, because it explains any other. Empty values and
// values with a NUL byte are refused for every kind. An unknown kind is checked as Text.
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

// Trim returns value without surrounding white space, which is never part of a key. A Text is returned
// unchanged.
func Trim(kind Kind, value string) string {
	switch kind {
	case NGC, CyborgDB, IndexKey:
		return strings.TrimSpace(value)
	}
	return value
}

// Worst returns the highest severity in findings, or 0.
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
