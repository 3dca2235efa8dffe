package commandline

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestNearest(t *testing.T) {
	var known []*cli.Command
	for _, name := range []string{"list", "set", "docker", "unlock", "restore", "rm", "run"} {
		known = append(known, &cli.Command{Name: name})
	}
	for word, want := range map[string]string{"lst": "list", "sett": "set", "dokcer": "docker", "unlok": "unlock", "remove": "", "x": "", "": ""} {
		if got := nearest(known, word); got != want {
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
