package credentialhelper

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
)

// FuzzGet checks that the answer is the key for any spelling of nvcr.io and upstream's "not found" for all
// other servers, that the key is on no other stream, and that stderr is at most a line or two of printable
// text.
func FuzzGet(f *testing.F) {
	for _, seed := range []string{
		"nvcr.io", "https://nvcr.io:443/v2/\r\n", "nv\ncr.io", "nvcr.io.evil.com", "evilnvcr.io", "x.nvcr.io", "https://nvcr.io@evil.com", "//nvcr.io", "\x00", "", " \n", "nvcr.io/nim/foo?x#y", "[::1]:80", "ghcr.io",
		"\xff", "nvcr\u3002io", strings.Repeat("a", 3000),
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	const key = "the-canary-key"
	w.store("nvcr.io", "$oauthtoken", key)
	f.Fuzz(func(t *testing.T, input string) {
		w.t = t
		out, code := w.run("get", input)
		server := strings.Trim(input, " \t\r\n")
		canonical, err := serverurl.Canonical(server)
		switch {
		case len(input) > maxInput:
		case server == "":
			if code != 1 || out != "no credentials server URL\n" {
				t.Errorf("exit %d, %q", code, out)
			}
		case err == nil && canonical == serverurl.NGC:
			if !isNGC(server) {
				t.Errorf("get %q is answered with the key", input)
			}
			var c credentials.Credentials
			if code != 0 || json.Unmarshal([]byte(out), &c) != nil || c != (credentials.Credentials{ServerURL: server, Username: "$oauthtoken", Secret: key}) {
				t.Errorf("get %q: exit %d, %q", input, code, out)
			}
		default:
			if code != 1 || out != notFound+"\n" {
				t.Errorf("get %q: exit %d, %q", input, code, out)
			}
		}
		if said := w.stderr.String(); strings.Contains(said, key) || strings.Count(said, "\n") > 2 || len(said) > 500 || !printableLines(said) {
			t.Errorf("get %q says %q", input, said)
		}
	})
}

// FuzzStore checks that a credential is either rejected, in a line without the secret, or returned exactly
// by get, listed by list, and removed by erase.
func FuzzStore(f *testing.F) {
	for _, seed := range []string{
		`{"ServerURL":"nvcr.io","Username":"$oauthtoken","Secret":"nvapi-x"}`,
		`{"ServerURL":"https://index.docker.io/v1/","Username":"<token>","Secret":"s"}`,
		`{"ServerURL":"nv\ncr.io","Username":"me","Secret":"long enough to see"}`,
		`{"ServerURL":"ghcr.io","Username":"me","Secret":"\ud800"}`,
		`{"ServerURL":"ghcr.io","Username":"me","Secret":"a"}{}`,
		`{"ServerURL":"ghcr.io","Username":"me","Secret":"a","Secret":"b"}`,
		`{"ServerURL":"unix:///x","Username":"me","Secret":12345678}`,
		`null`, `[]`, `{"Secret":`, "\xef\xbb\xbf{}", `{"serverurl":"a.b","username":"c","secret":"d"}`,
	} {
		f.Add([]byte(seed))
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		w.t = t
		out, code := w.run("store", string(input))
		said := w.stderr.String()
		if strings.Count(out, "\n") > 1 || !printableLines(out) || !printableLines(said) {
			t.Errorf("stdout %q, stderr %q", out, said)
		}
		var sent credentials.Credentials
		decoded := json.Unmarshal(input, &sent) == nil
		if code != 0 {
			if decoded && len(sent.Secret) >= 8 && !strings.Contains(sent.ServerURL, sent.Secret) && strings.Contains(out+said, sent.Secret) {
				t.Errorf("the secret is in %q or %q", out, said)
			}
			if listed := w.list(); len(listed) != 0 {
				t.Errorf("refused, but listed: %v", listed)
			}
			return
		}
		canonical, err := serverurl.Canonical(sent.ServerURL)
		if !decoded || err != nil || !utf8.Valid(input) {
			t.Fatalf("stored %q", input)
		}
		known := canonical == serverurl.NGC
		switch {
		case known && sent.Username == secrets.TokenUser: // not stored, with a warning
		case known && sent.Username == "$oauthtoken" && sent.Secret == "":
		default:
			got, found := w.get(sent.ServerURL)
			if !found || got.Username != sent.Username || got.Secret != sent.Secret {
				t.Errorf("stored %q, get answers %+v, %v", input, got, found)
			}
			if user, listed := w.list()[canonical]; !listed || user != sent.Username {
				t.Errorf("stored %q, list has %v", input, w.list())
			}
		}
		w.erase(sent.ServerURL)
		if listed := w.list(); len(listed) != 0 {
			t.Errorf("erased, but listed: %v", listed)
		}
	})
}

// isNGC reports whether server is a spelling of nvcr.io with TLS, without using the helper's parser.
func isNGC(server string) bool {
	host := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(server), "https:"), "//")
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ".") == "nvcr.io"
}

// printableLines reports whether text has only lines that a terminal shows unchanged.
func printableLines(text string) bool {
	for _, r := range text {
		if r != '\n' && (r < ' ' || 0x7f <= r && r < 0xa0) {
			return false
		}
	}
	return utf8.ValidString(text)
}

// FuzzKubelet checks that only requests for nvcr.io's images are answered with the key, and that it is on
// no other stream.
func FuzzKubelet(f *testing.F) {
	request := func(image string) string {
		data, err := json.Marshal(kubeletRequest{APIVersion: kubeletAPI, Kind: kubeletRequestKind, Image: image})
		if err != nil {
			f.Fatal(err)
		}
		return string(data)
	}
	for _, image := range []string{"nvcr.io/nim/x", "NVCR.io:443/x", "ghcr.io/x", "nvcr.io.evil.com/x", "nvcr.io@evil.com/x", "evil@nvcr.io/x", "evilnvcr.io/x", "x.nvcr.io/x", "ubuntu", "", "nvcr.io\n/x"} {
		f.Add(request(image))
	}
	f.Add("{")
	f.Add(`{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":1}`)
	f.Add(strings.Repeat("[", 20000))
	w := newWorld(f)
	const key = "the-canary-key"
	w.store("nvcr.io", "$oauthtoken", key)
	f.Fuzz(func(t *testing.T, input string) {
		w.t = t
		out, code := w.run(actionKubelet, input)
		if said := w.stderr.String(); strings.Contains(said, key) || len(said) > 1000 || !printableLines(said) {
			t.Errorf("it says %q", said)
		}
		if code != 0 {
			if strings.Contains(out, key) {
				t.Errorf("exit %d, and yet the key is answered", code)
			}
			return
		}
		var response kubeletResponse
		if err := json.Unmarshal([]byte(out), &response); err != nil || response.APIVersion != kubeletAPI {
			t.Fatalf("not a response: %v", err)
		}
		for host, auth := range response.Auth {
			if canonical, err := serverurl.Canonical(host); err != nil || canonical != serverurl.NGC || !isNGC(host) || auth.Password != key {
				t.Errorf("an answer for %q", host)
			}
		}
	})
}
