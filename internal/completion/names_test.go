package completion

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestNames(t *testing.T) {
	t.Setenv("HOME", "") // otherwise the case without a home finds this user's
	s, _, _ := sessiontest.New(t)
	// Bypass the session, which refuses a name with a space.
	k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: s.Config.Paths.Store})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(s.Config.Paths.ConfigFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Config.SetSource(keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "FROM_VAULT"}, config.Source{Command: []string{"vault"}}); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []keychain.Ref{
		{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"},
		{Profile: "default", Kind: keychain.KindEnv, Name: "MY_TOKEN"},
		{Profile: "default", Kind: keychain.KindRegistry, Name: "two words"}, // would be two in a script
		{Profile: "default", Kind: keychain.KindPrevious, Name: "NGC_API_KEY"},
		{Profile: "default", Kind: keychain.KindRegistry, Name: "ghcr.io"},
		{Profile: "work", Kind: keychain.KindEnv, Name: "OTHER_TOKEN"},
	} {
		if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	names := Names{s.Getenv}
	work := map[string]string{"profile": "work"}
	inNew := func(name string) string {
		if name == config.EnvProfile {
			return "new"
		}
		return s.Getenv(name)
	}
	about := map[string]string{"ghcr.io": "login of a registry", "MY_TOKEN": "stored key", "FROM_VAULT": "stored key", "NGC_API_KEY": "NVIDIA NGC API key"}
	for _, c := range names.Stored(&commandline.Line{}).Words {
		if c.About != about[c.Word] {
			t.Errorf("about %s: %q", c.Word, c.About)
		}
	}
	for name, tc := range map[string]struct {
		complete func(*commandline.Line) commandline.Completion
		line     commandline.Line
		want     string
	}{
		"stored":           {names.Stored, commandline.Line{}, "FROM_VAULT MY_TOKEN NGC_API_KEY ghcr.io"},
		"given":            {names.Stored, commandline.Line{Given: []string{"MY_TOKEN"}}, "FROM_VAULT NGC_API_KEY ghcr.io"},
		"variables":        {names.Variables, commandline.Line{}, "FROM_VAULT MY_TOKEN NGC_API_KEY"},
		"another profile":  {names.Variables, commandline.Line{Values: work}, "OTHER_TOKEN"},
		"an invalid one":   {names.Variables, commandline.Line{Values: map[string]string{"profile": "-"}}, ""},
		"list":             {names.VariableList, commandline.Line{Current: "MY_TOKEN,"}, "MY_TOKEN,FROM_VAULT MY_TOKEN,NGC_API_KEY"},
		"profiles":         {names.Profiles, commandline.Line{}, "default work"},
		"one that is new":  {Names{inNew}.Profiles, commandline.Line{}, "default new work"},
		"without a home":   {Names{func(string) string { return "" }}.Profiles, commandline.Line{}, ""},
		"from commands":    {names.Sourced, commandline.Line{}, "FROM_VAULT"},
		"its own profile":  {names.Sourced, commandline.Line{Values: map[string]string{"profile": "default"}}, "FROM_VAULT"},
		"none from there":  {names.Sourced, commandline.Line{Values: work}, ""},
		"known and stored": {names.Known, commandline.Line{}, "NGC_API_KEY "},
	} {
		t.Run(name, func(t *testing.T) {
			var words []string
			for _, c := range tc.complete(&tc.line).Words {
				words = append(words, c.Word)
			}
			got := strings.Join(words, " ")
			if got != tc.want && (tc.want != "NGC_API_KEY " || !strings.HasPrefix(got, tc.want) || !strings.HasSuffix(got, " FROM_VAULT MY_TOKEN")) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
