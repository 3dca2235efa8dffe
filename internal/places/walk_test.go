package places

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// relative returns paths relative to a directory.
func relative(t *testing.T, dir string, paths []string) (names []string) {
	t.Helper()
	for _, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

// Directories are searched to a limited depth, nearest first. Hidden directories, package directories and
// links are skipped.
func TestWalk(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"p/.env", "p/a/.env", "p/a/b/x.env", "p/a/b/c/.env", "p/z/compose.yml", "p/.hidden/.env", "p/vendor/.env", "p/a/README", "elsewhere/.env"} {
		w.write(name, "A=1\n")
	}
	root := filepath.Join(w.opts.Home, "p")
	for _, link := range [][2]string{{"../elsewhere", "p/linked"}, {"../elsewhere/.env", "p/linked.env"}} {
		if err := os.Symlink(link[0], filepath.Join(w.opts.Home, link[1])); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for depth, want := range []string{
		".env linked.env",
		".env linked.env a/.env z/compose.yml",
		".env linked.env a/.env z/compose.yml a/b/x.env",
		".env linked.env a/.env z/compose.yml a/b/x.env a/b/c/.env",
		".env linked.env a/.env z/compose.yml a/b/x.env a/b/c/.env",
	} {
		paths, unread := walk(context.Background(), root, depth)
		if got := strings.Join(relative(t, root, paths), " "); got != want || len(unread) > 0 {
			t.Errorf("depth %d: %s, want %s; %v", depth, got, want, unread)
		}
	}
	if paths, unread := walk(context.Background(), filepath.Join(root, "absent"), 1); len(paths)+len(unread) > 0 {
		t.Errorf("%q, %v", paths, unread)
	}
}

// Up to the limit, all files are found. Beyond it, only some are found, and this is reported.
func TestWalkLimit(t *testing.T) {
	w := newWorld(t)
	for i := range maxFiles {
		w.write("p/"+itoa(i)+".env", "")
	}
	w.write("p/below/.env", "")
	root := filepath.Join(w.opts.Home, "p")
	if paths, unread := walk(context.Background(), root, 1); len(paths) != maxFiles+1 || len(unread) > 0 {
		t.Errorf("%d files, %v", len(paths), unread)
	}
	w.write("p/one-more.env", "")
	if paths, unread := walk(context.Background(), root, 1); len(paths) != maxFiles+1 || len(unread) != 1 || unread[0].Reason != "too many files: searched in part" {
		t.Errorf("%d files, %v", len(paths), unread)
	}
}

// The search goes up to the root of the repository, but not outside a repository, above the home, or very
// far up.
func TestUpwards(t *testing.T) {
	home := t.TempDir()
	mkdir := func(name string) string {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mkdir("repository/.git")
	for name, want := range map[string]string{"repository": "", "repository/a": "..", "repository/a/b": ".. ../..", "none/a": ""} {
		dir := mkdir(name)
		if got := strings.Join(relative(t, dir, upwards(dir, home)), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := upwards(mkdir("repository/home/a"), mkdir("repository/home")); got != nil {
		t.Errorf("above the home: %q", got)
	}
	for depth, want := range map[int]int{21: 21, 22: 0} {
		if got := upwards(mkdir("repository"+strings.Repeat("/d", depth)), home); len(got) != want {
			t.Errorf("%d up: %d directories, want %d", depth, len(got), want)
		}
	}
}

// In and above a home directory, only one level is searched, because there are too many other files.
func TestHomeIsNotSearchedDeep(t *testing.T) {
	w := newWorld(t)
	w.write("a/x.env", "A=k1\n")
	w.write("a/b/x.env", "A=k2\n")
	at := func(dir string) string {
		w.opts.Dir = filepath.Join(w.opts.Home, dir)
		found, _ := w.scan()
		return strings.Join(found, " ")
	}
	const near, far = "env-file a/x.env:1 A=k1", "env-file a/b/x.env:1 A=k2"
	for dir, want := range map[string]string{".": near, "..": "", "a": near + " " + far} {
		if got := at(dir); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}

// COMPOSE_ENV_FILES names files relative to the current directory.
func TestComposeEnvFiles(t *testing.T) {
	w := newWorld(t)
	w.write("elsewhere/one", "A=k1\n")
	absolute := w.write("elsewhere/two", "A=k2\n")
	w.env["COMPOSE_ENV_FILES"] = "../../elsewhere/one, ," + absolute + ",../../elsewhere/one"
	if found, _ := w.scan(); !slices.Equal(found, []string{"env-file elsewhere/one:1 A=k1", "env-file elsewhere/two:1 A=k2"}) {
		t.Errorf("%q", found)
	}
	title := envTitle(w.opts)
	w.opts.Dir = ""
	if found, _ := w.scan(); len(found) > 0 {
		t.Errorf("without a directory: %q", found)
	}
	if without := envTitle(w.opts); !strings.HasPrefix(title, without+" in and below ") {
		t.Errorf("%q, %q", title, without)
	}
}

// Named directories and files are searched too, and a missing one is reported.
func TestNamedPaths(t *testing.T) {
	w := newWorld(t)
	w.opts.Paths = []string{w.write("any/name", "A=k1\n"), filepath.Dir(w.write("more/a/.env", "A=k2\n")), filepath.Join(w.opts.Home, "absent")}
	found, unread := w.scan()
	if !slices.Equal(found, []string{"env-file any/name:1 A=k1", "env-file more/a/.env:1 A=k2"}) || !slices.Equal(unread, []Unread{{w.opts.Paths[2], "does not exist"}}) {
		t.Errorf("%q, %v", found, unread)
	}
}

// A Compose file may name a file as an env_file if it is next to the file, above it, in the deploy/compose
// of a directory above, or in the current directory.
func TestWinsInCompose(t *testing.T) {
	const compose = "services:\n  a:\n    env_file: "
	for name, c := range map[string]struct {
		at, names string
		want      bool
	}{
		"next to it":         {"p/q/r/compose.yaml", "my.env", true},
		"above":              {"p/q/compose.yaml", "r/my.env", true},
		"deploy/compose":     {"p/q/r/deploy/compose/compose.yaml", "../../my.env", true},
		"above, deploy":      {"p/q/deploy/compose/docker-compose.yml", "../../r/my.env", true},
		"two above":          {"p/compose.yaml", "q/r/my.env", false},
		"the current one":    {"src/rag/compose.yaml", "../../p/q/r/my.env", true},
		"another file":       {"p/q/r/compose.yaml", "other.env", false},
		"no file of Compose": {"p/q/r/values.yaml", "my.env", false},
	} {
		w := newWorld(t)
		path := w.write("p/q/r/my.env", "A=1\n")
		w.write(c.at, compose+c.names+"\n")
		if got := winsInCompose(w.opts, path); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestIsEnvFile(t *testing.T) {
	for name, want := range map[string]bool{
		".env": true, ".envrc": true, ".env.prod": true, "x.env": true, "compose.yaml": true, "compose.dev.yml": true, "docker-compose.yaml": true, "index_key.txt": true, ".dockerconfigjson": true,
		"env": false, ".environment": false, "values.yaml": false, "compose.txt": false, "xcompose.yaml": false, "compose": false,
	} {
		if got := isEnvFile(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
