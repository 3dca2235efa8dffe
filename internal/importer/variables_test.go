package importer

import (
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestSelectKeys(t *testing.T) {
	key, other := scripttest.NewKey(), scripttest.NewKey()
	for _, test := range []struct {
		doc, file string
		options   Options
		want      []string // "NAME", or "NAME>LEADER" for an alias
		says      string
	}{
		{"known keys only", "NGC_API_KEY=KEY\nLOG=info\n", Options{}, []string{"NGC_API_KEY"}, ""},
		{"the last of several", "NGC_API_KEY=OTHER\nNGC_API_KEY=KEY\n", Options{}, []string{"NGC_API_KEY"}, ""},
		{"one that an empty one undoes", "NGC_API_KEY=KEY\nNGC_API_KEY=\n", Options{}, nil, ""},
		{"an alias of the same key", "NVIDIA_API_KEY=KEY\nNGC_API_KEY=KEY\n", Options{}, []string{"NVIDIA_API_KEY>NGC_API_KEY", "NGC_API_KEY"}, ""},
		{"an alias with a key of its own", "NVIDIA_API_KEY=OTHER\nNGC_API_KEY=KEY\n", Options{}, []string{"NVIDIA_API_KEY", "NGC_API_KEY"}, ""},
		{"what has to be expanded", "NGC_API_KEY=$(cat key)\nCYBORGDB_API_KEY=${X}\n", Options{}, nil, "CYBORGDB_API_KEY has to be expanded"},
		{"a key within the setting of a systemd unit", "Environment=\"CYBORGDB_API_KEY=KEY\"\nNGC_API_KEY=KEY\n", Options{}, []string{"NGC_API_KEY"}, "x line 1: CYBORGDB_API_KEY is set within another setting, and is skipped"},
		{"everything", "A=1\nB=\nNGC_API_KEY=KEY\n", Options{All: true}, []string{"A", "NGC_API_KEY"}, ""},
		{"everything but what no command is handed", "PATH=/x\nBASH_ENV=x\nA=1\n", Options{All: true}, []string{"A"}, "PATH decides which program"},
		{"named ones", "A=1\nB=2\nNGC_API_KEY=KEY\n", Options{Only: []string{"B"}}, []string{"B"}, ""},
	} {
		s, _, stderr := sessiontest.New(t)
		entries, problems := dotenv.Parse([]byte(strings.NewReplacer("KEY\n", key+"\n", "KEY\"", key+"\"", "OTHER\n", other+"\n").Replace(test.file)))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", test.doc, problems)
		}
		var got []string
		for _, found := range selectKeys(s, source{path: "x", title: "x", entries: entries}, test.options) {
			name := found.name
			if found.follows != "" {
				name += ">" + found.follows
			}
			got = append(got, name)
			if name == "NGC_API_KEY" && found.item.Secret != keychain.NewSecret(key) {
				t.Errorf("%s: another value was taken", test.doc)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.doc, got, test.want)
		}
		if !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%s: it says %q", test.doc, stderr)
		}
		if strings.Contains(stderr.String(), key) || strings.Contains(stderr.String(), other) {
			t.Errorf("%s: it shows a key", test.doc)
		}
	}
}

func TestJSONEntries(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	for _, test := range []struct {
		text string
		want string // NAME=VALUE, sorted; "" means an error
	}{
		{`{"B": "2", "A": "x\ny\u0000"}`, "A=x\ny\x00|B=2"},
		{`{"A": ""}`, "A="},
		{`{"A": 1}`, ""},
		{`{"A": null}`, ""},
		{`{"A": ["x"]}`, ""},
		{`{"A": "x"} {}`, ""},
		{`{"A": "x"`, ""},
		{"{\"A\": \"\xff\"}", ""},
		{`{"auths": {}}`, ""},
	} {
		entries, err := jsonEntries(s, "x.json", []byte(test.text))
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Name+"="+entry.Value)
		}
		if strings.Join(got, "|") != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: %q, %v", test.text, got, err)
		}
	}
}
