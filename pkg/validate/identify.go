package validate

import (
	"encoding/base64"
	"strings"
)

// KeyType is the kind of key that a text looks like.
type KeyType string

// The key types that Identify distinguishes. Personal and service keys have the same format; only NVIDIA
// can tell which.
const (
	Unknown      KeyType = "unknown"
	NGCPersonal  KeyType = "ngc-personal"  // "nvapi-" and 64 letters, digits, "-" and "_"; service keys look the same
	NGCStaging   KeyType = "ngc-staging"   // "nvapi-stg-", for NVIDIA's staging services
	NGCLegacy    KeyType = "ngc-legacy"    // 84 letters and digits: the base64 of 26 letters and digits, ":" and a UUID
	CyborgDBKey  KeyType = "cyborgdb"      // "cyborg_"; what follows is not documented
	CyborgDBUser KeyType = "cyborgdb-user" // "cdbk_": one user's key of a CyborgDB service
	DockerAuth   KeyType = "docker-auth"   // base64 of "$oauthtoken:KEY": the "auth" of a Docker config.json
)

const (
	ngcPrefix          = "nvapi-"
	ngcStagingPrefix   = "nvapi-stg-"
	cyborgDBPrefix     = "cyborg_"
	cyborgDBUserPrefix = "cdbk_"

	// OAuthUser is the user name that nvcr.io expects, with the key as password. The "$" is literal.
	OAuthUser = "$oauthtoken"
)

// foreignPrefixes are the prefixes of other services' tokens, often found in the same password managers and
// .env files. They come from those services' documentation.
var foreignPrefixes = []string{
	"hf_", "sk-", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "dckr_pat_", "dckr_oat_", "AKIA", "ASIA", "xoxb-", "xoxp-", "npm_", "AIza", "ya29.",
}

// Identify returns the type of key that value looks like. It does not check the length of personal keys.
func Identify(value string) KeyType {
	switch {
	case isDockerAuth(value):
		return DockerAuth
	case isKey(value, ngcStagingPrefix):
		return NGCStaging
	case isKey(value, ngcPrefix):
		return NGCPersonal
	case isKey(value, cyborgDBPrefix):
		return CyborgDBKey
	case isKey(value, cyborgDBUserPrefix):
		return CyborgDBUser
	case isLegacy(value):
		return NGCLegacy
	}
	return Unknown
}

// isKey reports whether value is prefix and at least one letter, digit, "-" or "_".
func isKey(value, prefix string) bool {
	rest, ok := strings.CutPrefix(value, prefix)
	if !ok || rest == "" {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; !isAlphanumericByte(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isLegacy reports whether value is the base64 of 26 letters and digits, ":" and a UUID.
func isLegacy(value string) bool {
	if len(value) != ngcLegacyLength || !isAlphanumeric(value) {
		return false
	}
	plain, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return false
	}
	id, uuid, ok := strings.Cut(string(plain), ":")
	if !ok || len(id) != 26 || !isAlphanumeric(id) || len(uuid) != 36 {
		return false
	}
	for i := range len(uuid) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (uuid[i] == '-') || !dash && !isHex(uuid[i]) {
			return false
		}
	}
	return true
}

// isDockerAuth reports whether value is the base64, in any alphabet, of "$oauthtoken:" and at least one
// more byte.
func isDockerAuth(value string) bool {
	// "$oauthtoken:" is 12 bytes long, so its base64 does not depend on what follows, and is the same in
	// all alphabets.
	const prefix = "JG9hdXRodG9rZW46"
	rest, ok := strings.CutPrefix(value, prefix)
	return ok && rest != ""
}

// isIndexKey reports whether value is the padded standard base64 of 32 bytes.
func isIndexKey(value string) bool {
	if len(value) != base64.StdEncoding.EncodedLen(32) || strings.ContainsAny(value, "\r\n") {
		return false
	}
	key, err := base64.StdEncoding.Strict().DecodeString(value)
	return err == nil && len(key) == 32
}

// isForeign reports whether value starts like a token of a service that ragenv does not use.
func isForeign(value string) bool {
	for _, prefix := range foreignPrefixes {
		if strings.HasPrefix(value, prefix) && len(value) >= len(prefix)+16 {
			return true
		}
	}
	return false
}

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		if !isAlphanumericByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isAlphanumericByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
