package config

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Every system's rules are tested on all systems.
func TestPaths(t *testing.T) {
	for _, test := range []struct {
		name, goos string
		variables  map[string]string
		want       Paths // with slashes
	}{
		{
			"XDG defaults", "linux", map[string]string{"HOME": "/home/a"},
			Paths{"/home/a", "/home/a/.config/ragenv/config.toml", "/home/a/.local/share/ragenv", "/home/a/.local/state/ragenv"},
		},
		{
			"XDG set", "linux",
			map[string]string{"HOME": "/home/a", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"},
			Paths{"/home/a", "/c/ragenv/config.toml", "/d/ragenv", "/s/ragenv"},
		},
		{
			"relative XDG is ignored", "darwin",
			map[string]string{"HOME": "/home/a", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "./d"},
			Paths{"/home/a", "/home/a/.config/ragenv/config.toml", "/home/a/.local/share/ragenv", "/home/a/.local/state/ragenv"},
		},
		{
			"no HOME", "linux", nil,
			Paths{"/looked/up", "/looked/up/.config/ragenv/config.toml", "/looked/up/.local/share/ragenv", "/looked/up/.local/state/ragenv"},
		},
		{
			"Windows", "windows",
			map[string]string{"USERPROFILE": `C:\Users\a b`, "AppData": `C:\Users\a b\AppData\Roaming`, "LocalAppData": `C:\Users\a b\AppData\Local`},
			Paths{"C:/Users/a b", "C:/Users/a b/AppData/Roaming/ragenv/config.toml", "C:/Users/a b/AppData/Local/ragenv", "C:/Users/a b/AppData/Local/ragenv/state"},
		},
		{
			"Windows: a roaming profile on a share, another drive", "windows",
			map[string]string{"USERPROFILE": `C:\Users\a`, "AppData": `\\server\profiles\a`, "LocalAppData": `D:/local`},
			Paths{"C:/Users/a", "//server/profiles/a/ragenv/config.toml", "D:/local/ragenv", "D:/local/ragenv/state"},
		},
		{
			"Windows without its variables, or with relative ones; HOME of a Unix shell and XDG do not count", "windows",
			map[string]string{"USERPROFILE": `C:\Users\a`, "HOME": "/c/Users/a", "XDG_DATA_HOME": "/d", "AppData": `Roaming`, "LocalAppData": `C:Local`},
			Paths{"C:/Users/a", "C:/Users/a/AppData/Roaming/ragenv/config.toml", "C:/Users/a/AppData/Local/ragenv", "C:/Users/a/AppData/Local/ragenv/state"},
		},
		{
			"Windows: what hangs on the current drive", "windows",
			map[string]string{"USERPROFILE": `C:\Users\a`, "LocalAppData": `\local`},
			Paths{"C:/Users/a", "C:/Users/a/AppData/Roaming/ragenv/config.toml", "C:/Users/a/AppData/Local/ragenv", "C:/Users/a/AppData/Local/ragenv/state"},
		},
	} {
		got, err := pathsFor(test.goos, func(name string) string { return test.variables[name] }, func() (string, error) { return "/looked/up", nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{{got.Home, test.want.Home}, {got.ConfigFile, test.want.ConfigFile}, {got.Store, test.want.Store}, {got.State, test.want.State}} {
			if slashes := strings.ReplaceAll(pair[0], `\`, "/"); slashes != pair[1] {
				t.Errorf("%s: %q, want %q", test.name, slashes, pair[1])
			}
		}
	}
	for _, goos := range []string{"linux", "windows"} {
		_, err := pathsFor(goos, func(string) string { return "" }, func() (string, error) { return "", errors.New("none") })
		if !errors.Is(err, ErrNoHome) {
			t.Errorf("%s, no home: %v", goos, err)
		}
	}
}

func TestIsAbsOnWindows(t *testing.T) {
	for path, want := range map[string]bool{"": false, "C": false, "C:": false, `C:\`: true, "C:/": true, `C:\a`: true, "C:a": false, `\a`: false, `a\b`: false, `\\s\b`: true, "//s/b": true, "1:/": true} {
		if got := isAbs("windows", path); got != want {
			t.Errorf("%q: %t", path, got)
		}
	}
}

// The hint names the variable that this system reads.
func TestHomeHint(t *testing.T) {
	want := "HOME="
	if runtime.GOOS == "windows" {
		want = "USERPROFILE"
	}
	if hint := HomeHint(); !strings.Contains(hint, want) {
		t.Error(hint)
	}
}

// For this system, isAbs agrees with filepath.IsAbs.
func TestIsAbs(t *testing.T) {
	for _, path := range []string{"", "/", "/a", "a", "./a", `C:`, `C:\`, `C:/a`, `C:a`, `\a`, `\\server\share\a`, "//server/share/a"} {
		if got, want := isAbs(runtime.GOOS, path), filepath.IsAbs(path); got != want {
			t.Errorf("%q: %t, want %t", path, got, want)
		}
	}
}

func TestTilde(t *testing.T) {
	for _, test := range []struct{ home, path, want string }{
		{"/home/a", "/home/a/.docker/config.json", "~/.docker/config.json"},
		{"/home/a/", "/home/a/b", "~/b"},
		{"/home/a", "/home/ab", "/home/ab"},
		{"/", "/etc/profile", "/etc/profile"},
		{"", "b", "b"},
	} {
		paths := Paths{Home: filepath.FromSlash(test.home)}
		if got := paths.Tilde(filepath.FromSlash(test.path)); got != filepath.FromSlash(test.want) {
			t.Errorf("home %q: %q, want %q", test.home, got, test.want)
		}
	}
}
