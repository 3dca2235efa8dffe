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
	project := t.TempDir()
	t.Chdir(project)
	for path, text := range map[string]string{
		filepath.Join(project, ".env"):                "NGC_API_KEY=" + old + "\nOTHER=" + current + "\n",
		filepath.Join(home, ".bashrc"):                "export NGC_API_KEY=" + old + "\nexport OTHER=" + current + "\nexport UNRELATED=x\n",
		filepath.Join(home, ".docker", "config.json"): `{"auths":{"nvcr.io":{"auth":"` + auth + `"},"nvcr.io/nim":{"auth":"` + auth + `"}}}`,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := searchFiles(s, t.Context(), m, nil)
	shown := strings.NewReplacer(home+"/", "~/", project+"/", "./")
	var got []string
	for _, h := range report.Holders {
		got = append(got, shown.Replace(fmt.Sprintf("%s %s %d %q: %s", h.State, h.Path, h.Line, h.Where, h.Fix)))
	}
	slices.Sort(got)
	want := []string{
		`current ./.env 2 ["line 2"]: ${EDITOR:-vi} +2 ./.env`, // import does not take it unless it is named
		`current ~/.bashrc 2 ["line 2"]: ${EDITOR:-vi} +2 ~/.bashrc`,
		`old ./.env 1 ["line 1"]: ragenv import ./.env --remove`,
		`old ~/.bashrc 1 ["line 1"]: ragenv import ~/.bashrc --remove`,
		`old ~/.docker/config.json 1 ["line 1"]: ragenv docker configure`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("it finds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
