package ui_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/ragenv/ragenv/internal/ui"
)

// hostile contains what terminals act on: a title, colors, C1 sequences, a reversal, a cut character.
const hostile = "a\x1b]0;x\x07\x1b[2J\u009b31m\x9b\u202eb\x7f\r"

func TestShown(t *testing.T) {
	for _, reader := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader} {
		var out bytes.Buffer
		if _, err := io.Copy(struct{ io.Writer }{ui.Shown(&out)}, reader(strings.NewReader("NAME\tü€𝄞\n"+hostile+"\n"))); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), "NAME\tü€𝄞\na") || !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%q", out.String())
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool {
			return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
		}); i >= 0 {
			t.Errorf("%q", out.String())
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var out bytes.Buffer
	if err := ui.WriteJSON(&out, []string{hostile, "<ü>"}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(out.String(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) }) {
		t.Errorf("%q", out.String())
	}
	var back []string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[0] != strings.ToValidUTF8(hostile, "\ufffd") || back[1] != "<ü>" || !strings.Contains(out.String(), "<ü>") {
		t.Errorf("%q, %v", back, err)
	}
}

func TestEscapeJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"ü":"€"}` + "\n": `{"ü":"€"}` + "\n",
		"\"\u009b1m\"":     `"\u009b1m"`,
		"\"a\x9b\"":        "\"a\ufffd\"", // in Latin-1 this byte begins a sequence
	} {
		if got := string(ui.EscapeJSON([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
