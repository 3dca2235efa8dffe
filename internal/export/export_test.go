package export

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestRun(t *testing.T) {
	t.Setenv("NVIDIA_API_KEY", "set here")
	for name, tc := range map[string]struct {
		stored string // names, separated by spaces
		o      Options
		inStep bool   // in a step of GitHub Actions
		want   string // parts of standard output and of the messages, or of the error, separated by |
		absent string
	}{
		"a set alias is skipped in a shell":   {"NGC_API_KEY", Options{Format: "shell"}, false, "export NGC_API_KEY=|export NGC_CLI_API_KEY=", "NVIDIA_API_KEY"},
		"but not in a file":                   {"NGC_API_KEY", Options{Format: "dotenv"}, false, "NGC_API_KEY=|NVIDIA_API_KEY=", ""},
		"GitHub masks in a step":              {"NGC_API_KEY", Options{Format: "github"}, true, "::add-mask::|NGC_API_KEY<<", ""},
		"GitHub elsewhere":                    {"NGC_API_KEY", Options{Format: "github"}, false, "NGC_API_KEY<<", "::add-mask::"},
		"Kubernetes":                          {"NGC_API_KEY", Options{Format: "kubernetes"}, false, `"ngc-secret"`, "in none"},
		"Kubernetes, one has no place":        {"NGC_API_KEY MY_TOKEN", Options{Format: "kubernetes"}, false, `"ngc-secret"|MY_TOKEN: in none of the Secrets`, ""},
		"Kubernetes, none has a place":        {"MY_TOKEN", Options{Format: "kubernetes"}, false, "MY_TOKEN: in none of the Secrets", `"ngc-secret"`},
		"Kubernetes, the others have a place": {"MY_TOKEN", Options{Format: "kubernetes", Kubernetes: render.Options{Name: "others"}}, false, `"others"`, "in none"},
		"Kubernetes, a selection":             {"NGC_API_KEY MY_TOKEN", Options{Format: "kubernetes", Only: []string{"MY_TOKEN"}, Kubernetes: render.Options{Name: "others"}}, false, `"others"`, `"rag-api-keys"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, printed := sessiontest.New(t)
			s.Print.Quiet = false
			var out strings.Builder
			s.Stdout = &out
			getenv := s.Getenv
			s.Getenv = func(name string) string {
				if name == "GITHUB_ACTIONS" && tc.inStep {
					return "true"
				}
				return getenv(name)
			}
			for _, name := range strings.Fields(tc.stored) {
				if err := k.Set(keychain.Item{Ref: s.EnvRef(name), Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
					t.Fatal(err)
				}
			}
			got := fmt.Sprint(Run(s, tc.o), "\n", out.String(), printed)
			for part := range strings.SplitSeq(tc.want, "|") {
				if !strings.Contains(got, part) {
					t.Errorf("it does not say %s", part)
				}
			}
			if tc.absent != "" && strings.Contains(got, tc.absent) {
				t.Errorf("it says %s", tc.absent)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	for want, err := range map[string]error{
		"write the others with --only, or use another format": &render.ValueError{Format: "docker", Name: "A", Reason: "a line break"},
		"write the others with --only":                        &render.NameError{Format: "github", Name: "A", Reason: "reserved"},
		"ragenv export --help":                                &render.OptionError{Option: "namespace", Value: "A", Reason: "upper case"},
	} {
		if got := ui.Explain(explain(err)).Hint; got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
