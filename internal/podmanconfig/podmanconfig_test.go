package podmanconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/ragenv/ragenv/test/umask"
)

// newPlace returns a separate place with these files, by their path in it ("home/..." or "etc/...").
func newPlace(t *testing.T, files map[string]string) (Place, string) {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"home", "etc"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Place{Home: filepath.Join(root, "home"), Etc: filepath.Join(root, "etc")}, root
}

// snapshot returns every file with its content, and every directory.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var data []byte
		if !entry.IsDir() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%s %q\n", strings.TrimPrefix(path, root), data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	userConf   = "home/.config/containers/registries.conf"
	userDropIn = "home/.config/containers/registries.conf.d/"
)

func TestConfigure(t *testing.T) {
	for _, tc := range []struct {
		doc   string
		files map[string]string
		want  []string
	}{
		{"nothing there", nil, []string{"ngc", authFile}},
		{"system files that set nothing", map[string]string{
			"etc/registries.conf":                    "unqualified-search-registries = ['docker.io']\n[[registry]]\nlocation = 'x'\n",
			"etc/registries.conf.d/shortnames.conf":  "[aliases]\n'a' = 'b/a'\n",
			"etc/registries.conf.d/not-read.conf.no": "credential-helpers = ['no']\n",
		}, []string{"ngc", authFile}},
		{"the system's helper", map[string]string{"etc/registries.conf": "credential-helpers = ['corp', 'containers-auth.json']\n"}, []string{"ngc", "corp", authFile}},
		{"a drop-in comes after", map[string]string{
			"etc/registries.conf": "credential-helpers = ['corp']\n", "etc/registries.conf.d/1.conf": "credential-helpers = ['drop']\n",
		}, []string{"ngc", "drop"}},
		{"an empty list is the default", map[string]string{
			"etc/registries.conf": "credential-helpers = ['corp']\n", "etc/registries.conf.d/1.conf": "credential-helpers = []\n",
		}, []string{"ngc", authFile}},
		{"the user's registries.conf stands for the system's", map[string]string{
			"etc/registries.conf": "credential-helpers = ['corp']\n", "etc/registries.conf.d/1.conf": "credential-helpers = ['drop']\n",
			userConf: "credential-helpers = ['mine']\n",
		}, []string{"ngc", "mine"}},
		{"the user's drop-ins come last", map[string]string{
			"etc/registries.conf.d/20.conf": "credential-helpers = ['corp']\n", userDropIn + "10.conf": "credential-helpers = ['mine']\n",
		}, []string{"ngc", "mine"}},
		{"only older programs ask it", map[string]string{
			"etc/registries.conf.d/50.conf": "credential-helpers = ['corp']\n", userDropIn + "10.conf": "credential-helpers = ['ngc', 'mine']\n",
		}, []string{"ngc", "mine"}},
		{"the system has a file of that name", map[string]string{"etc/registries.conf.d/" + fileName: "credential-helpers = ['corp']\n"}, []string{"ngc", "corp"}},
		{"a name that needs quoting", map[string]string{"etc/registries.conf": "credential-helpers = [\"a\\\"b\\\\\\u0007\"]\n"}, []string{"ngc", "a\"b\\\a"}},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			p, root := newPlace(t, tc.files)
			before := snapshot(t, root)
			preview, err := p.Preview("ngc")
			if err != nil || snapshot(t, root) != before {
				t.Errorf("Preview: %v, or it changed something", err)
			}
			if changed, err := p.Configure("ngc"); err != nil || !changed {
				t.Fatalf("Configure: %v, %v", changed, err)
			}
			if text, err := os.ReadFile(p.Path()); err != nil || len(preview) != 1 || preview[0] != (Text{p.Path(), string(text)}) {
				t.Errorf("%s is\n%s, the preview was\n%s", p.Path(), text, preview)
			}
			if preview, err := p.Preview("ngc"); err != nil || preview != nil {
				t.Errorf("Preview of no change: %q, %v", preview, err)
			}
			if asks, err := p.Asks("ngc"); err != nil || !asks {
				t.Errorf("Asks: %v, %v", asks, err)
			}
			helpers, from, err := p.helpers("")
			if err != nil || !slices.Equal(helpers, tc.want) || from != p.Path() {
				t.Errorf("Podman asks %q by %s (%v), want %q by %s", helpers, from, err, tc.want, p.Path())
			}
			configured := snapshot(t, root)
			if changed, err := p.Configure("ngc"); err != nil || changed || snapshot(t, root) != configured {
				t.Errorf("Configure again: %v, %v", changed, err)
			}
			if removed, err := p.Unconfigure(); err != nil || len(removed) != 1 {
				t.Errorf("Unconfigure: %v, %v", removed, err)
			}
			if after := snapshot(t, root); after != before {
				t.Errorf("after Unconfigure:\n%swant\n%s", after, before)
			}
			if removed, err := p.Unconfigure(); err != nil || removed != nil {
				t.Errorf("Unconfigure again: %v, %v", removed, err)
			}
		})
	}
}

func TestConfigureFollowsOthers(t *testing.T) {
	p, root := newPlace(t, nil)
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	system := filepath.Join(root, "etc", "registries.conf")
	if err := os.WriteFile(system, []byte("credential-helpers = ['corp']\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if changed, err := p.Configure("ngc"); err != nil || !changed {
		t.Errorf("Configure: %v, %v", changed, err)
	}
	if helpers, _, err := p.helpers(""); err != nil || !slices.Equal(helpers, []string{"ngc", "corp"}) {
		t.Errorf("Podman asks %q, %v", helpers, err)
	}
	if _, err := p.Unconfigure(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(root, "home", ".config")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the first Configure made is still there: %v", err)
	}
}

// A missing home directory is created, and stays.
func TestConfigureWithoutHome(t *testing.T) {
	p, root := newPlace(t, nil)
	p.Home = filepath.Join(root, "far", "away")
	if err := os.Mkdir(filepath.Join(root, "far"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	if changed, err := p.Configure("ngc"); err != nil || changed {
		t.Errorf("Configure again: %t, %v", changed, err)
	}
	if removed, err := p.Unconfigure(); err != nil || len(removed) != 1 {
		t.Errorf("Unconfigure: %v, %v", removed, err)
	}
	if left, err := os.ReadDir(p.Home); err != nil || len(left) != 0 {
		t.Errorf("the home has %v, %v", left, err)
	}
}

// A number that Configure cannot have written is ignored: nothing is removed.
func TestDirsMade(t *testing.T) {
	for text, want := range map[string]int{
		made + "0\n": 0, made + "3\n": 3, head + made + "2\n" + also: 2, made + "4\n": 0, made + "-1\n": 0, made + "x\n": 0, made: 0, "": 0,
	} {
		if got := dirsMade([]byte(text)); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// If an error follows the writing of a file, the file is restored or removed.
func TestRestore(t *testing.T) {
	p, root := newPlace(t, map[string]string{"file": "old"})
	file := filepath.Join(root, "file")
	before := snapshot(t, root)
	dropIns := []dropIn{
		{path: file, old: []byte("old"), text: []byte("new")},
		{path: p.Path(), text: render([]string{"ngc"}, 3, nil)},
		{path: filepath.Join(root, "absent")},
	}
	for i := range dropIns {
		if err := dropIns[i].write(); err != nil {
			t.Fatal(err)
		}
	}
	if written := snapshot(t, root); !strings.Contains(written, "\"new\"") || !strings.Contains(written, fileName) || strings.Contains(written, "absent") {
		t.Fatal(written)
	}
	if err := restore(dropIns); err != nil || snapshot(t, root) != before {
		t.Errorf("%v; files:\n%swant\n%s", err, snapshot(t, root), before)
	}
	unwritten := dropIn{path: filepath.Join(root, "a", "b", strings.Repeat("x", 300)), text: []byte("new")} // not a valid file name
	if err := unwritten.write(); err == nil || snapshot(t, root) != before {
		t.Errorf("%v; files:\n%swant\n%s", err, snapshot(t, root), before)
	}
}

func TestConfigureLeavesAlone(t *testing.T) {
	edited := string(render([]string{"ngc", authFile}, 0, nil)) + "unqualified-search-registries = ['quay.io']\n"
	var overridden *OverriddenError
	var syntax *SyntaxError
	for _, tc := range []struct {
		doc     string
		files   map[string]string
		changed bool
		is      func(error) bool
	}{
		{"asked already", map[string]string{"etc/registries.conf": "credential-helpers = ['corp', 'ngc']\n"}, false, nil},
		{"asked already by a later file", map[string]string{userDropIn + "zz.conf": "credential-helpers = ['ngc']\n"}, false, nil},
		{"a later file sets another", map[string]string{userDropIn + "zz.conf": "credential-helpers = ['corp']\n"}, false,
			func(err error) bool {
				return errors.As(err, &overridden) && !overridden.Newer && strings.HasSuffix(overridden.Path, "zz.conf")
			}},
		{"a later one of the system's, for newer programs", map[string]string{"etc/registries.conf.d/zz.conf": "credential-helpers = ['corp']\n"}, false,
			func(err error) bool {
				return errors.As(err, &overridden) && overridden.Newer && strings.HasSuffix(overridden.Path, "zz.conf")
			}},
		{"a file of that name by someone else", map[string]string{userDropIn + fileName: "credential-helpers = ['mine']\n"}, false,
			func(err error) bool { return errors.Is(err, ErrEdited) }},
		{"ours, edited", map[string]string{userDropIn + fileName: edited}, false, func(err error) bool { return errors.Is(err, ErrEdited) }},
		{"not TOML", map[string]string{"etc/registries.conf": "a = 1\ncredential-helpers = [\n"}, false,
			func(err error) bool {
				return errors.As(err, &syntax) && strings.HasSuffix(syntax.Path, "registries.conf")
			}},
		{"another type", map[string]string{"etc/registries.conf": "credential-helpers = 3\n"}, false,
			func(err error) bool { return errors.As(err, &syntax) }},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			p, root := newPlace(t, tc.files)
			before := snapshot(t, root)
			changed, err := p.Configure("ngc")
			if changed || (tc.is == nil) != (err == nil) || tc.is != nil && !tc.is(err) {
				t.Errorf("Configure: %v, %v", changed, err)
			}
			if after := snapshot(t, root); after != before {
				t.Errorf("files after Configure:\n%swant\n%s", after, before)
			}
		})
	}
}

func TestUnconfigureKeepsWhatOthersPutThere(t *testing.T) {
	p, root := newPlace(t, nil)
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(root, filepath.FromSlash(userDropIn), "other.conf")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if removed, err := p.Unconfigure(); err != nil || len(removed) != 1 {
		t.Errorf("Unconfigure: %v, %v", removed, err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}

	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(p.Path(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("# mine\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if removed, err := p.Unconfigure(); removed != nil || !errors.Is(err, ErrEdited) {
		t.Errorf("Unconfigure of an edited file: %v, %v", removed, err)
	}
}
