package probe

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	for status, want := range map[int]string{
		299: "says nothing about the key", 300: "wants the key sent elsewhere", 302: "wants the key sent elsewhere", 399: "wants the key sent elsewhere", 400: "says nothing about the key",
		429: "too many requests", 499: "says nothing about the key", 500: "has trouble of its own", 503: "has trouble of its own",
	} {
		if got := (answer{host: "nvcr.io", status: status}).describe(); !strings.Contains(got, want) {
			t.Errorf("%d: %s", status, got)
		}
	}
}

// A token must fit in a header: printable ASCII without spaces.
func TestToken(t *testing.T) {
	for body, want := range map[string]string{
		`{"token":"!~"}`: "!~", `{"access_token":"x"}`: "x", `{"token":"a","access_token":"b"}`: "a",
		`{"token":"a b"}`: "", `{"token":"a\n"}`: "", `{"token":"a\u007f"}`: "", `{"token":"\u00fc"}`: "", `{}`: "", `x`: "",
	} {
		if got := (answer{body: []byte(body)}).token(); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// An answer of 64 KiB is read; a longer one is rejected.
func TestLongAnswers(t *testing.T) {
	for length, ok := range map[int]bool{maxBody: true, maxBody + 1: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat("x", length)))
		}))
		c := &Client{API: server.URL, AllowLoopback: true}
		u, err := c.base(server.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.do(t.Context(), http.MethodGet, u, "", http.Header{}, true)
		server.Close()
		if (err == nil) != ok || ok && len(a.body) != length {
			t.Errorf("%d bytes: %d, %v", length, len(a.body), err)
		}
	}
}
