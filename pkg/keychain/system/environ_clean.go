package system

import (
	"slices"
	"strings"
)

// The only variables that backend programs inherit: no keys, no passphrase, no LD_PRELOAD. A gpg-agent that
// one of them starts keeps running with the environment it was given.
var (
	passedOn = []string{
		"HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "LANG", "LANGUAGE", "TZ", "GNUPGHOME", "XDG_RUNTIME_DIR",
		"__CF_USER_TEXT_ENCODING", "SECURITYSESSIONID", // macOS's
		// What gpg passes to its agent for pinentry (stdenvnames in GnuPG's common/session-env.c).
		"GPG_TTY", "TERM", "DISPLAY", "XAUTHORITY", "XMODIFIERS", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM",
		"GTK_IM_MODULE", "QT_IM_MODULE", "DBUS_SESSION_BUS_ADDRESS", "INSIDE_EMACS", "PINENTRY_USER_DATA",
		// For a password store in git, where pass commits.
		"XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
	}
	passedOnPrefixes = []string{"LC_", "PASSWORD_STORE_"}
)

// cleanEnviron returns the variables of Environ that backend programs need, then settings ("NAME=VALUE"),
// which take precedence.
func cleanEnviron(settings ...string) []string {
	env := slices.DeleteFunc(Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return !slices.Contains(passedOn, name) && !slices.ContainsFunc(passedOnPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	return append(env, settings...) // os/exec uses the last value of a name
}
