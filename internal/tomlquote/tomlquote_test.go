package tomlquote

import (
	"slices"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestLibraryReadsIt(t *testing.T) {
	texts := []string{"", "plain", `a "quote" and \`, "tab\tline\nreturn\r", "\x00\x1f\x7f", "ключ ✓ 🔑"}
	var read struct {
		Texts []string
		One   string
	}
	if err := toml.Unmarshal([]byte("texts = "+Array(texts)+"\none = "+String(texts[2])+"\n"), &read); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(read.Texts, texts) || read.One != texts[2] {
		t.Errorf("%q, %q", read.Texts, read.One)
	}
}
