package oracle

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"

	"github.com/ragenv/ragenv/internal/podmanconfig"
)

// TestPodmanAsks: the library that newer versions of Podman, Buildah and Skopeo read registries.conf with agrees, before and
// after configure, with what podmanconfig says of it, whatever the variables name.
func TestPodmanAsks(t *testing.T) {
	const table = "[[registry]]\nlocation = \"nvcr.io\"\n"
	for _, tc := range []struct {
		doc   string
		named string // the text of what $CONTAINERS_REGISTRIES_CONF names, "" for no such variable
		last  string // likewise for the other
	}{
		{"neither", "", ""},
		{"another registries.conf", table, ""},
		{"one that asks", "credential-helpers = ['ngc']\n" + table, ""},
		{"one that comes last", "", table},
		{"one that comes last, and asks", "", "credential-helpers = ['corp', 'ngc']\n"},
		{"both", table, table},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
			for variable, text := range map[string]string{podmanconfig.EnvNamed: tc.named, podmanconfig.EnvLast: tc.last} {
				t.Setenv(variable, "")
				if text == "" {
					continue
				}
				file := filepath.Join(home, variable)
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				t.Setenv(variable, file)
			}
			// The machine's own files are none of this test's.
			place := podmanconfig.Of(home, os.Getenv)
			place.Etc = filepath.Join(home, "etc")
			asks := func() bool {
				t.Helper()
				sysregistriesv2.InvalidateCache()
				helpers, err := sysregistriesv2.CredentialHelpers(&types.SystemContext{RootForImplicitAbsolutePaths: home})
				if err != nil {
					t.Fatal(err)
				}
				return slices.Contains(helpers, "ngc")
			}
			said := func() bool {
				t.Helper()
				asks, err := place.Asks("ngc")
				if err != nil {
					t.Fatal(err)
				}
				return asks
			}
			if said() && !asks() {
				t.Error("before configure: said to be asked, and is not")
			}
			if _, err := place.Configure("ngc"); err != nil {
				t.Fatal(err)
			}
			if !said() || !asks() {
				t.Errorf("after configure: said to be asked: %t, is: %t", said(), asks())
			}
			if _, err := place.Unconfigure(); err != nil {
				t.Fatal(err)
			}
			if said() {
				t.Error("after unconfigure: said to be asked")
			}
		})
	}
}
