package podmanconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newNamed returns a place in which $CONTAINERS_REGISTRIES_CONF names a file with this text.
func newNamed(t *testing.T, text string) (Place, string) {
	t.Helper()
	p, root := newPlace(t, map[string]string{"home/named.conf": text})
	p.Named = filepath.Join(p.Home, "named.conf")
	return p, root
}

func TestNamedFile(t *testing.T) {
	for doc, text := range map[string]string{
		"empty": "", "tables": "[[registry]]\nlocation = 'x'\n", "no line break at the end": "unqualified-search-registries = ['x']",
		"Windows' line breaks": "[aliases]\r\n'a' = 'b/a'\r\n",
	} {
		t.Run(doc, func(t *testing.T) {
			p, root := newNamed(t, text)
			before := snapshot(t, root)
			path, added, err := p.NamedFile("ngc")
			if err != nil || path != p.Named || snapshot(t, root) != before {
				t.Fatalf("NamedFile: %q, %v, or it changed something", path, err)
			}
			if changed, err := p.Configure("ngc"); err != nil || !changed {
				t.Fatalf("Configure: %v, %v", changed, err)
			}
			if got, err := os.ReadFile(p.Named); err != nil || string(got) != added+text {
				t.Errorf("the file is\n%s(%v), want\n%s", got, err, added+text)
			}
			if asks, err := p.Asks("ngc"); err != nil || !asks {
				t.Errorf("Asks: %t, %v", asks, err)
			}
			if changed, err := p.Configure("ngc"); err != nil || changed {
				t.Errorf("Configure again: %t, %v", changed, err)
			}
			if err := os.RemoveAll(filepath.Join(p.Home, ".config")); err != nil { // the record of the line is lost, and comes back
				t.Fatal(err)
			}
			if changed, err := p.Configure("ngc"); err != nil || !changed {
				t.Errorf("Configure without the drop-in: %t, %v", changed, err)
			}
			p.Named = "" // the variable need not be set for this
			if removed, err := p.Unconfigure(); err != nil || len(removed) != 1 || snapshot(t, root) != before {
				t.Errorf("Unconfigure: %v, %v; files:\n%swant\n%s", removed, err, snapshot(t, root), before)
			}
		})
	}
}

// Programs that read the named file read the system's drop-ins after it, even if a user's registries.conf
// replaces these.
func TestAsksByTheNamedFile(t *testing.T) {
	p, root := newNamed(t, "credential-helpers = ['ngc']\n")
	for name, text := range map[string]string{userConf: "credential-helpers = ['ngc']\n", "etc/registries.conf.d/1.conf": "credential-helpers = ['corp']\n"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if asks, err := p.Asks("ngc"); err != nil || asks {
		t.Errorf("Asks: %t, %v", asks, err)
	}
	if changed, err := p.Configure("ngc"); err != nil || !changed {
		t.Errorf("Configure: %t, %v", changed, err)
	}
	if asks, err := p.Asks("ngc"); err != nil || !asks {
		t.Errorf("Asks: %t, %v", asks, err)
	}
}

// The file that newer programs read last is never changed.
func TestLastFile(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "credential-helpers = ['corp', 'ngc']\n": "", "credential-helpers = ['corp']\n": "last.conf sets credential-helpers, and newer",
		"credential-helpers = []\n": "last.conf sets", "credential-helpers = [\n": "last.conf: line 1",
	} {
		p, root := newPlace(t, map[string]string{"last.conf": text})
		p.Last = filepath.Join(root, "last.conf")
		before := snapshot(t, root)
		changed, err := p.Configure("ngc")
		if changed != (want == "") || (err == nil) != changed || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: Configure: %t, %v, want %q", text, changed, err, want)
		}
		if err != nil && snapshot(t, root) != before {
			t.Errorf("%q: files:\n%s", text, snapshot(t, root))
		}
		if asks, _ := p.Asks("ngc"); asks != changed {
			t.Errorf("%q: Asks: %t", text, asks)
		}
	}
}

// If the line was edited, it stays, and so does the record of it.
func TestNamedFileEdited(t *testing.T) {
	p, root := newNamed(t, "")
	if _, err := p.Configure("ngc"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(p.Named)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.Named, []byte(strings.Replace(string(text), `["ngc", `, `["ngc", "corp", `, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, root)
	if removed, err := p.Unconfigure(); removed != nil || !errors.Is(err, ErrEdited) || snapshot(t, root) != before {
		t.Errorf("Unconfigure: %v, %v; files:\n%swant\n%s", removed, err, snapshot(t, root), before)
	}
}

// If the file cannot be written, the drop-in is not written either.
func TestNamedFileNotWritable(t *testing.T) {
	p, root := newNamed(t, "")
	real := filepath.Join(root, "real.conf")
	if err := os.Rename(p.Named, real); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, root)
	for _, named := range []string{p.Named, "named.conf"} { // absent; relative
		p.Named = named
		var absent *NamedError
		if changed, err := p.Configure("ngc"); changed || !errors.As(err, &absent) || absent.Line != "" || snapshot(t, root) != before {
			t.Errorf("%s: Configure: %t, %v; files:\n%s", named, changed, err, snapshot(t, root))
		}
	}
	readOnly := filepath.Join(root, "read-only")
	if err := os.Mkdir(readOnly, 0o700); err != nil {
		t.Fatal(err)
	}
	p.Named = filepath.Join(readOnly, "named.conf")
	if err := os.Rename(real, p.Named); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(readOnly, 0o700) })
	if f, err := os.Create(filepath.Join(readOnly, "x")); err == nil {
		_ = f.Close()
		t.Skip("this user may write to a directory of mode 0500")
	}
	before = snapshot(t, root)
	var denied *NamedError
	if changed, err := p.Configure("ngc"); changed || !errors.As(err, &denied) || denied.Line == "" || snapshot(t, root) != before {
		t.Errorf("Configure: %t, %v; files:\n%s", changed, err, snapshot(t, root))
	}
}
