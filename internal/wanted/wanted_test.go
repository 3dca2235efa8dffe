package wanted_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/wanted"
)

func TestUses(t *testing.T) {
	project := t.TempDir()
	for name, text := range map[string]string{
		"other/compose.yaml":                   "environment: [CYBORGDB_API_KEY]",
		"longer/compose.yaml":                  "environment: [CYBORGDB_API_KEY_FILE]",
		"above/compose.yaml":                   "KEY: ${CYBORGDB_API_KEY}",
		"above/below/deeper/readme":            "",
		"blueprint/deploy/compose/compose.yml": "CYBORGDB_API_KEY: x",
		"named.yaml":                           "CYBORGDB_API_KEY: x",
		"none/values.yaml":                     "CYBORGDB_API_KEY: x",
	} {
		path := filepath.Join(project, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(project, "many"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if err := os.WriteFile(filepath.Join(project, "many", fmt.Sprintf("%d.yaml", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const name = secrets.CyborgDBAPIKey
	key, _ := secrets.Lookup(name)
	ngc, _ := secrets.Lookup(secrets.NGCAPIKey)
	at := func(dir string) wanted.Reach {
		return wanted.Reach{
			Dir: filepath.Join(project, filepath.FromSlash(dir)), Getenv: func(string) string { return "" }, Stored: func(string) bool { return false },
		}
	}
	with := func(dir string, change func(*wanted.Reach)) wanted.Reach {
		r := at(dir)
		change(&r)
		return r
	}
	for what, test := range map[string]struct {
		reach wanted.Reach
		want  bool
	}{
		"nothing":             {at("none"), false},
		"no directory":        {wanted.Reach{Getenv: func(string) string { return "" }, Stored: func(string) bool { return false }}, false},
		"a Compose file":      {at("other"), true},
		"another variable":    {at("longer"), false},
		"a directory above":   {at("above/below/deeper"), true},
		"the Blueprint":       {at("blueprint"), true},
		"the command's file":  {with("none", func(r *wanted.Reach) { r.Command = []string{"docker", "compose", "-f", "../named.yaml", "up"} }), true},
		"after an equal sign": {with("none", func(r *wanted.Reach) { r.Command = []string{"docker", "compose", "--file=../named.yaml"} }), true},
		"COMPOSE_FILE": {with("none", func(r *wanted.Reach) {
			r.Getenv = func(name string) string {
				return map[string]string{"COMPOSE_FILE": "x.yaml;../named.yaml", "COMPOSE_PATH_SEPARATOR": ";"}[name]
			}
		}), true},
		"more files than are read": {with("none", func(r *wanted.Reach) {
			for i := range 30 {
				r.Command = append(r.Command, fmt.Sprintf("../many/%d.yaml", i))
			}
			r.Command = append(r.Command, "../named.yaml")
		}), false},
		"as many": {with("none", func(r *wanted.Reach) {
			for i := range 29 {
				r.Command = append(r.Command, fmt.Sprintf("../many/%d.yaml", i))
			}
			r.Command = append(r.Command, "../named.yaml")
		}), true},
		"set":              {with("none", func(r *wanted.Reach) { r.Getenv = func(string) string { return "x" } }), true},
		"stored":           {with("none", func(r *wanted.Reach) { r.Stored = func(stored string) bool { return stored == name } }), true},
		"required":         {with("none", func(r *wanted.Reach) { r.Required = []string{name} }), true},
		"unused":           {with("other", func(r *wanted.Reach) { r.Unused = []string{name} }), false},
		"required, unused": {with("none", func(r *wanted.Reach) { r.Required, r.Unused = []string{name}, []string{name} }), true},
	} {
		if got := test.reach.Uses(key); got != test.want {
			t.Errorf("%s: %v, want %v", what, got, test.want)
		}
		if !test.reach.Uses(ngc) {
			t.Errorf("%s: %s is not optional", what, ngc.Name)
		}
	}
}
