package helm_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/helm"
)

func TestFindPaths(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the paths are those of Linux")
	}
	for _, test := range []struct {
		env                   map[string]string
		home                  string
		plugins, repositories string
	}{
		{nil, "/home/me", "/home/me/.local/share/helm/plugins", "/home/me/.config/helm/repositories.yaml"},
		{map[string]string{"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}, "/home/me", "/d/helm/plugins", "/c/helm/repositories.yaml"},
		{map[string]string{"XDG_DATA_HOME": "/d", "HELM_DATA_HOME": "/h", "HELM_CONFIG_HOME": "/g"}, "", "/h/plugins", "/g/repositories.yaml"},
		{map[string]string{"HELM_PLUGINS": "/one:/two", "HELM_REPOSITORY_CONFIG": "/r.yaml"}, "", "/one", "/r.yaml"},
	} {
		got, err := helm.FindPaths(func(name string) string { return test.env[name] }, test.home)
		if err != nil || got.Plugins != test.plugins || got.Repositories != test.repositories {
			t.Errorf("%v: %+v, %v", test.env, got, err)
		}
	}
	if _, err := helm.FindPaths(func(string) string { return "" }, ""); !errors.Is(err, helm.ErrNoHome) {
		t.Errorf("without a home: %v", err)
	}
}

func TestPlugin(t *testing.T) {
	dir := t.TempDir()
	plugin := helm.In(filepath.Join(dir, "missing", "plugins"))
	ragenv := filepath.Join(dir, "ragenv")
	if err := os.WriteFile(ragenv, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(ragenv, filepath.Join(dir, "link")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	is := func(want helm.State, target string) {
		t.Helper()
		if state, got, err := plugin.State(); err != nil || state != want || got != target {
			t.Errorf("%s to %q, %v; want %s to %q", state, got, err, want, target)
		}
	}
	install := func(program string, want bool) {
		t.Helper()
		if changed, err := plugin.Install(program); err != nil || changed != want {
			t.Errorf("changed %v, %v", changed, err)
		}
	}
	is(helm.Absent, "")
	if removed, err := plugin.Remove(); removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	install(ragenv, true)
	is(helm.Ready, ragenv)
	install(ragenv, false)
	install(filepath.Join(dir, "gone"), true) // after a move
	is(helm.Broken, filepath.Join(dir, "gone"))
	install(ragenv, true)
	definition := filepath.Join(plugin.Dir, "plugin.yaml")
	text, err := os.ReadFile(definition)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(definition, []byte(strings.ReplaceAll(string(text), "1.0.0", "0.9.0")), 0o644); err != nil {
		t.Fatal(err)
	}
	is(helm.Broken, ragenv) // from an earlier version
	install(ragenv, true)
	is(helm.Ready, ragenv)
	if removed, err := plugin.Remove(); !removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	if _, err := os.Stat(plugin.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory stays: %v", err)
	}

	// Another plugin with this name is not changed.
	if err := os.MkdirAll(plugin.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(definition, []byte("name: ragenv-ngc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := plugin.Install(ragenv); !errors.Is(err, helm.ErrForeign) {
		t.Errorf("installed over another's: %v", err)
	}
	if _, err := plugin.Remove(); !errors.Is(err, helm.ErrForeign) {
		t.Errorf("removed another's: %v", err)
	}
}
