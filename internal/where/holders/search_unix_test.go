//go:build unix

package holders

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// What is said of files: the line or the name of the setting, once, and a command that works for that line.
func TestSearchFiles(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	old, current := scripttest.NewKey(), scripttest.NewKey()
	m := where.NewMatcher([]where.Key{{Name: secrets.NGCAPIKey, Current: keychain.NewSecret(current), Former: []keychain.Secret{keychain.NewSecret(old)}}})
	home := s.Config.Paths.Home
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + old))
	project := filepath.Join(home, "project")
	if err := os.Mkdir(project, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(project)
	for name, text := range map[string]string{
		"project/.env":        "NGC_API_KEY=" + old + "\nOTHER=" + current + "\n",
		".bashrc":             "export NGC_API_KEY=" + old + "\nexport OTHER=" + current + "\nexport UNRELATED=x\n",
		".docker/config.json": `{"auths":{"nvcr.io":{"auth":"` + auth + `"},"nvcr.io/nim":{"auth":"` + auth + `"}}}`,
	} {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := searchFiles(s, t.Context(), m, nil)
	var got []string
	for _, h := range report.Holders {
		path, err := filepath.Rel(home, h.Path)
		if err != nil {
			t.Fatal(err)
		}
		fix := strings.ReplaceAll(h.Fix, home, "~")
		got = append(got, fmt.Sprintf("%s %s %d %q: %s", h.State, filepath.ToSlash(path), h.Line, h.Where, fix))
	}
	slices.Sort(got)
	want := []string{
		`current .bashrc 2 ["line 2"]: ${EDITOR:-vi} +2 ~/.bashrc`, // import does not take it unless it is named
		`current project/.env 2 ["line 2"]: ${EDITOR:-vi} +2 ~/project/.env`,
		`old .bashrc 1 ["line 1"]: ragenv import ~/.bashrc --remove`,
		`old .docker/config.json 1 ["line 1"]: ragenv docker configure`,
		`old project/.env 1 ["line 1"]: ragenv import ~/project/.env --remove`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("it finds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
