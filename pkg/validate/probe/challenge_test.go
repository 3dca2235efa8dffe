package probe

import (
	"maps"
	"net/url"
	"strings"
	"testing"
)

func TestParseChallenge(t *testing.T) {
	for _, tc := range []struct {
		values []string
		want   challenge
		ok     bool
	}{
		{[]string{`Bearer realm="https://nvcr.io/proxy_auth"`}, challenge{realm: "https://nvcr.io/proxy_auth"}, true},
		{[]string{`Bearer realm="https://nvcr.io/proxy_auth",scope="repository:a/b:pull,push"`}, challenge{realm: "https://nvcr.io/proxy_auth", scope: "repository:a/b:pull,push"}, true},
		{[]string{`bearer  Realm = x`, `BEARER realm=https://a/b , service="s p" ,error="x"`}, challenge{realm: "https://a/b", service: "s p"}, true},
		{[]string{`Basic realm="x"`, `Bearer realm="y"`}, challenge{realm: "y"}, true},
		{[]string{`Bearer realm="a\"b\\c"`}, challenge{realm: `a"b\c`}, true},
		{[]string{`Bearer realm="a", realm="b"`}, challenge{realm: "a"}, true},
		{[]string{`Bearer realm="a", Basic realm="b"`}, challenge{realm: "a"}, true},
		{[]string{`Basic realm="x"`}, challenge{}, false},
		{[]string{`Bearer realm=,service=x`}, challenge{}, false},
		{[]string{`Bearer service=,realm=y`}, challenge{realm: "y"}, true},
		{[]string{`Bearer`}, challenge{}, false},
		{[]string{`Bearer `}, challenge{}, false},
		{[]string{`Bearer realm`}, challenge{}, false},
		{[]string{`Bearer realm=""`}, challenge{}, false},
		{[]string{`Bearer realm="a`}, challenge{}, false},
		{[]string{`Bearer realm="a\`}, challenge{}, false},
		{[]string{`Bearerrealm="a"`}, challenge{}, false},
		{nil, challenge{}, false},
	} {
		if got, ok := parseChallenge(tc.values); got != tc.want || ok != tc.ok {
			t.Errorf("parseChallenge(%q) = %+v, %v", tc.values, got, ok)
		}
	}
}

// FuzzParams checks that parameters written by the grammar are read back, whatever is in the quotes.
func FuzzParams(f *testing.F) {
	f.Add("https://nvcr.io/proxy_auth", "repository:a/b:pull,push")
	f.Add(`"\`, ",=")
	f.Fuzz(func(t *testing.T, realm, scope string) {
		_ = parseParams(realm) // must terminate
		quote := func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		want := map[string]string{"realm": realm, "scope": scope}
		if got := parseParams("realm=" + quote(realm) + ",scope=" + quote(scope)); !maps.Equal(got, want) {
			t.Fatalf("%q, %q: read as %q", realm, scope, got)
		}
	})
}

func TestRealm(t *testing.T) {
	overridden := Client{Registry: "https://mirror.example:8443", Authn: "https://login.example"}
	for _, tc := range []struct {
		client Client
		env    environment
		realm  string
		ok     bool
	}{
		{Client{}, production, "https://nvcr.io/proxy_auth", true},
		{Client{}, production, "https://NVCR.io:443/proxy_auth?x=y", true},
		{Client{}, production, "https://authn.nvidia.com/token", true},
		{Client{}, staging, "https://stg.nvcr.io/proxy_auth", true},
		{Client{}, staging, "https://stg.authn.nvidia.com/token", true},
		{Client{}, staging, "https://nvcr.io/proxy_auth", false},
		{Client{}, production, "https://stg.nvcr.io/proxy_auth", false},
		{Client{}, production, "https://canary.nvcr.io/proxy_auth", false},
		{Client{}, production, "https://api.ngc.nvidia.com/", false},
		{Client{}, production, "http://nvcr.io/proxy_auth", false},
		{Client{}, production, "https://127.0.0.1/proxy_auth", false},
		{Client{}, production, "http://localhost/proxy_auth", false},
		{Client{AllowLoopback: true}, production, "http://localhost:99/proxy_auth", false}, // from nvcr.io itself
		{Client{AllowLoopback: true, API: "http://localhost:99"}, production, "http://localhost:99/proxy_auth", false},
		{Client{AllowLoopback: true, Registry: "http://localhost:98"}, production, "http://localhost:99/proxy_auth", true},
		{Client{AllowLoopback: true, Registry: "http://127.0.0.1:98"}, production, "http://[::1]:99/proxy_auth", true},
		{Client{AllowLoopback: true, Registry: "http://localhost:98"}, production, "https://localhost:99/proxy_auth", true},
		{Client{AllowLoopback: true, Registry: "http://localhost:98"}, production, "gopher://localhost:99/proxy_auth", false},
		{Client{AllowLoopback: true}, production, "http://localhost.evil.example/", false},
		{Client{AllowLoopback: true}, production, "http://169.254.169.254/", false},
		{Client{AllowLoopback: true}, production, "gopher://localhost/", false},
		{overridden, production, "https://mirror.example:8443/proxy_auth", true},
		{overridden, production, "https://login.example/token", true},
		{overridden, production, "https://mirror.example/proxy_auth", false},
		{overridden, production, "http://login.example/token", false},
		{overridden, production, "https:///token", false},
		{overridden, production, "https:login.example", false},
	} {
		u, err := tc.client.realm(tc.realm, tc.env)
		if (err == nil) != tc.ok {
			t.Errorf("%q with %+v: %v", tc.realm, tc.client, err)
		}
		if err == nil {
			if want, _ := url.Parse(tc.realm); u.String() != want.String() {
				t.Errorf("%q became %q", tc.realm, u)
			}
		}
	}
}

func TestCleanHoldsNothingOfTheKey(t *testing.T) {
	key := "nvapi-" + strings.Repeat("k3y", 20)
	for name, want := range map[string]string{
		"PERSONAL_KEY": "PERSONAL_KEY", "org 1.2-x": "org 1.2-x", "Überorg": "Überorg", " x ": "x",
		"": "", "a@b": "", "a\x1b[m": "", "a\nb": "", "\xff": "", "k3yk3yk": "", "my-k3yk3y": "", "k3y": "k3y", strings.Repeat("x", 64): strings.Repeat("x", 64), strings.Repeat("x", 65): "",
	} {
		if got := clean(name, key); got != want {
			t.Errorf("clean(%q) = %q, want %q", name, got, want)
		}
	}
}
