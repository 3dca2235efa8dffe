package validate

import (
	"slices"
	"strings"
)

// pasteError returns the code of what was pasted instead of only a key, or "". The most specific code wins:
// a quoted key followed by a space is a quoted key.
func pasteError(value string) string {
	v := strings.TrimSpace(value)
	lower := strings.ToLower(v)
	switch {
	case v == "":
		return CodeEmpty
	case hasQuotes(v):
		return CodeQuotes
	case hasAnyPrefix(lower, "export ", "set ", "setx ", "setenv ", "$env:", "declare -x "):
		return CodeExport
	case hasAnyPrefix(lower, "docker ", "sudo ", "echo ", "ragenv ", "ngc ", "curl ", "helm ", "kubectl ", "-e ", "--env ", "-p ", "--password", "$ "):
		return CodeCommand
	case hasAnyPrefix(lower, "bearer ", "basic ", "bearer:", "authorization:", "x-api-key:", "api-key:"):
		return CodeHeader
	case v == OAuthUser || v == `\`+OAuthUser:
		return CodeUserName
	case strings.HasPrefix(v, OAuthUser) || strings.HasPrefix(v, `\`+OAuthUser):
		return CodeUserAndKey
	case strings.HasPrefix(v, "$") || strings.HasPrefix(v, "%") && strings.HasSuffix(v, "%"):
		return CodeVariable
	case v[0] == '{' && strings.Contains(v, ":"):
		return CodeJSON
	case hasAnyPrefix(lower, "https://", "http://"):
		return CodeURL
	case isAssignment(v):
		return CodeAssignment
	case Identify(v) == DockerAuth:
		return CodeDockerAuth
	case isNameOnly(v):
		return CodeNameOnly
	case isPlaceholder(lower):
		return CodePlaceholder
	case isShortened(v):
		return CodeShortened
	case isSeveral(v):
		return CodeSeveral
	}
	for _, r := range value {
		switch {
		case r == '\n' || r == '\r':
			return CodeLineBreak
		case r == ' ' || r == '\t':
			return CodeSpaces
		case r < ' ' || r == 0x7f:
			return CodeControl
		case r > 0x7f: // a byte that is not UTF-8 becomes U+FFFD
			return CodeNotASCII
		}
	}
	return ""
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// hasQuotes reports whether v starts or ends with a straight or typographic quote. Users often miss one
// when copying.
func hasQuotes(v string) bool {
	const quotes = "\"'`“”„‘’«»"
	for _, q := range quotes {
		if strings.HasPrefix(v, string(q)) || strings.HasSuffix(v, string(q)) {
			return true
		}
	}
	return false
}

// isAssignment reports whether v is NAME=VALUE or NAME: VALUE, with or without a value. Base64 padding does
// not count.
func isAssignment(v string) bool {
	end := 0
	for end < len(v) && (isAlphanumericByte(v[end]) || v[end] == '_') {
		end++
	}
	if end == 0 || end == len(v) || '0' <= v[0] && v[0] <= '9' {
		return false
	}
	name, rest := v[:end], v[end:]
	rest = strings.TrimLeft(rest, " \t")
	switch {
	case rest == "" || rest[0] != '=' && rest[0] != ':':
		return false
	case rest == "=" || rest == "==", rest[0] == ':':
		return strings.Contains(name, "_") && strings.ToUpper(name) == name
	}
	return true
}

// isNameOnly reports whether v is a variable's name, such as NGC_API_KEY.
func isNameOnly(v string) bool {
	if len(v) > 40 || strings.ToUpper(v) != v || !strings.Contains(v, "_") {
		return false
	}
	for i := range len(v) {
		if !isAlphanumericByte(v[i]) && v[i] != '_' {
			return false
		}
	}
	return strings.HasSuffix(v, "KEY") || strings.HasSuffix(v, "TOKEN") || strings.HasSuffix(v, "SECRET") || strings.HasSuffix(v, "PASSWORD")
}

// placeholders are used in documentation, templates and Compose files instead of a key, here in lower case
// without brackets and separators. "ngcapikey" and "nvidiaapikey" are the RAG Blueprint's defaults.
var placeholders = []string{
	"ngcapikey", "nvidiaapikey", "apikey", "nvapi", "cyborg", "cdbk", "cyborgdbapikey", "cyborgapikey",
	"nvapikey", "mykey", "myapikey", "thekey", "key", "token", "secret", "password", "changeme", "changethis",
	"changeit", "replaceme", "replacethis", "fillme", "fillin", "fixme", "todo", "tbd", "none", "null", "nil",
	"undefined", "unset", "empty", "example", "dummy", "dummykey", "fake", "fakekey", "test", "testkey",
	"placeholder", "insertkeyhere", "pastekeyhere", "keyhere", "apikeyhere", "keygoeshere", "seaweedfsadmin", "minioadmin",
	"true", "false", "yes", "no", "notused", "notset", "redacted", "hidden", "masked", "removed",
}

// isPlaceholder reports whether v, in lower case, is a placeholder. Words within v count only if it is
// shorter than any real key, because a random key may contain any word.
func isPlaceholder(v string) bool {
	if strings.HasPrefix(v, "<") || strings.HasSuffix(v, ">") || strings.HasPrefix(v, "[") && strings.HasSuffix(v, "]") || strings.HasPrefix(v, "{") && strings.HasSuffix(v, "}") {
		return true
	}
	bare := strings.NewReplacer("-", "", "_", "", " ", "", ".", "", "…", "").Replace(v)
	if slices.Contains(placeholders, bare) {
		return true
	}
	for _, prefix := range []string{"nvapistg", "nvapi", "cyborg", "cdbk"} {
		if rest, ok := strings.CutPrefix(bare, prefix); ok {
			bare = rest
			break
		}
	}
	if bare == "" || slices.Contains(placeholders, bare) || strings.Trim(bare, "x") == "" {
		return true
	}
	if len(bare) >= minMasked {
		return false
	}
	for _, word := range []string{"your", "apikey", "changeme", "placeholder", "replace", "insert", "example", "here", "xxxxx", "redacted"} {
		if strings.Contains(bare, word) {
			return true
		}
	}
	return len(bare) >= 3 && strings.Trim(bare, bare[:1]) == ""
}

// isShortened reports whether part of v is hidden, as in a service's list of keys or a log.
func isShortened(v string) bool {
	for _, mark := range []string{"...", "…", "**", "••", "●●", "··"} {
		if strings.Contains(v, mark) {
			return true
		}
	}
	return false
}

// isSeveral reports whether v contains two keys, whatever joins them.
func isSeveral(v string) bool {
	for _, prefix := range []string{ngcPrefix, cyborgDBPrefix} {
		// Joined without a separator. A random key contains such a prefix with a probability of 1 in 64^6.
		if i := strings.LastIndex(v, prefix); i > 0 && Identify(v[:i]) != Unknown {
			return true
		}
	}
	// A legacy key has no prefix, but a fixed length.
	if i := len(v) - ngcLegacyLength; i > 0 && isLegacy(v[i:]) && Identify(v[:i]) != Unknown {
		return true
	}
	count := 0
	for _, field := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;|", r) }) {
		if t := Identify(field); t != Unknown {
			count++
		}
	}
	return count > 1
}
