package credentialhelper

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/test/scripttest"
)

// TestRoundTrip checks that users and values are returned as stored.
func TestRoundTrip(t *testing.T) {
	long := "x" + strings.Repeat(scripttest.NewKey(), 1000) // 70,000 bytes, more than upstream's reader accepts
	for _, tc := range []struct{ doc, user, secret string }{
		{"ordinary", "me", "hunter2"},
		{"identity token", "<token>", "ey.J0.x"},
		{"no secret", "me", ""},
		{"line breaks at both ends", "me", "\nhunter2\r\n"},
		{"what shells and HTML mind", `$user'"\<&>`, "`$(x)`'\"\\<&>\u2028%s%n"},
		{"a path as user", "a/b/../c", "s"},
		{"spaces", " me ", " s "},
		{"Unicode", "jürgen@日本", "pässwörd 🔑"},
		{"the replacement character itself", "me", "\uFFFD"},
		{"NUL", "me", "a\x00b"},
		{"the text of an error", "me", notFound},
		{"long", "me", long},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			for _, server := range []string{"ghcr.io", "nvcr.io"} {
				w := newWorld(t)
				w.store(server, tc.user, tc.secret)
				if server == "nvcr.io" && tc.user == secrets.TokenUser {
					continue
				}
				c, found := w.get(server)
				if !found || c.Username != tc.user || c.Secret != tc.secret {
					t.Errorf("get %s: found is %v, user %q, same secret is %v", server, found, c.Username, c.Secret == tc.secret)
				}
				if user, listed := w.list()[server]; !listed || user != tc.user {
					t.Errorf("list has %q for %s: %v", user, server, listed)
				}
				if w.stderr.Len() > 0 {
					t.Errorf("stderr: %q", w.stderr.String())
				}
			}
		})
	}
}

// endless is endless input that counts the bytes read.
type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	e.taken += len(p)
	return len(p), nil
}

func TestInputIsBounded(t *testing.T) {
	for _, verb := range []string{"get", "erase", "store"} {
		w := newWorld(t)
		in := &endless{}
		var out, stderr bytes.Buffer
		if code := Run([]string{verb}, in, &out, &stderr, w.getenv); code != 1 {
			t.Errorf("%s: exit %d", verb, code)
		}
		if want := "the input is longer than 1048576 bytes\n"; out.String() != want {
			t.Errorf("%s: stdout %.100q, want %q", verb, out.String(), want)
		}
		if in.taken > 2*maxInput {
			t.Errorf("%s: took %d bytes of endless input", verb, in.taken)
		}
		if stderr.Len() > 200 {
			t.Errorf("%s: %d bytes on stderr", verb, stderr.Len())
		}
	}
}

func TestLongServerIsNotEchoed(t *testing.T) {
	w := newWorld(t)
	out, code := w.run("get", strings.Repeat("a", maxInput))
	if code != 1 || strings.TrimSpace(out) != notFound {
		t.Errorf("exit %d, stdout %.100q", code, out)
	}
	if w.stderr.Len() > 300 {
		t.Errorf("%d bytes on stderr", w.stderr.Len())
	}
}

// TestNotUnicode checks that bytes that JSON cannot carry are rejected, not stored as others.
func TestNotUnicode(t *testing.T) {
	for doc, secret := range map[string]string{
		"Latin-1":               "p\xe4ssword",
		"cut sequence":          "key\xf0\x9f",
		"half a surrogate pair": `\ud83d`,
		"the wrong half":        `\uDD11\ud83d`,
		"next to a real U+FFFD": `\uFFFD\uDCFF`,
		"next to a backslash":   `\\ufffd\uDCFF`,
	} {
		w := newWorld(t)
		out, code := w.run("store", `{"ServerURL":"ghcr.io","Username":"me","Secret":"`+secret+`"}`)
		if code != 1 || !strings.HasPrefix(out, "the credential is not valid Unicode") {
			t.Errorf("%s: exit %d, %q", doc, code, out)
		}
		if got := w.list(); len(got) != 0 {
			t.Errorf("%s: stored %v", doc, got)
		}
	}
	w := newWorld(t)
	if out, code := w.run("store", `{"ServerURL":"ghcr.io","Username":"me","Secret":"\ud83d\udd11 \\ufffd \ufffd"}`); code != 0 {
		t.Fatalf("a whole pair: exit %d, %q", code, out)
	}
	if c, _ := w.get("ghcr.io"); c.Secret != "🔑 \\ufffd \uFFFD" {
		t.Errorf("a whole pair came back as %+q", c.Secret)
	}
}

// TestStoreInput checks which input is accepted as a credential.
func TestStoreInput(t *testing.T) {
	const good = `{"ServerURL":"ghcr.io","Username":"me","Secret":"s"}`
	for _, tc := range []struct{ doc, input, want string }{
		{"one object", good, ""},
		{"spread over lines, with CRLF", "{\r\n\t\"ServerURL\": \"ghcr.io\",\r\n\"Username\": \"me\", \"Secret\": \"s\"\n}\r\n", ""},
		{"a field of tomorrow", `{"ServerURL":"ghcr.io","Username":"me","Secret":"s","Scopes":["a",{}]}`, ""},
		{"nothing", "", "the input is not one JSON object"},
		{"two objects", good + good, "the input is not one JSON object"},
		{"cut short", good[:len(good)-1], "the input is not one JSON object"},
		{"array", `["ghcr.io","me","s"]`, "the input is not one JSON object with ServerURL, Username and Secret\n"},
		{"a number", `{"ServerURL":"ghcr.io","Username":1,"Secret":"s"}`, "the input is not one JSON object with ServerURL, Username and Secret (Username is not a string)\n"},
		{"null", `null`, "no credentials server URL"},
		{"white space for a server", `{"ServerURL":" \n","Username":"me","Secret":"s"}`, "no credentials server URL"},
		{"no user", `{"ServerURL":"ghcr.io","Secret":"s"}`, "no credentials username"},
		{"deep", strings.Repeat(`{"a":`, 100_000), "the input is not one JSON object"},
		{"deep arrays", `{"x":` + strings.Repeat(`[`, 500_000), "the input is not one JSON object"},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			w := newWorld(t)
			out, code := w.run("store", tc.input)
			if (code == 0) != (tc.want == "") || !strings.HasPrefix(out, tc.want) {
				t.Errorf("exit %d, %.100q, want %q", code, out, tc.want)
			}
			if listed := w.list(); (len(listed) > 0) != (tc.want == "") {
				t.Errorf("list = %v", listed)
			}
		})
	}
}

// TestErrorsAreOneLine checks that a user's path cannot send control characters to a terminal.
func TestErrorsAreOneLine(t *testing.T) {
	w := newWorld(t)
	w.env["XDG_CONFIG_HOME"] += "/odd\n\x1b[31mname"
	path := filepath.Join(w.env["XDG_CONFIG_HOME"], "ragenv", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Skipf("this system has no such names: %v", err)
	}
	if err := os.WriteFile(path, []byte("= broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := w.run("get", "nvcr.io")
	if code != 1 || !strings.HasPrefix(out, "invalid config file") || strings.Count(out, "\n") != 1 || !printableLines(out) {
		t.Errorf("exit %d, %q", code, out)
	}
	if said := w.stderr.String(); !printableLines(said) || strings.Count(said, "\n") > 2 {
		t.Errorf("stderr: %q", said)
	}
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error)  { return 0, errors.New("cannot read") }
func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("cannot write") }

func TestBrokenPipes(t *testing.T) {
	w := newWorld(t)
	w.store("nvcr.io", "$oauthtoken", "the-key")
	var out, stderr bytes.Buffer
	if code := Run([]string{"get"}, brokenPipe{}, &out, &stderr, w.getenv); code != 1 || out.String() != "read the input: cannot read\n" {
		t.Errorf("input that cannot be read: exit %d, %q", code, out.String())
	}
	if code := Run([]string{"kubelet"}, brokenPipe{}, io.Discard, &stderr, w.getenv); code != 1 || !strings.Contains(stderr.String(), "read the input: cannot read\n") {
		t.Errorf("the kubelet's input that cannot be read: exit %d, %q", code, stderr.String())
	}
	if code := Run([]string{"get"}, strings.NewReader("nvcr.io"), brokenPipe{}, &stderr, w.getenv); code != 1 {
		t.Errorf("an answer that could not be written: exit %d", code)
	}
	if strings.Contains(stderr.String(), "the-key") {
		t.Error("stderr holds the key")
	}
	// The answer must be a single write, or a client could read part of it.
	counter := &writes{}
	if code := Run([]string{"get"}, strings.NewReader("nvcr.io"), counter, io.Discard, w.getenv); code != 0 || counter.calls != 1 {
		t.Errorf("exit %d, %d writes", code, counter.calls)
	}
}

type writes struct{ calls int }

func (w *writes) Write(p []byte) (int, error) { w.calls++; return len(p), nil }
