package places

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
)

// described returns "LINE LABEL NAME VALUE" for each value, with "!" for one that cannot be removed.
func described(values []Value) (lines []string) {
	for _, v := range values {
		line := fmt.Sprintf("%d|%s|%s|%s", v.Line, v.Label, v.Name, v.Value)
		if !v.Removable() {
			line += "!"
		}
		lines = append(lines, line)
	}
	return lines
}

// For each format: the values that are read, and the file after their removal.
func TestFormats(t *testing.T) {
	const ngc = "|" + secrets.NGCAPIKey + "|"
	for name, c := range map[string]struct {
		format  *Format
		text    string
		want    []string
		removed string // "" means unchanged
	}{
		"NGC CLI": {
			ngcFormat, "; mine\n[CURRENT]\napikey = k1\nformat_type = ascii\n\n[team]\n  APIKEY: k2 \r\n[other]\napikey = no-apikey\n[none]\napikey =\n",
			[]string{"7|apikey of [team]" + ngc + "k2", "3|apikey of [CURRENT]" + ngc + "k1"},
			"; mine\n[CURRENT]\n; apikey is now kept by ragenv as NGC_API_KEY\nformat_type = ascii\n\n[team]\n; apikey is now kept by ragenv as NGC_API_KEY \r\n[other]\napikey = no-apikey\n[none]\napikey =\n",
		},
		"NGC CLI, sections in the order of the file": {
			ngcFormat, "[b]\napikey = k1\n[a]\napikey = k2\n[CURRENT]\napikey = k3\n[c]\napikey = k4\n",
			[]string{"2|apikey of [b]" + ngc + "k1", "4|apikey of [a]" + ngc + "k2", "8|apikey of [c]" + ngc + "k4", "6|apikey of [CURRENT]" + ngc + "k3"},
			"[b]\n; apikey is now kept by ragenv as NGC_API_KEY\n[a]\n; apikey is now kept by ragenv as NGC_API_KEY\n[CURRENT]\n; apikey is now kept by ragenv as NGC_API_KEY\n[c]\n; apikey is now kept by ragenv as NGC_API_KEY\n",
		},
		"NGC CLI, before any section": {ngcFormat, "apikey = k\n", []string{"1|apikey of the file" + ngc + "k"}, "; apikey is now kept by ragenv as NGC_API_KEY\n"},

		"netrc": {
			netrcFormat, "# mine\nmachine nvcr.io login $oauthtoken password k1\n\nmachine example.com\n  login me\n  password p2\nmachine a.com login me\n",
			[]string{"2|password of nvcr.io" + ngc + "k1", "6|password of example.com||p2"},
			"# mine\n# nvcr.io is now kept by ragenv\n\n# example.com is now kept by ragenv\nmachine a.com login me\n",
		},
		"netrc, several on a line": {
			netrcFormat, "machine a.com login me password p1 machine b.com login me password p2\n",
			[]string{"1|password of a.com||p1", "1|password of b.com||p2"},
			"machine a.com login me password  machine b.com login me password \n",
		},
		"netrc, words behind an entry": {netrcFormat, "machine a.com password p1 account x\n", []string{"1|password of a.com||p1"}, "machine a.com password  account x\n"},
		"netrc, quotes":                {netrcFormat, "machine a.com login \"me\" password \"p 1\"", []string{"1|password of a.com||p 1"}, "# a.com is now kept by ragenv"},
		"netrc, comments": {
			netrcFormat, "machine a.com # password no\n\tpassword p#1\n#machine b.com password p2\n \t# password p3\n",
			[]string{"2|password of a.com||p#1"}, "# a.com is now kept by ragenv\n#machine b.com password p2\n \t# password p3\n",
		},
		"netrc, a comment ends it":           {netrcFormat, "machine a.com password p1 # end", []string{"1|password of a.com||p1"}, "machine a.com password  # end"},
		"netrc, a password that ends with #": {netrcFormat, "machine a.com password p#", []string{"1|password of a.com||p#"}, "# a.com is now kept by ragenv"},
		"netrc, words that end with #":       {netrcFormat, "machine a.com password p#\tlogin me#\n", []string{"1|password of a.com||p#"}, "# a.com is now kept by ragenv\n"},
		"netrc, default":                     {netrcFormat, "default login me password p\n", []string{"1|password of ||p"}, "#  is now kept by ragenv\n"},
		"netrc, names that are words":        {netrcFormat, "machine password login machine password default\n", []string{"1|password of password||default"}, "# password is now kept by ragenv\n"},
		"netrc, before any machine":          {netrcFormat, "login me password p\nmachine a.com\n", nil, ""},
		"netrc, a password is missing":       {netrcFormat, "machine a.com login me password", nil, ""},

		"enroot": {
			enrootFormat, "machine nvcr.io login $oauthtoken password k1\nmachine authn.nvidia.com login $oauthtoken password $(cat key)\nmachine a.com login me\n",
			[]string{"1|password of nvcr.io" + ngc + "k1"},
			"machine nvcr.io login $oauthtoken password " + enrootPassword + "\nmachine authn.nvidia.com login $oauthtoken password $(cat key)\nmachine a.com login me\n",
		},
		"enroot, not where it is evaluated": {
			enrootFormat, "machine nvcr.io login $oauthtoken\npassword k1\nmachine nvcr.io password k2\nmachine nvcr.io login y account z password k3\n",
			[]string{"2|password of nvcr.io" + ngc + "k1!", "3|password of nvcr.io" + ngc + "k2!", "4|password of nvcr.io" + ngc + "k3!"}, "",
		},
		"enroot, behind another line": {enrootFormat, "\n\nmachine nvcr.io login x password k1", []string{"3|password of nvcr.io" + ngc + "k1"}, "\n\nmachine nvcr.io login x password " + enrootPassword},

		"Helm": {
			helmFormat, "apiVersion: \"\"\nrepositories:\n- name: ngc\n  password: k1\n  url: https://helm.ngc.nvidia.com/nvidia\n  username: $oauthtoken\n- name: 'other'\n  url: \"http://charts.example.com\"\n  password: \"p2\"\n- name: open\n  password: \"\"\n  url: https://x\n",
			[]string{"4|password of the repository ngc" + ngc + "k1", "9|password of the repository other||p2"},
			"apiVersion: \"\"\nrepositories:\n- name: ngc\n  password: \"\"\n  url: https://helm.ngc.nvidia.com/nvidia\n  username: $oauthtoken\n- name: 'other'\n  url: \"http://charts.example.com\"\n  password: \"\"\n- name: open\n  password: \"\"\n  url: https://x\n",
		},
		"Helm, the password first": {
			helmFormat, "repositories:\n- password: k1\n  name: a\n  url: http://helm.ngc.nvidia.com/x\n-  caFile: x\n   name: b\n   password: p2\n",
			[]string{"2|password of the repository a" + ngc + "k1", "7|password of the repository b||p2"},
			"repositories:\n- password: \"\"\n  name: a\n  url: http://helm.ngc.nvidia.com/x\n-  caFile: x\n   name: b\n   password: \"\"\n",
		},

		"regctl": {
			regctlFormat, "{\n \"hosts\": {\n  \"nvcr.io\": {\n   \"user\": \"$oauthtoken\",\n   \"pass\": \"k1\"\n  },\n  \"a.com\": {\"pass\" : \"p\\\"2\"},\n  \"b.com\": {\"pass\": \"\"}\n }\n}\n",
			[]string{"5|pass of nvcr.io" + ngc + "k1", "7|pass of a.com||p\"2"},
			"{\n \"hosts\": {\n  \"nvcr.io\": {\n   \"user\": \"$oauthtoken\",\n   \"pass\": \"\"\n  },\n  \"a.com\": {\"pass\" : \"\"},\n  \"b.com\": {\"pass\": \"\"}\n }\n}\n",
		},
		"regctl, no JSON": {regctlFormat, `{"hosts": {"a.com": {"pass": "p"}}`, nil, ""},

		"lines": {
			linesFormat, "set -gx A k1\nset -x B k2; echo\n\n  setenv C k3;\r\n$env.D = \"k4\"\nset -x E k5 F=k6\necho nothing\nSETUVAR --export G:k7\n",
			[]string{"1|A|A|k1", "2|B|B|k2!", "4|C|C|k3", "5|D|D|k4", "6|E|E|k5!", "6|F|F|k6!", "8|G|G|k7"},
			"# A is now kept by ragenv\nset -x B k2; echo\n\n# C is now kept by ragenv\r\n# D is now kept by ragenv\nset -x E k5 F=k6\necho nothing\n# G is now kept by ragenv\n",
		},
		"an index key":             {indexFormat, " k1 \n", []string{"1|the index key|" + secrets.IndexKey + "|k1!"}, ""},
		"an index key of 255":      {indexFormat, strings.Repeat("k", 255), []string{"1|the index key|" + secrets.IndexKey + "|" + strings.Repeat("k", 255) + "!"}, ""},
		"no index key":             {indexFormat, strings.Repeat("k", 256), nil, ""},
		"an empty index key":       {indexFormat, " \n", nil, ""},
		"nothing in a file":        {netrcFormat, "", nil, ""},
		"nothing in a file of NGC": {ngcFormat, "[CURRENT]\n", nil, ""},
	} {
		values := c.format.Read([]byte(c.text))
		if got := described(values); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		removable := slices.DeleteFunc(slices.Clone(values), func(v Value) bool { return !v.Removable() })
		slices.Reverse(removable) // the order does not matter
		want := c.removed
		if want == "" {
			want = c.text
		}
		if got := string(Remove([]byte(c.text), slices.Concat(removable, removable))); got != want {
			t.Errorf("%s: without them %q, want %q", name, got, want)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, c := range map[string]struct {
		path, text string
		want       *Format
	}{
		"enroot":                      {"/h/.config/enroot/.credentials", "", enrootFormat},
		"netrc":                       {"/h/.netrc", "", netrcFormat},
		"netrc of Windows":            {"/h/_netrc", "", netrcFormat},
		"a moved one of enroot":       {"/e/.credentials", "# mine\nmachine nvcr.io password k", netrcFormat},
		"other credentials":           {"/e/.credentials", "A=machine", nil},
		"NGC CLI":                     {"/h/.ngc/config", "[CURRENT]\napikey = k\n", ngcFormat},
		"NGC CLI, no key":             {"/h/.ngc/config", "[CURRENT]\n", nil},
		"NGC CLI, no section":         {"/h/.ngc/config", "apikey = k\n", nil},
		"Helm":                        {"/h/x.yaml", "repositories:\n- name: x\n  password: k\n", helmFormat},
		"Helm, no password":           {"/h/x.yaml", "repositories:\n- name: x\n", nil},
		"YAML with a password":        {"/h/x.yaml", "a:\n  password: k\n", nil},
		"fish":                        {"/h/config.fish", "set -x A k", linesFormat},
		"PowerShell":                  {"/h/profile.PS1", "", linesFormat},
		"csh":                         {"/h/.cshrc", "", linesFormat},
		"tcsh":                        {"/h/.tcshrc", "", linesFormat},
		"fish's variables":            {"/h/fish_variables", "", linesFormat},
		"a POSIX shell":               {"/h/.bashrc", "export A=k", nil},
		"an index key":                {"/h/index_key.txt", "k", indexFormat},
		"a hidden index key":          {"/h/.index_key", "k", indexFormat},
		"regctl":                      {"/h/config.json", ` {"hosts": {"nvcr.io": {"pass": "k"}}}`, regctlFormat},
		"regctl without hosts":        {"/h/config.json", `{"hosts": {}}`, nil},
		"other JSON":                  {"/h/config.json", `{"a": 1}`, nil},
		"a brace":                     {"/h/x", `{`, nil},
		"hosts, but no JSON at first": {"/h/x", `x{"hosts": {"nvcr.io": {"pass": "k"}}}`, nil},
		"nothing":                     {"/h/x", "", nil},
	} {
		if got := FormatOf(filepath.FromSlash(c.path), []byte(c.text)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestIsDockerConfig(t *testing.T) {
	for text, want := range map[string]bool{
		`{"auths": {}}`: true, "\ufeff" + `{"auths": {"nvcr.io": {"auth": "x"}}}`: true, `{"auths": null}`: false, `{}`: false, `{"auths": [1]}`: false, `{"auths": {}`: false, ``: false,
	} {
		if got := IsDockerConfig([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// NGC's services under each of their names, and no others.
func TestNameFor(t *testing.T) {
	for host, ngc := range map[string]bool{
		"nvcr.io": true, "NVCR.IO/": true, "https://nvcr.io/v2/": true, "nvcr.io/org": true, "eu.nvcr.io": true, "authn.nvidia.com": true, "helm.ngc.nvidia.com": true,
		"helm.ngc.nvidia.com/nvidia": true, "api.ngc.nvidia.com": true, "x.ngc.nvidia.com": true,
		"xnvcr.io": false, "nvcr.io.example.com": false, "nvidia.com": false, "ghcr.io": false, "": false, "example.com/nvcr.io": false, "ngc.nvidia.com.example.com": false,
	} {
		if got := nameFor(host); got == secrets.NGCAPIKey != ngc || got != "" && !ngc {
			t.Errorf("%q: %q", host, got)
		}
	}
}

// Docker's logins, with the server's name and the line.
func TestReadDocker(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:k1"))
	found := readDocker("/h/config.json", []byte("{\n\"auths\": {\n\"nvcr.io\": {\"auth\": \""+auth+"\"},\n\"open.com\": {}\n}\n}\n"))
	if len(found) != 1 || found[0].Line != 3 || found[0].Name != "auths nvcr.io" || found[0].Value.Reveal() != "k1" {
		t.Errorf("%+v", found)
	}
	if found := readDocker("/h/config.json", []byte("{")); found != nil {
		t.Errorf("%+v", found)
	}
}
