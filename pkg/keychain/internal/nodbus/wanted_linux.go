package nodbus

import (
	"io"
	"os"
	"strings"
	"syscall"
)

// The names under which the programs run.
const (
	program = "ragenv"
	helper  = "docker-credential-ngc"
)

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// wanted reports whether this process may need the session bus. The library connects during initialization,
// so this reads what the program will decide by: the words of the command line, $RAGENV_BACKEND, and the
// backend in config.toml. A mistake costs an unneeded connection, or an error that the backend is not
// available; nothing else depends on it. Other programs that import the package always get the bus.
func wanted(args []string, getenv func(string) string) bool {
	if len(args) == 0 || base(args[0]) != program && base(args[0]) != helper {
		return true
	}
	if len(args) == 2 && (args[1] == "--version" || args[1] == "--help" || args[1] == "-h") {
		return false
	}
	considersAll, chooses := intentions(args)
	if considersAll {
		return true
	}
	backend := getenv("RAGENV_BACKEND")
	if backend == "" {
		backend = configured(getenv)
	}
	switch backend {
	case "secret-service", "kwallet":
		return true
	case "":
		return chooses
	}
	return false
}

// intentions reports whether a command line names a command that tries every backend, and whether it names
// one whose first write chooses a backend. A word counts anywhere before "--".
func intentions(args []string) (considersAll, chooses bool) {
	words := args[1:]
	if base(args[0]) == helper {
		return false, len(words) > 0 && words[0] == "store"
	}
	for _, word := range words {
		switch word {
		case "--":
			return considersAll, chooses
		case "backend", "doctor", "setup":
			considersAll = true
		case "set", "import", "restore", "rotate", "docker", "profile":
			chooses = true
		}
	}
	return considersAll, chooses
}

// configured returns the backend in config.toml, or "" if there is none or the file cannot be read.
func configured(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	if !strings.HasPrefix(dir, "/") {
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = home + "/.config"
	}
	f, err := os.OpenFile(dir+"/ragenv/config.toml", os.O_RDONLY|syscall.O_NONBLOCK, 0) // does not wait for a FIFO's writer
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return ""
	}
	return backendIn(string(text))
}

// backendIn returns the top-level backend setting of a TOML document.
func backendIn(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			return ""
		}
		name, value, found := strings.Cut(line, "=")
		if !found || strings.Trim(strings.TrimSpace(name), `"'`) != "backend" {
			continue
		}
		if value = strings.TrimSpace(value); value == "" {
			return ""
		}
		quoted, _, _ := strings.Cut(value[1:], value[:1])
		return quoted
	}
	return ""
}

// local returns the addresses (D-Bus specification, "Server Addresses") that are Unix sockets of this user
// or root. Others lead to another machine or another user's program.
func local(addresses string) string {
	var kept []string
	for address := range strings.SplitSeq(addresses, ";") {
		settings, isUnix := strings.CutPrefix(address, "unix:")
		if !isUnix {
			continue
		}
		ours := true
		for setting := range strings.SplitSeq(settings, ",") {
			if path, isPath := strings.CutPrefix(setting, "path="); isPath {
				ours = ownedByUs(path)
			}
		}
		if ours {
			kept = append(kept, address)
		}
	}
	return strings.Join(kept, ";")
}

// ownedByUs reports whether this user or root owns a socket. It returns true if the socket does not exist.
func ownedByUs(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return true
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (stat.Uid == 0 || int(stat.Uid) == os.Geteuid())
}
