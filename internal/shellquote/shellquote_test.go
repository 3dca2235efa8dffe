package shellquote

import "testing"

func TestWord(t *testing.T) {
	for word, want := range map[string]string{
		"":                   "''",
		"/usr/bin/x-1.0_a+b": "/usr/bin/x-1.0_a+b",
		"A=1,b@c:50%":        "A=1,b@c:50%",
		"/my home":           "'/my home'",
		"it's":               `'it'\''s'`,
		"$x":                 "'$x'",
		"~":                  "'~'",
		"a\nb":               "'a\nb'",
		"ключ":               "'ключ'",
	} {
		if got := posix.word(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{"": "''", "plain": "'plain'", "'": `''\'''`} {
		if got := Quote(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
