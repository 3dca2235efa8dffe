package oracle

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"

	"github.com/ragenv/ragenv/internal/podmanconfig"
)

// TestPodmanAsks checks podmanconfig against the library with which newer versions of Podman, Buildah and
// Skopeo read registries.conf: they agree before and after configure, whatever files the variables name.
func TestPodmanAsks(t *testing.T) {
	const table = "[[registry]]\nlocation = \"nvcr.io\"\n"
	const corp, ngc = "credential-helpers = ['corp']\n", "credential-helpers = ['corp', 'ngc']\n"
	for _, tc := range []struct {
		doc   string
		named string            // contents of the file in $CONTAINERS_REGISTRIES_CONF; "" to leave the variable unset
		last  string            // the same for the other variable
		xdg   string            // XDG_CONFIG_HOME, relative to the home
		files map[string]string // relative to the home, which is the root directory, too
		fails bool              // configure fails, since newer programs read another file last
	}{
		{doc: "neither"},
		{doc: "another registries.conf", named: table},
		{doc: "one that asks", named: ngc + table},
		{doc: "one that comes last", last: table},
		{doc: "one that comes last, and asks", last: ngc},
		{doc: "both", named: table, last: table},
		{doc: "XDG_CONFIG_HOME", xdg: "xdg"},
		{doc: "XDG_CONFIG_HOME, and another registries.conf", xdg: "xdg", named: table},
		{doc: "XDG_CONFIG_HOME with files", xdg: "xdg", files: map[string]string{
			"xdg/containers/registries.conf": corp, "xdg/containers/registries.conf.d/50.conf": corp, ".config/containers/registries.conf": ngc,
		}},
		{doc: "files in ~/.config", files: map[string]string{
			".config/containers/registries.conf": corp, ".config/containers/registries.conf.d/50.conf": corp,
		}},
		{doc: "the system's", files: map[string]string{"etc/containers/registries.conf": corp, "etc/containers/registries.conf.d/50.conf": corp}},
		{doc: "the distribution's", files: map[string]string{"usr/share/containers/registries.conf": corp}},
		{doc: "the distribution's, which is not read", files: map[string]string{
			"usr/share/containers/registries.conf": ngc, "etc/containers/registries.conf": corp,
		}},
		{doc: "one of the system's that comes last", fails: true, files: map[string]string{"etc/containers/registries.conf.d/zz.conf": corp}},
		{doc: "and asks", files: map[string]string{"etc/containers/registries.conf.d/zz.conf": ngc}},
		{doc: "one of the distribution's that comes last", fails: true, files: map[string]string{"usr/share/containers/registries.conf.d/zz.conf": corp}},
		{doc: "root's", fails: os.Getuid() == 0, files: map[string]string{"etc/containers/registries.rootful.conf.d/zz.conf": corp}},
		{doc: "not root's", fails: os.Getuid() != 0, files: map[string]string{"etc/containers/registries.rootless.conf.d/zz.conf": corp}},
		{doc: "of the same name", files: map[string]string{"etc/containers/registries.conf.d/99-ragenv.conf": corp}},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			if tc.xdg == "" {
				tc.xdg = ".config"
			}
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, tc.xdg))
			for name, text := range tc.files {
				path := filepath.Join(home, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
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
			// The machine's own files must not affect this test.
			place := podmanconfig.Of(home, os.Getenv)
			place.Etc, place.Usr = filepath.Join(home, "etc", "containers"), filepath.Join(home, "usr", "share", "containers")
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
			before := said()
			if before && !asks() {
				t.Error("before configure: said to be asked, and is not")
			}
			var overridden *podmanconfig.OverriddenError
			if _, err := place.Configure("ngc"); tc.fails && errors.As(err, &overridden) {
				return
			} else if tc.fails || err != nil {
				t.Fatalf("Configure: %v", err)
			}
			if !said() || !asks() {
				t.Errorf("after configure: said to be asked: %t, is: %t", said(), asks())
			}
			if _, err := place.Unconfigure(); err != nil {
				t.Fatal(err)
			}
			if after := said(); after != before {
				t.Errorf("after unconfigure: said to be asked: %t, before configure: %t", after, before)
			}
		})
	}
}
