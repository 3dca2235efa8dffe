package dockerconfig

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/secrets"
	_ "github.com/ragenv/ragenv/test/umask"
)

func newKey() string { return "nvapi-" + (rand.Text() + rand.Text() + rand.Text())[:64] }

func mustParse(t testing.TB, text string) *File {
	t.Helper()
	f, err := parse("config.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reload returns the file as it would be after Save and Load.
func (f *File) reload(t testing.TB) *File { return mustParse(t, string(f.text)) }

func TestPath(t *testing.T) {
	env := map[string]string{}
	get := func(k string) string { return env[k] }
	if got, want := Path(get, "/home/u"), filepath.Join("/home/u", ".docker", "config.json"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	env["DOCKER_CONFIG"] = "elsewhere"
	if got, want := Path(get, "/home/u"), filepath.Join("elsewhere", "config.json"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

var styles = []struct{ name, before, helper, store string }{
	{"missing", "",
		"{\n\t\"credHelpers\": {\n\t\t\"nvcr.io\": \"ngc\"\n\t}\n}", "{\n\t\"credsStore\": \"ngc\"\n}"},
	{"empty object", "{}\n",
		"{\n\t\"credHelpers\": {\n\t\t\"nvcr.io\": \"ngc\"\n\t}\n}\n", "{\n\t\"credsStore\": \"ngc\"\n}\n"},
	{"Docker's tabs", "{\n\t\"auths\": {}\n}",
		"{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"nvcr.io\": \"ngc\"\n\t}\n}", "{\n\t\"auths\": {},\n\t\"credsStore\": \"ngc\"\n}"},
	{"two spaces, newline", "{\n  \"z\": 1,\n  \"a\": [ 2 ]\n}\n",
		"{\n  \"z\": 1,\n  \"a\": [ 2 ],\n  \"credHelpers\": {\n    \"nvcr.io\": \"ngc\"\n  }\n}\n",
		"{\n  \"z\": 1,\n  \"a\": [ 2 ],\n  \"credsStore\": \"ngc\"\n}\n"},
	{"CRLF and BOM", "\ufeff{\r\n    \"z\": 1e1\r\n}\r\n",
		"\ufeff{\r\n    \"z\": 1e1,\r\n    \"credHelpers\": {\r\n        \"nvcr.io\": \"ngc\"\r\n    }\r\n}\r\n",
		"\ufeff{\r\n    \"z\": 1e1,\r\n    \"credsStore\": \"ngc\"\r\n}\r\n"},
	{"minified", `{"z":1,"y":{}}`,
		`{"z":1,"y":{},"credHelpers":{"nvcr.io":"ngc"}}`, `{"z":1,"y":{},"credsStore":"ngc"}`},
	{"one line, spaced", `{ "z": 1 }`,
		`{ "z": 1, "credHelpers": {"nvcr.io": "ngc"} }`, `{ "z": 1, "credsStore": "ngc" }`},
	{"other helpers", "{\n \"credHelpers\": {\n  \"gcr.io\": \"gcloud\"\n },\n \"z\": \"\\u00e9\\/\"\n}",
		"{\n \"credHelpers\": {\n  \"gcr.io\": \"gcloud\",\n  \"nvcr.io\": \"ngc\"\n },\n \"z\": \"\\u00e9\\/\"\n}",
		"{\n \"credHelpers\": {\n  \"gcr.io\": \"gcloud\"\n },\n \"z\": \"\\u00e9\\/\",\n \"credsStore\": \"ngc\"\n}"},
	{"empty helpers, odd space", "{\n\t\"credHelpers\" : { },\n\n\n\t\"z\":1}",
		"{\n\t\"credHelpers\" : {\n\t\t\"nvcr.io\" : \"ngc\"\n\t},\n\n\n\t\"z\":1}",
		"{\n\t\"credHelpers\" : { },\n\n\n\t\"z\":1,\n\t\"credsStore\":\"ngc\"}"},
	{"null and other case", `{"CredHelpers": null, "credsstore": null}`,
		`{"CredHelpers": {"nvcr.io": "ngc"}, "credsstore": null}`, `{"CredHelpers": null, "credsstore": "ngc"}`},
	{"another helper", `{"credHelpers":{"\u006evcr.io":"other","a":"b"}}`,
		`{"credHelpers":{"\u006evcr.io":"ngc","a":"b"}}`, `{"credHelpers":{"\u006evcr.io":"other","a":"b"},"credsStore":"ngc"}`},
}

func TestSetAndUndoByStyle(t *testing.T) {
	for _, tt := range styles {
		t.Run(tt.name, func(t *testing.T) {
			for want, edit := range map[string]func(*File) error{
				tt.helper: func(f *File) error { f.SetCredHelper("nvcr.io", "ngc"); return nil },
				tt.store:  func(f *File) error { return f.SetCredsStore("ngc", false) },
			} {
				f := mustParse(t, tt.before)
				if err := edit(f); err != nil {
					t.Fatal(err)
				}
				if string(f.text) != want {
					t.Errorf("got  %q\nwant %q", f.text, want)
				}
				u := f.Undo()
				f = f.reload(t)
				if err := edit(f); err != nil || f.Changed() || len(f.Undo().Edits) != 0 {
					t.Errorf("the same edit again: %v, changed %v", err, f.Changed())
				}
				f.Revert(u)
				if string(f.text) != tt.before {
					t.Errorf("undone %q\nwant   %q", f.text, tt.before)
				}
			}
		})
	}
}

func TestEditsAreIndependent(t *testing.T) {
	for _, tt := range styles {
		f := mustParse(t, tt.before)
		f.SetCredHelper("nvcr.io", "ngc")
		u := f.Undo()
		f = f.reload(t)
		if err := f.SetCredsStore("ngc", true); err != nil {
			t.Fatal(err)
		}
		u.Add(f.Undo())
		f = f.reload(t)
		f.Revert(u)
		if string(f.text) != tt.before {
			t.Errorf("%s: %q, want %q", tt.name, f.text, tt.before)
		}
	}
}

func TestUndoAfterOtherEdits(t *testing.T) {
	for name, tt := range map[string]struct{ before, edited, want string }{
		"login rewrote it": {`{"z":1}`, "{\n\t\"auths\": {\n\t\t\"nvcr.io\": {}\n\t},\n\t\"credHelpers\": {\n\t\t\"nvcr.io\": \"ngc\"\n\t}\n}",
			"{\n\t\"auths\": {\n\t\t\"nvcr.io\": {}\n\t}\n}"},
		"another helper came": {`{"z":1}`, `{"z":1,"credHelpers":{"a":"b","nvcr.io":"ngc"}}`, `{"z":1,"credHelpers":{"a":"b"}}`},
		"chosen otherwise":    {`{"z":1}`, `{"z":1,"credHelpers":{"nvcr.io":"mine"}}`, `{"z":1,"credHelpers":{"nvcr.io":"mine"}}`},
		"already gone":        {`{"z":1}`, `{"z":12}`, `{"z":12}`},
		"previous returns":    {`{"credHelpers":{"nvcr.io":"old"}}`, `{ "credHelpers":{"nvcr.io":"ngc"}}`, `{ "credHelpers":{"nvcr.io":"old"}}`},
		"empty object stays":  {`{"credHelpers":{}}`, `{ "credHelpers":{"nvcr.io":"ngc"}}`, `{ "credHelpers":{}}`},
	} {
		f := mustParse(t, tt.before)
		f.SetCredHelper("nvcr.io", "ngc")
		u := f.Undo()
		f = mustParse(t, tt.edited)
		f.Revert(u)
		if string(f.text) != tt.want {
			t.Errorf("%s: %q, want %q", name, f.text, tt.want)
		}
	}
}

func TestRemove(t *testing.T) {
	f := mustParse(t, `{"a":1,"credsStore":"x","credHelpers":{"h":"1","i":"2","j":"3"},"b":2}`)
	for _, host := range []string{"absent", "i", "j"} {
		f.RemoveCredHelper(host)
	}
	f.RemoveCredsStore()
	if got, want := string(f.text), `{"a":1,"credHelpers":{"h":"1"},"b":2}`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.RemoveCredHelper("h")
	f.RemoveCredHelper("h")
	f.RemoveCredsStore()
	if got, want := string(f.text), `{"a":1,"b":2}`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOtherStore(t *testing.T) {
	f := mustParse(t, `{"credsStore":"desktop"}`)
	var other *ErrOtherStore
	if err := f.SetCredsStore("ngc", false); !errors.As(err, &other) || other.Name != "desktop" || f.Changed() {
		t.Errorf("%v, changed %v", err, f.Changed())
	}
	if err := f.SetCredsStore("ngc", true); err != nil || f.CredsStore() != "ngc" {
		t.Errorf("%v, store %q", err, f.CredsStore())
	}
}

func TestSyntaxErrors(t *testing.T) {
	key := newKey()
	for text, want := range map[string]string{
		"{\n\t\"a\": 1,\n}":            "config.json:3:1: not valid JSON",
		"{\n\"a\": \"" + key + "\" x}": "not valid JSON",
		"{\n\"a\": \"" + key:           "config.json:2:77: the file ends",
		"{}\n{}":                       "config.json:2:1: not valid JSON",
		" [1]":                         "config.json:1:2: not a JSON object",
		"null":                         "config.json:1:1: not a JSON object",
		`{"credsStore":1}`:             "credsStore is not a string",
		`{"credHelpers":[]}`:           "credHelpers is not an object",
		`{"credHelpers":{"a":{}}}`:     "not a string",
		`{"auths":{"a":{"auth":7}}}`:   "not an object of strings",
		"{\"credsStore\":\"a\",\n \"CREDSSTORE\":\"b\"}": "config.json:2:2: credsStore is given twice",
		`{"credHelpers":{"a":"b","\u0061":"c"}}`:         "a server of credHelpers is given twice",
		strings.Repeat("[", 100_000):                     "not valid JSON",
	} {
		_, err := parse("config.json", []byte(text))
		var bad *SyntaxError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Error("the error shows a secret")
		}
	}
	// Other settings may occur twice.
	mustParse(t, `{"a":1,"a":2}`)
}

func TestPlaintextAuths(t *testing.T) {
	key, pass := newKey(), rand.Text()
	enc := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	text := fmt.Sprintf(`{"auths":{"nvcr.io":{"auth":%q},"empty":{},"none":null,"https://index.docker.io/v1/":{"auth":%q,"identitytoken":%q},
		"colon":{"auth":%q},"pair":{"username":"u","password":%q},"bearer":{"registrytoken":%q},"bad":{"auth":%q},
		"no password":{"auth":%q},"no password but a token":{"auth":%q,"registrytoken":%q},"both":{"auth":%q,"registrytoken":"other"}}}`,
		enc("$oauthtoken:"+key), enc("u:"), pass, enc("u:"+pass+":x\x00"), pass, pass, "?"+pass, enc("u:"), enc("u:"), pass, enc("u:"+pass))
	f := mustParse(t, text)
	want := []struct {
		server, user, secret string
		kind                 Kind
	}{
		{"nvcr.io", "$oauthtoken", key, KindPassword}, {"https://index.docker.io/v1/", secrets.TokenUser, pass, KindIdentityToken},
		{"colon", "u", pass + ":x", KindPassword}, {"pair", "u", pass, KindPassword}, {"bearer", "", pass, KindRegistryToken},
		{"bad", "", "?" + pass, KindUnreadable}, {"no password but a token", "", pass, KindRegistryToken}, {"both", "u", pass, KindPassword},
	}
	auths := f.PlaintextAuths()
	if len(auths) != len(want) {
		t.Fatalf("%d auths, want %d", len(auths), len(want))
	}
	for i, w := range want {
		a := auths[i]
		if a.Server != w.server || a.Username != w.user || a.Kind != w.kind || a.Secret.Reveal() != w.secret {
			t.Errorf("%d: %s %q %s, or another secret", i, a.Server, a.Username, a.Kind)
		}
	}
	if shown := fmt.Sprintf("%v %+v %#v %q", auths, auths, auths, auths); strings.Contains(shown, key) || strings.Contains(shown, pass) {
		t.Error("formatting shows a secret")
	}

	if got := f.IgnoredAuths(); len(got) != 0 {
		t.Errorf("%d ignored without a helper", len(got))
	}
	f.SetCredHelper("nvcr.io", "ngc")
	if got := f.IgnoredAuths(); len(got) != 1 || got[0].Server != "nvcr.io" {
		t.Errorf("%d ignored under credHelpers", len(got))
	}
	for _, a := range auths {
		f.ClearAuth(a.Server)
	}
	f.ClearAuth("absent")
	diff := f.Diff()
	for _, secret := range []string{key, pass, enc("$oauthtoken:" + key)} {
		if strings.Contains(diff, secret) || strings.Contains(string(f.text), secret) {
			t.Error("a secret is left, or shown by Diff")
		}
		data, err := json.Marshal(f.Undo())
		if err != nil || strings.Contains(string(data), secret) {
			t.Errorf("the record holds a secret, or %v", err)
		}
	}
	if len(f.PlaintextAuths()) != 0 || !strings.Contains(string(f.text), `"nvcr.io":{},"empty":{},"none":null`) {
		t.Error("not cleared to empty entries")
	}
	u := f.Undo()
	f = f.reload(t)
	f.Revert(u)
	if _, ok := f.CredHelper("nvcr.io"); ok || len(f.PlaintextAuths()) != 0 {
		t.Error("undo did not remove the helper, or brought a login back")
	}
}

func TestDiff(t *testing.T) {
	secret := rand.Text()
	f := mustParse(t, fmt.Sprintf("{\n  \"HttpHeaders\": {\"X\": %q},\n  \"n\": [12, true],\n  \"c\": \"\u009b\"\n}\n", secret))
	if f.Diff() != "" {
		t.Error("a diff without an edit")
	}
	f.SetCredHelper("nvcr.io", "ngc")
	want := `--- config.json
+++ config.json
 {
   "HttpHeaders": {"X": "***"},
   "n": ["***", true],
-  "c": "***"
+  "c": "***",
+  "credHelpers": {
+    "nvcr.io": "ngc"
+  }
 }
`
	if got := f.Diff(); got != want {
		t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, secret, "SECRET"), want)
	}
}

// The diff has no control characters, and every number is masked.
func TestDiffOfOddText(t *testing.T) {
	f := mustParse(t, "\ufeff{\r\n\t\"n\": [0, 9, -1.5e3, true, null, \"x\"  , {\"k\" : 1}],\r\n\t\"\u009b\": {}\r\n}\r\n")
	f.SetCredHelper("nvcr.io", "ngc")
	want := `--- config.json
+++ config.json
 {
 	"n": ["***", "***", "***", true, null, "***"  , {"k" : "***"}],
-	"?": {}
+	"?": {},
+	"credHelpers": {
+		"nvcr.io": "ngc"
+	}
 }
`
	if got := f.Diff(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiffLines(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"x y", "n x y", "+n| x| y"}, {"n x y", "x y", "-n| x| y"}, {"x y", "x", " x|-y"}, {"x", "x y", " x|+y"},
		{"a b c", "c a b", "+c| a| b|-c"}, {"", "x", "+x"}, {"x", "", "-x"},
	} {
		if got := strings.Join(diffLines(strings.Fields(tt.a), strings.Fields(tt.b)), "|"); got != tt.want {
			t.Errorf("%q to %q: %q, want %q", tt.a, tt.b, got, tt.want)
		}
	}
	// The largest table, and a table that is too large in either dimension.
	lines := func(n int) []string { return strings.Split(strings.Repeat("x\n", n-1)+"x", "\n") }
	for _, tt := range []struct{ a, b, out int }{{2047, 2047, 2047}, {2048, 2047, 4095}, {2047, 2048, 4095}} {
		if out := diffLines(lines(tt.a), lines(tt.b)); len(out) != tt.out {
			t.Errorf("%d and %d lines: %d, want %d", tt.a, tt.b, len(out), tt.out)
		}
	}
}

func TestAuthLine(t *testing.T) {
	f := mustParse(t, "{\"auths\": {\"first\": {},\n\n\"nvcr.io\":\n{}}}")
	for server, want := range map[string]int{"first": 1, "nvcr.io": 3, "absent": 0} {
		if got := f.AuthLine(server); got != want {
			t.Errorf("%s: line %d, want %d", server, got, want)
		}
	}
	if got := mustParse(t, "{}").AuthLine("nvcr.io"); got != 0 {
		t.Errorf("without auths: line %d", got)
	}
}

// An entry without a login is not recorded as cleared.
func TestClearAuthOfNothing(t *testing.T) {
	f := mustParse(t, `{"auths":{"a":{"auth":"x"},"b":{},"c":null}}`)
	f.ClearAuth("b")
	if f.Changed() || len(f.steps) != 0 {
		t.Errorf("%s, %d steps", f.text, len(f.steps))
	}
	f.ClearAuth("a")
	if got := f.Undo().Cleared(); string(f.text) != `{"auths":{"a":{},"b":{},"c":null}}` || len(got) != 1 || got[0] != "a" {
		t.Errorf("%s, cleared %q", f.text, got)
	}
	f.ClearAuth("c")
	if string(f.text) != `{"auths":{"a":{},"b":{},"c":{}}}` {
		t.Errorf("%s", f.text)
	}
}

// The replaced store is restored at any position in the file, even if another program has also written the
// file.
func TestPreviousStoreReturns(t *testing.T) {
	for _, before := range []string{`{"credsStore":"desktop"}`, `{"z":1,"credsStore":"desktop"}`} {
		f := mustParse(t, before)
		if err := f.SetCredsStore("ngc", true); err != nil {
			t.Fatal(err)
		}
		u := f.Undo()
		f = mustParse(t, strings.Replace(string(f.text), "}", `,"y":2}`, 1))
		f.Revert(u)
		if want := strings.Replace(before, "}", `,"y":2}`, 1); string(f.text) != want {
			t.Errorf("%s, want %s", f.text, want)
		}
	}
}

func TestBOMAlone(t *testing.T) {
	f := mustParse(t, "\ufeff \n")
	f.SetCredHelper("nvcr.io", "ngc")
	if want := "\ufeff{\n\t\"credHelpers\": {\n\t\t\"nvcr.io\": \"ngc\"\n\t}\n}"; string(f.text) != want {
		t.Errorf("%q, want %q", f.text, want)
	}
}

// A program that never stops writing does not block the edit.
func TestEditGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	tries := 0
	_, err := Edit(path, func(f *File) error {
		if tries++; tries > maxTries {
			t.Fatal("too many tries")
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, `{"n":%d}`, tries), 0o600); err != nil {
			t.Fatal(err)
		}
		return configure(f)
	})
	if !errors.Is(err, ErrChanged) || tries != maxTries {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// After Save has removed the file, File is one without a file.
func TestEditAfterRemoval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	f.SetCredHelper("nvcr.io", "ngc")
	u := f.Undo()
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	want := string(f.text)
	f.Revert(u)
	if err := f.Save(); err != nil || f.Exists() {
		t.Fatal(err)
	}
	f.SetCredHelper("nvcr.io", "ngc")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%q, %v, want %q", data, err, want)
	}
}

func TestLoadUndo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	for text, want := range map[string]string{
		`{"format":1,"edits":[{"steps":[{"setting":"credsStore","before":null,"after":"\"ngc\"","server":"x"},{},{"setting":"credHelpers"}]}]}`: "",
		`{"format":1}`:           "",
		`{"format":0}`:           "not a record",
		`{}`:                     "not a record",
		`{"format":2,"edits":7}`: "format 2, this program knows up to 1",
		`{"format":1,"edits":7}`: "cannot unmarshal",
		`{"format":1,"edits":[{"steps":[{"setting":"auths"}]}]}`:                    "not a record",
		`{"format":1,"edits":[{"steps":[{},{"setting":"credsStore","before":1}]}]}`: "not a record",
		`{"format":1,"edits":[{"steps":[{"setting":"credsStore","after":{}}]}]}`:    "not a record",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadUndo(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestUndoFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	absolute, relative := UndoFile("state", filepath.Join(dir, "config.json")), UndoFile("state", "config.json")
	if here, err := os.Getwd(); err != nil || here != dir {
		t.Skipf("the directory is %s, %v", here, err)
	}
	if absolute != relative || UndoFile("state", "other.json") == relative {
		t.Errorf("%s for the absolute path, %s for the relative one", absolute, relative)
	}
}

func configure(f *File) error { f.SetCredHelper("nvcr.io", "ngc"); return nil }

func TestSaveAndUndoOnDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".docker", "config.json")
	record := UndoFile(filepath.Join(dir, "state"), path)
	var u Undo
	changed, err := Edit(path, func(f *File) error { err := configure(f); u = f.Undo(); return err })
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	if err := u.Save(record); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for p, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700, record: 0o600} {
			if info, err := os.Stat(p); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v, want %o", p, info, err, mode)
			}
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := Edit(path, configure); err != nil || changed {
		t.Error("again:", changed, err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("written without a change", err)
	}
	loaded, err := LoadUndo(record)
	if err != nil || !reflect.DeepEqual(loaded, u) {
		t.Errorf("%+v, %v, want %+v", loaded, err, u)
	}
	if changed, err := Edit(path, func(f *File) error { f.Revert(loaded); return nil }); err != nil || !changed {
		t.Error(changed, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the directory that was made is still there:", err)
	}
	if err := (Undo{}).Save(record); err != nil {
		t.Error(err)
	}
	if u, err := LoadUndo(record); err != nil || len(u.Edits) != 0 {
		t.Error(u, err)
	}
}

func TestConcurrentEdit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	f.SetCredHelper("nvcr.io", "ngc")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	write(`{"auths":{}}`)
	if err := f.Save(); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	tries := 0
	_, err = Edit(path, func(f *File) error {
		if tries++; tries < 3 {
			write(fmt.Sprintf(`{"n":%d}`, tries))
		}
		return configure(f)
	})
	if err != nil || tries != 3 {
		t.Error(tries, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != `{"n":2,"credHelpers":{"nvcr.io":"ngc"}}` {
		t.Errorf("%s, %v", data, err)
	}
	if runtime.GOOS == "windows" {
		return // writers have no lock
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 5 {
				for {
					_, err := Edit(path, func(f *File) error { f.SetCredHelper(fmt.Sprintf("r%d-%d", i, j), "x"); return nil })
					if err == nil {
						break
					}
					if !errors.Is(err, ErrChanged) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if f, err = Load(path); err != nil || len(f.CredHelpers()) != 21 {
		t.Errorf("%d helpers, %v, want 21", len(f.CredHelpers()), err)
	}
}

func TestTargets(t *testing.T) {
	dir := t.TempDir()
	var bad *atomicfile.TargetError
	if _, err := Load(dir); !errors.As(err, &bad) {
		t.Error(err)
	}
	link, target := filepath.Join(dir, "config.json"), filepath.Join(dir, "dotfiles.json")
	if err := os.Symlink("dotfiles.json", link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := Edit(link, configure); !errors.As(err, &bad) {
		t.Error("dangling:", err)
	}
	if err := os.WriteFile(target, []byte("{}"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Edit(link, configure); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "dotfiles.json" {
		t.Error(to, err)
	}
	if info, err := os.Stat(target); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Error(info, err)
	}
}

// FuzzSetUnset checks for every text that Load accepts that the edit has the result that encoding/json
// expects, that other members keep their bytes, and that undo restores the file.
func FuzzSetUnset(f *testing.F) {
	for _, s := range styles {
		f.Add([]byte(s.before), "nvcr.io")
		f.Add([]byte(s.helper), "a<\"\\b")
	}
	f.Add([]byte(`{"a":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`), "")
	f.Add([]byte("{\"a\"\n:\n1 ,\n\"b\" : {\"c\":\"}\\\"\"} }"), "é\xff")
	f.Fuzz(func(t *testing.T, data []byte, host string) {
		file, err := parse("config.json", data)
		if err != nil {
			return
		}
		host = strings.ToValidUTF8(host, "?")
		others := map[int]string{}
		for i, m := range file.root.members {
			if !strings.EqualFold(m.key, keyCredHelpers) && !strings.EqualFold(m.key, keyCredsStore) {
				others[i] = string(data[m.keyStart:m.valEnd])
			}
		}
		want := file.CredHelpers()
		want[host] = "ngc"
		file.SetCredHelper(host, "ngc")
		if err := file.SetCredsStore("ngc", true); err != nil {
			t.Fatal(err)
		}
		var oracle struct {
			CredHelpers map[string]string `json:"credHelpers"`
			CredsStore  string            `json:"credsStore"`
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(file.text), string(bom))), &oracle); err != nil {
			t.Fatalf("%q: %v", file.text, err)
		}
		if oracle.CredsStore != "ngc" || !reflect.DeepEqual(oracle.CredHelpers, want) {
			t.Fatalf("%q: %v, want %v", file.text, oracle, want)
		}
		for i, text := range others {
			if m := file.root.members[i]; string(file.text[m.keyStart:m.valEnd]) != text {
				t.Fatalf("%q: member %d was %q", file.text, i, text)
			}
		}
		undo := file.Undo()
		_ = file.Diff()
		file, err = parse("config.json", file.text)
		if err != nil {
			t.Fatal(err)
		}
		file.Revert(undo)
		if string(file.text) != string(data) {
			t.Fatalf("undone to %q, was %q", file.text, data)
		}
	})
}
