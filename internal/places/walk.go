package places

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Limits of the search for project files.
const (
	maxDepth   = 6               // levels below the start directory; 1 in the home directory
	maxEntries = 20_000          // directory entries
	maxFiles   = 500             // files to read
	maxWalk    = 1 * time.Second // for one start directory
)

// passedOver are directories to skip: they contain many files, which others wrote.
var passedOver = []string{"node_modules", "venv", "site-packages", "__pycache__", "vendor", "target", "dist", "build", "go", "snap", "Library"}

// isEnvFile reports whether this is the name of a project file that may contain keys.
func isEnvFile(name string) bool {
	switch name {
	case ".env", ".envrc", ".dockerconfigjson", "docker-config.json", "index_key.txt", ".index_key":
		return true
	}
	return strings.HasPrefix(name, ".env.") || strings.HasSuffix(name, ".env") || isCompose(name)
}

func envTitle(o Options) string {
	title := ".env, .envrc and Compose files"
	if o.Dir == "" {
		return title
	}
	return title + " in and below " + o.Dir + " and up to its repository"
}

// envFiles returns the project files around the current directory and in o.Paths, and the files named by
// the environment and by Compose files.
func envFiles(ctx context.Context, o Options) (paths []string, unread []Unread) {
	add := func(path string) {
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	for name := range strings.SplitSeq(o.Getenv("COMPOSE_ENV_FILES"), ",") {
		if name = strings.TrimSpace(name); name != "" && o.Dir != "" {
			add(absolute(o.Dir, name))
		}
	}
	if o.Dir != "" {
		depth := maxDepth
		if o.Dir == o.Home || o.Dir == filepath.Dir(o.Home) || filepath.Dir(o.Dir) == o.Dir {
			depth = 1
		}
		below, more := walk(ctx, o.Dir, depth)
		if depth == 1 && o.Dir != o.Home { // what others have in / or next to their homes is not the user's concern
			more = slices.DeleteFunc(more, func(u Unread) bool { return u.Reason == noPermission })
		}
		unread = append(unread, more...)
		for _, path := range below {
			add(path)
		}
		for _, dir := range upwards(o.Dir, o.Home) {
			entries, _ := os.ReadDir(dir)
			for _, entry := range entries {
				if isEnvFile(entry.Name()) && !entry.IsDir() {
					add(filepath.Join(dir, entry.Name()))
				}
			}
		}
	}
	for _, path := range o.Paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			unread = append(unread, Unread{path, cmp.Or(whyUnread(err), "does not exist")})
		case !info.IsDir():
			add(path)
		default:
			below, more := walk(ctx, path, maxDepth)
			unread = append(unread, more...)
			for _, file := range below {
				add(file)
			}
		}
	}
	for _, path := range slices.Clone(paths) {
		for _, named := range namedByCompose(path) {
			add(named)
		}
	}
	return paths, unread
}

func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// namedByCompose returns the files in env_file of a Compose file.
func namedByCompose(path string) []string {
	if !isCompose(filepath.Base(path)) {
		return nil
	}
	text, err := readText(path, maxFile)
	if err != nil {
		return nil
	}
	var paths []string
	for _, name := range envFileSettings(text) {
		paths = append(paths, absolute(filepath.Dir(path), name))
	}
	return paths
}

// winsInCompose reports whether a nearby Compose file, next to or above the file, names it as an env_file.
// Its values then reach the container regardless of docker compose's environment.
func winsInCompose(o Options, path string) bool {
	dirs := []string{filepath.Dir(path), o.Dir}
	for dir := filepath.Dir(path); len(dirs) < 6 && filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		dirs = append(dirs, dir, filepath.Join(dir, "deploy", "compose"))
	}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			if isCompose(entry.Name()) && slices.Contains(namedByCompose(filepath.Join(dir, entry.Name())), path) {
				return true
			}
		}
	}
	return false
}

// upwards returns the directories above dir, up to the root of its repository. It returns none outside a
// repository.
func upwards(dir, home string) []string {
	var dirs []string
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dirs
		}
		parent := filepath.Dir(dir)
		if parent == dir || dir == home || len(dirs) > 20 {
			return nil
		}
		dir = parent
		dirs = append(dirs, dir)
	}
}

// walk returns the project files in and below a directory, nearest first. It does not follow links.
func walk(ctx context.Context, root string, depth int) (paths []string, unread []Unread) {
	started := time.Now()
	entries := 0
	level := []string{root}
	for d := 0; d <= depth; d++ {
		var next []string
		for _, dir := range level {
			if ctx.Err() != nil || entries > maxEntries || len(paths) > maxFiles || time.Since(started) > maxWalk {
				return paths, append(unread, Unread{root, "too many files: searched in part"})
			}
			list, err := os.ReadDir(dir)
			if err != nil {
				if reason := whyUnread(err); reason != "" {
					unread = append(unread, Unread{dir, reason})
				}
				continue
			}
			entries += len(list)
			for _, entry := range list {
				name := entry.Name()
				switch {
				case entry.IsDir():
					if !strings.HasPrefix(name, ".") && !slices.Contains(passedOver, name) {
						next = append(next, filepath.Join(dir, name))
					}
				case isEnvFile(name) && (entry.Type().IsRegular() || entry.Type()&fs.ModeSymlink != 0):
					paths = append(paths, filepath.Join(dir, name))
				}
			}
		}
		level = next
	}
	return paths, unread
}

func quoted(path string) string { return shellquote.Word(path) }
