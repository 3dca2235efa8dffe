package validate

import "strings"

// minMasked is the minimum length in bytes of a key's secret part for showing its last four characters: the
// 28 hidden ones cannot be guessed.
const minMasked = 32

// Mask returns a text by which users can distinguish their keys, but not use them: the prefix of a known
// kind of key and its last four characters. For short or unknown values it returns only a rough length.
func Mask(value string) string {
	prefix, known := "", true
	switch Identify(value) {
	case NGCPersonal:
		prefix = ngcPrefix
	case NGCStaging:
		prefix = ngcStagingPrefix
	case CyborgDBKey:
		prefix = cyborgDBPrefix
	case CyborgDBUser:
		prefix = cyborgDBUserPrefix
	case NGCLegacy:
	default:
		known = false
	}
	secret := strings.TrimPrefix(value, prefix)
	switch {
	case value == "":
		return "(empty)"
	case known && len(secret) >= minMasked:
		return prefix + "…" + secret[len(secret)-4:]
	case known:
		return prefix + "… (short)"
	case len(value) < 16:
		return "… (under 16 bytes)"
	case len(value) < 64:
		return "… (16 to 63 bytes)"
	}
	return "… (64 bytes or more)"
}
