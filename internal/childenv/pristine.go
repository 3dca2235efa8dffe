package childenv

import (
	"slices"
	"strings"
)

// kept lists the variables that Pristine keeps.
var kept = []struct {
	reason          string
	names, prefixes []string
}{
	{
		reason:   "who runs it, where, and in which language",
		names:    []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "LANG", "LANGUAGE", "TZ", "TMPDIR"},
		prefixes: []string{"LC_", "XDG_"},
	},
	{
		reason: "the terminal and the desktop it is shown on",
		names:  []string{"TERM", "TERMINFO", "TERMINFO_DIRS", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"},
	},
	{
		// Not all DOCKER_ variables: DOCKER_AUTH_CONFIG contains logins.
		reason: "which engine Docker's and Podman's clients talk to",
		names:  []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION", "DOCKER_BUILDKIT", "DOCKER_DEFAULT_PLATFORM", "CONTAINER_HOST", "BUILDX_BUILDER", "BUILDX_CONFIG", "SSH_AUTH_SOCK"},
	},
	{
		reason: "how the network is reached, and whom to trust there; curl and Go read the small proxy names too",
		names:  []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"},
	},
	{
		reason: "what docker-credential-ngc needs below the command to find the keychain; what leads to its passphrase is the caller's to drop",
		names:  []string{"RAGENV_BACKEND", "RAGENV_PROFILE", "RAGENV_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "GPG_TTY", "PASSWORD_STORE_DIR"},
	},
}

// keptWindows are the variables that Windows programs need to start or to find their files.
var keptWindows = []string{
	"ALLUSERSPROFILE", "APPDATA", "COMMONPROGRAMFILES", "COMMONPROGRAMFILES(X86)", "COMMONPROGRAMW6432", "COMPUTERNAME", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA",
	"NUMBER_OF_PROCESSORS", "OS", "PATHEXT", "PROCESSOR_ARCHITECTURE", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP",
	"USERDOMAIN", "USERNAME", "USERPROFILE", "WINDIR",
}

// Pristine returns the variables that programs need to run: paths, terminal, language, network, engine. It
// drops all others, credentials above all. foldCase ignores case in names, as Windows does.
func Pristine(environ []string, foldCase bool) []string {
	result := []string{}
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); isKept(name, foldCase) || foldCase && strings.HasPrefix(entry, "=") { // "=C:=C:\dir"
			result = append(result, entry)
		}
	}
	return result
}

func isKept(name string, foldCase bool) bool {
	if foldCase {
		if name = strings.ToUpper(name); slices.Contains(keptWindows, name) {
			return true
		}
	}
	for _, k := range kept {
		if slices.Contains(k.names, name) || slices.ContainsFunc(k.prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return true
		}
	}
	return false
}
