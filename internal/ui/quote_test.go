package ui

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
)

func TestQuoteWords(t *testing.T) {
	random := make([]byte, 48)
	_, _ = rand.Read(random)
	key := "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
	for want, words := range map[string][]string{
		"docker compose -f a.yaml up": {"docker", "compose", "-f", "a.yaml", "up"},
		`'' 'a b' 'it'\''s' '$x'`:     {"", "a b", "it's", "$x"},
		"login ... A=1 ...":           {"login", key, "A=1", "A=" + key},
	} {
		if got := QuoteWords(words); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
