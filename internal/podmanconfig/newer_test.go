package podmanconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	for value, want := range map[string]string{
		"": "", "relative": "", filepath.Join(home, ".config"): "", home + "/x/../.config/": "", "/elsewhere/": "/elsewhere",
	} {
		p := Of(home, func(name string) string { return map[string]string{"XDG_CONFIG_HOME": value}[name] })
		if p.Newer != want {
			t.Errorf("XDG_CONFIG_HOME=%s: %q, want %q", value, p.Newer, want)
		}
		if paths := p.Paths(); len(paths) != 1+min(len(want), 1) {
			t.Errorf("XDG_CONFIG_HOME=%s: files %q", value, paths)
		}
	}
}

func TestNewerFiles(t *testing.T) {
	all := map[string]string{
		"home/.config/containers/registries.conf": "", "home/.config/containers/registries.conf.d/1.conf": "",
		"xdg/containers/registries.conf": "", "xdg/containers/registries.conf.d/5.conf": "", "xdg/containers/registries.conf.d/2.conf": "",
		"etc/registries.conf": "", "etc/registries.conf.d/9.conf": "", "etc/registries.conf.d/5.conf": "", "etc/registries.conf.d/no": "",
		"usr/registries.conf": "", "usr/registries.conf.d/3.conf": "", "usr/registries.conf.d/9.conf": "",
		"etc/registries.rootless.conf.d/6.conf": "", "etc/registries.rootless.conf.d/7/7.conf": "", "etc/registries.rootful.conf.d/6.conf": "",
	}
	for _, tc := range []struct {
		doc     string
		absent  []string
		uid     int
		without bool // without XDG_CONFIG_HOME
		want    string
	}{
		{"all", nil, 7, false, "xdg/containers/registries.conf xdg/containers/registries.conf.d/2.conf usr/registries.conf.d/3.conf " +
			"xdg/containers/registries.conf.d/5.conf etc/registries.rootless.conf.d/6.conf etc/registries.rootless.conf.d/7/7.conf etc/registries.conf.d/9.conf"},
		{"root, without the variable", nil, 0, true, "home/.config/containers/registries.conf home/.config/containers/registries.conf.d/1.conf " +
			"usr/registries.conf.d/3.conf etc/registries.conf.d/5.conf etc/registries.rootful.conf.d/6.conf etc/registries.conf.d/9.conf"},
		{"the system's", []string{"xdg/"}, -1, false, "etc/registries.conf usr/registries.conf.d/3.conf etc/registries.conf.d/5.conf etc/registries.conf.d/9.conf"},
		{"the distribution's", []string{"xdg/", "etc/"}, -1, false, "usr/registries.conf usr/registries.conf.d/3.conf usr/registries.conf.d/9.conf"},
		{"none", []string{"xdg/", "etc/", "usr/"}, -1, false, "etc/registries.conf"},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			files := map[string]string{}
			for name, text := range all {
				if !slices.ContainsFunc(tc.absent, func(dir string) bool { return strings.HasPrefix(name, dir) }) {
					files[name] = text
				}
			}
			p, root := newPlace(t, files)
			p.Usr, p.UID = filepath.Join(root, "usr"), tc.uid
			if !tc.without {
				p.Newer = filepath.Join(root, "xdg")
			}
			got, err := p.newerFiles()
			for i, path := range got {
				got[i], _ = filepath.Rel(root, path)
				got[i] = filepath.ToSlash(got[i])
			}
			if err != nil || strings.Join(got, " ") != tc.want {
				t.Errorf("got  %q (%v)\nwant %q", got, err, strings.Fields(tc.want))
			}
		})
	}
}

// If $XDG_CONFIG_HOME is elsewhere, both directories get a drop-in. Both are removed again, even if the
// variable is no longer set.
func TestConfigureNewer(t *testing.T) {
	const own = "xdg/containers/registries.conf.d/"
	for doc, files := range map[string]map[string]string{
		"neither is there":          nil,
		"both have settings":        {"xdg/containers/registries.conf": "credential-helpers = ['new']\n", userConf: "credential-helpers = ['old']\n"},
		"older programs ask it":     {userConf: "credential-helpers = ['ngc']\n"},
		"there are other drop-ins":  {own + "1.conf": "", userDropIn + "1.conf": ""},
		"an earlier one is ignored": {own + "1.conf": "credential-helpers = ['corp']\n"},
	} {
		t.Run(doc, func(t *testing.T) {
			p, root := newPlace(t, files)
			p.Newer = filepath.Join(root, "xdg")
			before := snapshot(t, root)
			preview, err := p.Preview("ngc")
			if err != nil || len(preview) != 2 || snapshot(t, root) != before {
				t.Errorf("Preview: %d texts, %v, or it changed something", len(preview), err)
			}
			if changed, err := p.Configure("ngc"); err != nil || !changed {
				t.Fatalf("Configure: %t, %v", changed, err)
			}
			for _, want := range preview {
				if text, err := os.ReadFile(want.Path); err != nil || string(text) != want.Text {
					t.Errorf("%s is\n%s(%v)\nthe preview was\n%s", want.Path, text, err, want.Text)
				}
			}
			if asks, err := p.Asks("ngc"); err != nil || !asks {
				t.Errorf("Asks: %t, %v", asks, err)
			}
			if changed, err := p.Configure("ngc"); err != nil || changed {
				t.Errorf("Configure again: %t, %v", changed, err)
			}
			newer := p.newerPath()
			p.Newer = ""
			if removed, err := p.Unconfigure(); err != nil || !slices.Equal(removed, []string{newer, p.Path()}) {
				t.Errorf("Unconfigure: %q, %v", removed, err)
			}
			if after := snapshot(t, root); after != before {
				t.Errorf("after Unconfigure:\n%swant\n%s", after, before)
			}
		})
	}
}

// If the second file fails, the first one is restored. An edited second file stays.
func TestConfigureNewerFails(t *testing.T) {
	p, root := newPlace(t, map[string]string{"file": ""})
	p.Newer = filepath.Join(root, "file") // not a directory
	before := snapshot(t, root)
	if changed, err := p.Configure("ngc"); err == nil || changed || snapshot(t, root) != before {
		t.Errorf("Configure: %t, %v; files:\n%swant\n%s", changed, err, snapshot(t, root), before)
	}

	p.Newer = filepath.Join(root, "xdg")
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.newerPath(), []byte("credential-helpers = ['mine']\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	before = snapshot(t, root)
	if removed, err := p.Unconfigure(); removed != nil || !errors.Is(err, ErrEdited) || snapshot(t, root) != before {
		t.Errorf("Unconfigure: %q, %v; files:\n%swant\n%s", removed, err, snapshot(t, root), before)
	}
	if _, err := p.Configure("ngc"); !errors.Is(err, ErrEdited) || snapshot(t, root) != before {
		t.Errorf("Configure: %v", err)
	}
}

// The second file cannot be written because its directory is a dangling link, which only shows on writing.
func TestConfigureNewerCannotBeWritten(t *testing.T) {
	p, root := newPlace(t, nil)
	p.Newer = t.TempDir()
	if err := os.Symlink(filepath.Join(root, "nowhere"), filepath.Join(p.Newer, "containers")); err != nil {
		t.Skip(err)
	}
	before := snapshot(t, root)
	if changed, err := p.Configure("ngc"); err == nil || changed || snapshot(t, root) != before {
		t.Errorf("Configure: %t, %v; files:\n%swant\n%s", changed, err, snapshot(t, root), before)
	}
}

// If newer programs already ask the helper, they get no file, and none is recorded.
func TestNewerAskAlready(t *testing.T) {
	p, root := newPlace(t, map[string]string{"xdg/containers/registries.conf": "credential-helpers = ['ngc']\n"})
	p.Newer = filepath.Join(root, "xdg")
	if changed, err := p.Configure("ngc"); err != nil || !changed {
		t.Fatalf("Configure: %t, %v", changed, err)
	}
	if _, err := os.Stat(p.newerPath()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a second file: %v", err)
	}
	if text, err := os.ReadFile(p.Path()); err != nil || string(text) != string(render([]string{"ngc", authFile}, 3, nil)) {
		t.Errorf("%s(%v)", text, err)
	}

	// If the files before it change, the existing file follows.
	for _, text := range []string{"", "credential-helpers = ['ngc', 'corp']\n"} {
		if err := os.WriteFile(filepath.Join(p.Newer, "containers", mainName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if changed, err := p.Configure("ngc"); err != nil || !changed {
			t.Fatalf("Configure: %t, %v", changed, err)
		}
	}
	if helpers, err := read(p.newerPath()); err != nil || !slices.Equal(helpers, []string{"ngc", "corp"}) {
		t.Errorf("%q, %v", helpers, err)
	}
}

// If the first file is lost and written again, it records the second one, which needs no change.
func TestRecordComesBack(t *testing.T) {
	p, root := newPlace(t, nil)
	p.Newer = filepath.Join(root, "xdg")
	before := snapshot(t, root)
	for range 2 {
		if err := os.RemoveAll(filepath.Join(p.Home, ".config")); err != nil {
			t.Fatal(err)
		}
		if changed, err := p.Configure("ngc"); err != nil || !changed {
			t.Fatalf("Configure: %t, %v", changed, err)
		}
	}
	newer := p.newerPath()
	p.Newer = ""
	if removed, err := p.Unconfigure(); err != nil || !slices.Equal(removed, []string{newer, p.Path()}) || snapshot(t, root) != before {
		t.Errorf("Unconfigure: %q, %v; files:\n%swant\n%s", removed, err, snapshot(t, root), before)
	}
}

// The record of the second file may be lost together with the first file.
func TestUnconfigureNewerAlone(t *testing.T) {
	p, root := newPlace(t, nil)
	p.Newer = filepath.Join(root, "xdg")
	before := snapshot(t, root)
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(p.Home, ".config")); err != nil {
		t.Fatal(err)
	}
	if removed, err := p.Unconfigure(); err != nil || !slices.Equal(removed, []string{p.newerPath()}) || snapshot(t, root) != before {
		t.Errorf("Unconfigure: %q, %v; files:\n%s", removed, err, snapshot(t, root))
	}
}
