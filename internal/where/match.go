package where

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// weakLength is the minimum length, in bytes, of a value that matches under any name. Shorter ones, such as
// "minioadmin", also occur in places that have nothing to do with the key.
const weakLength = 16

// maxNesting is how many layers of base64 are decoded: a .dockerconfigjson in a Secret contains an "auth".
const maxNesting = 3

// Key is a key to search for.
type Key struct {
	Name    string
	Aliases []string               // variables with the same value
	Current keychain.Secret        // the stored value; empty if it was removed
	Former  []keychain.Secret      // earlier values that are still kept
	Prints  []keychain.Fingerprint // of its values, which may include the current one
}

// Match is a key whose value was recognized.
type Match struct {
	Name  string
	State State
}

type exact struct {
	Match
	value   string
	aliases []string
}

type printed struct {
	keychain.Fingerprint
	aliases []string
}

// Matcher recognizes values. It is safe for concurrent use.
type Matcher struct {
	exact    []exact
	prints   map[int][]printed // by length
	shortest int
}

// NewMatcher returns a matcher for the values of keys.
func NewMatcher(keys []Key) *Matcher {
	m := &Matcher{prints: map[int][]printed{}}
	current := map[string]bool{} // a value that is current for one key is not an old value of another
	for _, key := range keys {
		if value := key.Current.Reveal(); value != "" {
			current[value] = true
			m.exact = append(m.exact, exact{Match{key.Name, Current}, value, key.Aliases})
		}
	}
	for _, key := range keys {
		for _, former := range key.Former {
			if value := former.Reveal(); value != "" && !current[value] {
				m.exact = append(m.exact, exact{Match{key.Name, Old}, value, key.Aliases})
			}
		}
		for _, print := range key.Prints {
			if print.Length > 0 && !slices.ContainsFunc(m.exact, func(e exact) bool { return print.Matches(e.value) }) {
				m.prints[print.Length] = append(m.prints[print.Length], printed{print, key.Aliases})
			}
		}
	}
	m.shortest = 1 << 30
	for _, e := range m.exact {
		m.shortest = min(m.shortest, len(e.value))
	}
	for length := range m.prints {
		m.shortest = min(m.shortest, length)
	}
	return m
}

// Find returns the keys whose value is in text, each once: as the whole text, as part of it, or in base64.
// name is the place's name for text, such as a variable; "" if it has none. A value shorter than 16 bytes
// is found only as the whole text under the name of its key or an alias. A value that is only known by its
// fingerprint is found only as the whole text or as a word, so not inside a text if it has spaces or
// quotes.
func (m *Matcher) Find(name, text string) []Match {
	if len(text) < m.shortest {
		return nil
	}
	s := search{m: m, name: name}
	s.whole(text)
	if trimmed := strings.TrimSpace(text); trimmed != text {
		s.whole(trimmed)
	}
	s.text(text, 0)
	return s.found
}

// Whole returns the keys whose value is the whole text, except for white space around it.
func (m *Matcher) Whole(name, text string) []Match {
	s := search{m: m, name: name}
	s.whole(text)
	s.whole(strings.TrimSpace(text))
	return s.found
}

// Stored returns the stored value of a key, "" if there is none.
func (m *Matcher) Stored(name string) string {
	for _, e := range m.exact {
		if e.Name == name && e.State == Current {
			return e.value
		}
	}
	return ""
}

type search struct {
	m     *Matcher
	name  string
	found []Match
}

func (s *search) add(match Match) {
	for i, present := range s.found {
		if present.Name == match.Name {
			if match.State == Old {
				s.found[i].State = Old
			}
			return
		}
	}
	s.found = append(s.found, match)
}

func (s *search) named(key string, aliases []string) bool {
	return s.name == key || slices.Contains(aliases, s.name)
}

// whole compares the whole text.
func (s *search) whole(text string) {
	for _, e := range s.m.exact {
		if text == e.value && (len(text) >= weakLength || s.named(e.Name, e.aliases)) {
			s.add(e.Match)
		}
	}
	for _, p := range s.m.prints[len(text)] {
		if (len(text) >= weakLength || s.named(p.Ref.Name, p.aliases)) && p.Matches(text) {
			s.add(Match{p.Ref.Name, Old})
		}
	}
}

// text searches for values inside a text.
func (s *search) text(text string, depth int) {
	for _, e := range s.m.exact {
		if len(e.value) >= weakLength && strings.Contains(text, e.value) {
			s.add(e.Match)
		}
	}
	for start := 0; start < len(text); {
		if !inWord(text[start]) {
			start++
			continue
		}
		end := start
		for end < len(text) && inWord(text[end]) {
			end++
		}
		s.word(text[start:end], depth)
		start = end
	}
}

// inWord reports whether a byte can be part of a key or of base64.
func inWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.~+/=%!*^", rune(c))
}

// separators are bytes of a word that may also precede or follow a key: NAME=key, //key, key. and similar.
const separators = "=/.+~%!*^"

// word compares a word and its parts with the fingerprints, with and without surrounding separators, and
// decodes base64.
func (s *search) word(word string, depth int) {
	if len(word) < weakLength {
		return
	}
	s.printed(word)
	if trimmed := strings.Trim(word, separators+"-_"); trimmed != word { // ${NAME:-key}
		s.printed(trimmed)
	}
	if strings.ContainsAny(word, separators) {
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			s.printed(part)
		}
		// NAME=key, where the key contains separators, as in base64.
		for i := range len(word) {
			if word[i] == '=' {
				s.printed(word[i+1:])
			}
		}
	}
	if depth == maxNesting {
		return
	}
	candidates := []string{word}
	if i := strings.IndexByte(word, '='); i >= 0 && i+1 < len(word) && word[i+1] != '=' {
		candidates = append(candidates, word[i+1:])
	}
	for _, candidate := range candidates {
		if decoded, ok := decodeBase64(candidate); ok {
			if len(decoded) >= weakLength {
				s.whole(decoded)
			}
			if _, value, found := strings.Cut(decoded, ":"); found && len(value) >= weakLength { // user:password
				s.whole(value)
			}
			s.text(decoded, depth+1)
		}
	}
}

func (s *search) printed(word string) {
	if len(word) < weakLength {
		return
	}
	for _, p := range s.m.prints[len(word)] {
		if p.Matches(word) {
			s.add(Match{p.Ref.Name, Old})
		}
	}
}

// decodeBase64 decodes the standard or the URL alphabet, with or without padding. It returns false if the
// result is not UTF-8 text.
func decodeBase64(word string) (string, bool) {
	word = strings.TrimRight(word, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(word, "-_") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(word)
	if err != nil || !utf8.Valid(decoded) {
		return "", false
	}
	return string(decoded), true
}
