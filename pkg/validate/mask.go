package validate

import "strings"

// minMasked is how long the secret part of a key has to be before four of its characters are shown, in bytes: the 28 that
// stay hidden are more than anybody can guess.
const minMasked = 32

// Mask returns a text that lets people tell their keys apart and nobody use them: the public beginning of a known kind of
// key and its last four characters. Values of no known shape, and short ones, are hidden whole but for a rough length.
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
