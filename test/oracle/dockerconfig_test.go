package oracle

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config/configfile"

	"github.com/ragenv/ragenv/internal/dockerconfig"
)

// judge compares Docker's loader with ours on one text. It reports whether Docker accepts it.
func judge(t *testing.T, text string) (taken bool) {
	t.Helper()
	theirs := configfile.New("").LoadFromReader(strings.NewReader(text))
	file, err := dockerconfig.Parse("config.json", []byte(text))
	if err != nil {
		// It is fine to refuse what Docker would accept: a duplicate setting, text after the object,
		// "null".
		return theirs == nil
	}
	faults := file.Faults()
	if (theirs == nil) != (len(faults) == 0) {
		t.Errorf("%s\nDocker: %v\nours: %v", text, theirs, faults)
	}
	return theirs == nil
}

func TestDockerConfigCases(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("me:hunter2"))
	for _, c := range []struct {
		doc, text string
		taken     bool
		line      int // of the first error
	}{
		{"plain", `{"auths": {"nvcr.io": {"auth": "` + auth + `"}}}`, true, 0},
		{"byte order mark", "\ufeff{}", false, 1},
		{"an auth that is not base64", "{\"auths\": {\n\"nvcr.io\": {\"auth\": \"###\"}}}", false, 2},
		{"an auth without a colon", "{\"auths\": {\n\"nvcr.io\": {\"auth\": \"aGk=\"}}}", false, 2},
		{"an auth without a user", `{"auths": {"nvcr.io": {"auth": "` + base64.StdEncoding.EncodeToString([]byte(":x")) + `"}}}`, false, 1},
		{"features", "{\n\"features\": {\"buildkit\": true}}", false, 2},
		{"a number in HttpHeaders", "{\n\n\"HttpHeaders\": {\"X\": 1}}", false, 3},
		{"another case", `{"FEATURES": {"x": 1}}`, false, 1},
		{"a list of numbers", `{"pruneFilters": ["a", 1]}`, false, 1},
		{"proxies", `{"proxies": {"default": {"httpProxy": false}}}`, false, 1},
		{"plugins", `{"plugins": {"x": {"y": []}}}`, false, 1},
		{"null everywhere", `{"auths": null, "features": {"x": null}, "psFormat": null}`, true, 0},
		{"unknown settings", `{"x": [1, {"y": true}], "auths": {"a": {"email": 1}}}`, true, 0},
		{"empty", "", true, 0},
	} {
		if judge(t, c.text) != c.taken {
			t.Errorf("%s: Docker takes it: %v", c.doc, !c.taken)
		}
		file, err := dockerconfig.Parse("config.json", []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.doc, err)
			continue
		}
		if faults := file.Faults(); c.line > 0 && (len(faults) == 0 || faults[0].Line != c.line) {
			t.Errorf("%s: %v, want line %d", c.doc, faults, c.line)
		}
	}
	// In Docker 28 and older, this setting was a string.
	file, _ := dockerconfig.Parse("config.json", []byte(`{"experimental": true}`))
	if len(file.Faults()) != 1 {
		t.Error("experimental: no fault")
	}
}

// TestDockerConfigSettings checks that every setting of Docker's type, with every kind of value, is judged
// as Docker does. It fails if a new release adds a setting.
func TestDockerConfigSettings(t *testing.T) {
	values := []string{`"x"`, `1`, `true`, `null`, `[]`, `["x"]`, `[1]`, `[null]`, `{}`, `{"a": "x"}`, `{"a": 1}`, `{"a": null}`, `{"a": {}}`, `{"a": {"b": "x"}}`,
		`{"a": {"b": 1}}`, `{"a": {"httpProxy": 1}}`, `{"a": {"auth": 1}}`, `{"a": {"username": {}}}`, `{"a": []}`}
	cases := 0
	kind := reflect.TypeOf(configfile.ConfigFile{})
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		for _, value := range values {
			judge(t, fmt.Sprintf(`{%q: %s}`, name, value))
			cases++
		}
	}
	t.Logf("%d cases", cases)
}

func TestDockerConfigRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{`"auths"`, `"credHelpers"`, `"features"`, `"a"`, `"auth"`, `"bWU6eA=="`, `"aGk="`, `{`, `}`, `[`, `]`, `:`, `,`, `1`, `true`, `null`, " ", "\n"}
	var value func(depth int) string
	value = func(depth int) string {
		switch n := r.IntN(7); {
		case n < 2 && depth < 4:
			var members []string
			for range r.IntN(3) {
				members = append(members, []string{`"auths"`, `"auth"`, `"nvcr.io"`, `"features"`, `"aliases"`, `"HttpHeaders"`, `"plugins"`, `"proxies"`, `"username"`}[r.IntN(9)]+": "+value(depth+1))
			}
			return "{" + strings.Join(members, ", ") + "}"
		case n == 2 && depth < 4:
			return "[" + value(depth+1) + "]"
		default:
			return []string{`"bWU6eA=="`, `"aGk="`, `""`, "1", "true", "null", `"x"`}[r.IntN(7)]
		}
	}
	taken := 0
	for range 20_000 {
		text := `{` + []string{`"auths"`, `"features"`, `"plugins"`, `"proxies"`, `"pruneFilters"`}[r.IntN(5)] + ": " + value(0) + "}"
		if r.IntN(10) == 0 {
			at := r.IntN(len(text))
			text = text[:at] + pieces[r.IntN(len(pieces))] + text[at:]
		}
		if judge(t, text) {
			taken++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("20,000 texts, %d taken by Docker", taken)
}
