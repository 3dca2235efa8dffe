package where

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// weakLength is the length below which a value matches only under its own name: words such as "minioadmin" are also in
// places that have nothing to do with the key.
const weakLength = 16

// maxNesting is how many layers of base64 are opened: a .dockerconfigjson in a Secret has an "auth" inside.
const maxNesting = 3

// Key is a key to search for.
type Key struct {
	Name    string
	Aliases []string               // variables that have its value
	Current keychain.Secret        // the stored value; empty if it was removed
	Former  []keychain.Secret      // values from before that are still kept
	Prints  []keychain.Fingerprint // of its values, the present one among them or not
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

// Matcher recognizes values. It is safe for use by several goroutines.
type Matcher struct {
	exact    []exact
	prints   map[int][]printed // by length
	shortest int
}

// NewMatcher returns a matcher of the values of keys.
func NewMatcher(keys []Key) *Matcher {
	m := &Matcher{prints: map[int][]printed{}}
	current := map[string]bool{} // a value that is current for one key is no old one of another
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

// Empty reports whether there is nothing to search for.
func (m *Matcher) Empty() bool { return len(m.exact) == 0 && len(m.prints) == 0 }

// Find returns the keys that have a value in text, each once: as the whole of it, as a word of it, or in base64. name is what
// the place calls text, a variable for example; "" if it has no name. A value of fewer than 16 characters is found only as the
// whole text under the name of its key, and a former one with spaces or quotes in it only as the whole text.
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

// Whole returns the keys whose value is all of text, but for white space around it.
func (m *Matcher) Whole(name, text string) []Match {
	s := search{m: m, name: name}
	s.whole(text)
	s.whole(strings.TrimSpace(text))
	return s.found
}

// Stored returns the stored value of a key; "" if none is.
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

// whole compares all of a text.
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

// text looks for values inside a text.
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

// inWord reports whether a byte can be part of a key, or of base64.
func inWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.~+/=%!*^", rune(c))
}

// separators are the bytes of a word that may also stand before or after a key: NAME=key, //key, key. and the like.
const separators = "=/.+~%!*^"

// word compares a word with the fingerprints, with and without what stands around its parts, and opens base64.
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
		// NAME=key with separators in the key, such as base64.
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

// decodeBase64 decodes text of the standard or the URL alphabet, with or without padding. What is not text inside is not
// returned.
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
