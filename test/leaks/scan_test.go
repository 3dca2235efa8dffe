package leaks

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// window is the length of the part of a secret that counts as a leak. A prefix such as "nvapi-" does not.
const window = 16

// canaries finds secrets by name, whole or in parts, in all usual encodings.
type canaries struct {
	values map[string]string // by name
	grams  map[string]string // maps every piece of window bytes to the secret's name
}

func newCanaries(values map[string]string) *canaries {
	c := &canaries{values: values, grams: map[string]string{}}
	for name, value := range values {
		for _, form := range disguises(value) {
			for i := 0; i+window <= len(form); i++ {
				c.grams[form[i:i+window]] = name
			}
		}
	}
	return c
}

// disguises returns the lossless encodings of a value.
func disguises(value string) []string {
	reversed := []rune(value)
	slices.Reverse(reversed)
	quoted, _ := json.Marshal(value)
	plain := hex.EncodeToString([]byte(value))
	forms := []string{
		value, string(reversed), strings.Trim(string(quoted), `"`), plain, strings.ToUpper(plain),
		url.QueryEscape(value), url.PathEscape(value), strings.ReplaceAll(value, "'", `'\''`),
	}
	for offset := range 3 { // base64 differs after 0, 1 and 2 bytes, as in "user:SECRET"
		text := append(make([]byte, offset), value...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(text)
			forms = append(forms, encoded[min(len(encoded), 2*offset):max(2*offset, len(encoded)-2)])
		}
	}
	return forms
}

// find returns the names of the secrets of which text contains a piece.
func (c *canaries) find(text string) []string {
	var found []string
	for i := 0; i+window <= len(text); i++ {
		if name, ok := c.grams[text[i:i+window]]; ok && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func TestCanariesAreFoundInDisguise(t *testing.T) {
	key := scripttest.NewKey()
	c := newCanaries(map[string]string{"key": key, "login": `it's "a" & ` + key[10:30]})
	other := scripttest.NewKey()
	for what, text := range map[string]string{
		"plain": key, "a piece": "..." + key[20:20+window] + "...", "hex": hex.EncodeToString([]byte(key)),
		"base64":          base64.StdEncoding.EncodeToString([]byte(key)),
		"login":           base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + key)),
		"URL-safe base64": base64.URLEncoding.EncodeToString([]byte("me:" + key)),
		"basic":           base64.StdEncoding.EncodeToString([]byte("u:" + key)),
		"escaped":         url.QueryEscape(c.values["login"]),
	} {
		if len(c.find("x"+text+"x")) == 0 {
			t.Errorf("%s: not found", what)
		}
	}
	for what, text := range map[string]string{
		"another key": other, "its base64": base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + other)), "a prefix": key[:window-1], "nothing": "",
	} {
		if found := c.find(text); len(found) > 0 {
			t.Errorf("%s: found %v", what, found)
		}
	}
}
