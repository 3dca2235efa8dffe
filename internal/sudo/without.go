package sudo

import (
	"os"
	"os/exec"
	"os/user"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Adapted returns a hint that ends with a command of sudo as it can be used on this system. If sudo is not
// installed, as in containers, root does without it, and others need root: `"$(id -un)"` then means this user.
func Adapted(hint string) string {
	_, err := exec.LookPath("sudo")
	return adapted(hint, err == nil, os.Geteuid() == 0, func() string {
		if u, err := user.Current(); err == nil {
			return u.Username
		}
		return ""
	})
}

func adapted(hint string, installed, isRoot bool, name func() string) string {
	const program, caller = "sudo ", `"$(id -un)"`
	words, command, found := strings.Cut(": "+hint, ": "+program)
	words = strings.TrimPrefix(words, ": ")
	if !found || installed {
		return hint
	}
	if isRoot {
		return strings.TrimPrefix(words+": "+command, ": ")
	}
	if strings.Contains(command, caller) {
		this := name()
		if this == "" {
			return hint
		}
		command = strings.ReplaceAll(command, caller, shellquote.Word(this))
	}
	return strings.TrimPrefix(words+", as root: "+command, ", ")
}
