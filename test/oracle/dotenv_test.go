package oracle

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"

	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/render"
)

var pieces = []string{
	`'`, `"`, `\`, "`", `$`, `#`, ` #`, ` `, "\n", "\r", "\r\n", "\t", "\v", "\f", "\x01", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "\ufffd", "é", "😀",
	`\n`, `\'`, `\"`, `\\`, `\$`, `$$`, `$A`, `${A}`, `${A:-b}`, `$(id)`, `\0140`, `\0`, `\c`, `\x41`, `''`, `""`, "a", "B", "0", "=", ":", "nvapi-", "%", "!", "{", "}", "export ",
}

func text(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// FuzzRenderForCompose checks that Compose reads the dotenv format exactly as written.
func FuzzRenderForCompose(f *testing.F) {
	f.Add(uint64(1), "")
	f.Add(uint64(2), strings.Join(pieces, "\x00"))
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		r := rand.New(rand.NewPCG(seed, 0))
		texts := strings.Split(raw, "\x00")
		for range 100 {
			texts = append(texts, text(r, 12))
		}
		var values []render.Value
		want := map[string]string{}
		for i, text := range texts {
			if utf8.ValidString(text) {
				name := fmt.Sprintf("V%d", i)
				values, want[name] = append(values, render.Value{Name: name, Value: text}), text
			}
		}
		var buf bytes.Buffer
		if err := render.Render(&buf, "dotenv", values, render.Options{}); err != nil {
			t.Fatal(err)
		}
		got, err := compose.Parse(bytes.NewReader(buf.Bytes()))
		if err != nil {
			t.Fatalf("%v\n%q", err, &buf)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s:\nis   %q\nwant %q", name, got[name], value)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d values, want %d", len(got), len(want))
		}
		// Our own parser must do the same.
		entries, problems := dotenv.ParseAs(buf.Bytes(), dotenv.Compose)
		if len(entries) != len(want) || len(problems) > 0 {
			t.Errorf("ours: %d entries, %v", len(entries), problems)
		}
		for _, e := range entries {
			if e.Value != want[e.Name] || !e.Literal {
				t.Errorf("ours: %s:\nis   %q\nwant %q", e.Name, e.Value, want[e.Name])
			}
		}
	})
}

// TestRenderForDockerRun checks that docker run --env-file reads plain values, as all real keys are,
// unchanged.
func TestRenderForDockerRun(t *testing.T) {
	values := []render.Value{{Name: "A", Value: "nvapi-AZaz09_-"}, {Name: "B", Value: "cyborg_0123"}, {Name: "C", Value: "AB+/cd=="}, {Name: "D", Value: ""}, {Name: "E", Value: "https://x:1/a,b@c%20"}}
	var buf bytes.Buffer
	if err := render.Render(&buf, "dotenv", values, render.Options{}); err != nil {
		t.Fatal(err)
	}
	got, err := kvfile.ParseFromReader(&buf, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if want := v.Name + "=" + v.Value; got[i] != want {
			t.Errorf("is %q, want %q", got[i], want)
		}
	}
}

// FuzzParse checks that our parser agrees with Compose on every file that Compose can read: on the names,
// and on the values except those that ours does not expand.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"A=1\nB='2'\n", "A: 1\n B = \"x\\ny\" # c\n", "A='it\\'s' B=2\nC=d #e\n", "A\nB=1", "\ufeffA=1\r\nB='a\r\nb'\r\n", `A="\0140\012\0\q\\"`} {
		f.Add(uint64(0), seed)
	}
	for seed := range uint64(300) {
		f.Add(seed+1, "")
	}
	f.Fuzz(func(t *testing.T, seed uint64, data string) {
		if seed > 0 {
			r := rand.New(rand.NewPCG(seed, 1))
			for i := range 4 {
				data += fmt.Sprintf("V%d=%s\n", i, []string{text(r, 8), "'" + text(r, 8) + "'", `"` + text(r, 8) + `"`}[r.IntN(3)])
			}
		}
		if strings.HasPrefix(data, "\xff\xfe") || strings.HasPrefix(data, "\xfe\xff") {
			return
		}
		want, err := compose.Parse(strings.NewReader(data))
		if err != nil {
			return // Compose rejects the file, so there is nothing to compare
		}
		entries, problems := dotenv.ParseAs([]byte(data), dotenv.Compose)
		got, open := map[string]string{}, []string{}
		for _, e := range entries {
			got[e.Name] = e.Value
			if !e.Literal {
				open = append(open, e.Name)
			}
		}
		for _, name := range open {
			delete(got, name)
			delete(want, name)
		}
		if len(problems) > 0 {
			return // the name or value cannot be stored; see TestParse
		}
		delete(want, "") // Compose's entry for a name at the very end of a file
		if !maps.Equal(got, want) {
			t.Errorf("%q:\nCompose %q\nours    %q", data, want, got)
		}
	})
}
