package commandline

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"list", "set", "docker", "unlock", "restore", "rm", "run", "NGC_API_KEY"}
	for word, want := range map[string]string{"lst": "list", "sett": "set", "dokcer": "docker", "unlok": "unlock", "remove": "", "x": "", "": "", "ngc_api_key": "NGC_API_KEY", "NGC_APIKEY": "NGC_API_KEY"} {
		if got := Nearest(known, word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

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
