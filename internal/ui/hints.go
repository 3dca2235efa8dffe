package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// hinted is an error with its own hint.
type hinted interface{ Hint() string }

// KeyHint returns the hint for a GPG key of pass, which may end with advice.
func KeyHint(err *keychain.KeyError) string {
	switch err.Fault {
	case keychain.KeySecretAbsent:
		return "from a backup of the secret key: gpg --import FILE"
	case keychain.KeyAbsent:
		return "from a backup of that key: gpg --import FILE; or with another key: pass init GPG-ID"
	case keychain.KeyExpired:
		return fmt.Sprintf("gpg --quick-set-expire %[1]s 1y && gpg --quick-set-expire %[1]s 1y '*'", err.Fingerprint)
	}
	return "with another key: pass init GPG-ID"
}

// dataVariable returns the variable that names the directory above ragenv's files (internal/config).
func dataVariable() string {
	if runtime.GOOS == "windows" {
		return "LocalAppData"
	}
	return "XDG_DATA_HOME"
}

// hintFor returns the hint for a library's typed error. All such hints are here.
func hintFor(err error) string {
	var own hinted
	if errors.As(err, &own) {
		return own.Hint()
	}
	var key *keychain.KeyError
	var insecure *keychain.InsecureError
	var elsewhere *keychain.LockedElsewhereError
	var sourced *keychain.SourcedError
	var moved *keychain.MovedError
	switch {
	case errors.As(err, &moved):
		return "ragenv backend migrate " + moved.From + " " + moved.To
	case errors.As(err, &key):
		return KeyHint(key)
	case errors.As(err, &sourced):
		return sourcedHint(sourced)
	case errors.As(err, &insecure):
		if insecure.Mode != 0 {
			return fmt.Sprintf("chmod %o %s", insecure.Mode, shellquote.Word(insecure.Path))
		}
		if hint := pathfault.LinkHint(insecure.Path); hint != "" {
			return hint
		}
		return "ragenv doctor"
	case errors.Is(err, keychain.ErrStillUnlocked):
		return "run ragenv lock outside of the container or service that forbids keyctl; the unlock ends by itself after its time"
	case errors.Is(err, keychain.ErrKeyQuota):
		return "ragenv backend migrate keyctl file"
	case errors.As(err, &elsewhere):
		return "security unlock-keychain" // of macOS's Keychain, the only one that needs this
	case errors.Is(err, keychain.ErrLocked):
		return "ragenv unlock"
	case errors.Is(err, keychain.ErrReplaced):
		return "run it again"
	case errors.Is(err, keychain.ErrNoStore):
		return "ragenv setup"
	case errors.Is(err, keychain.ErrNotFound):
		return "ragenv list"
	case errors.Is(err, keychain.ErrWrongPassphrase):
		return "to try again: ragenv unlock; if the passphrase is forgotten, set this keychain aside: ragenv reset"
	case errors.Is(err, keychain.ErrNewerFormat):
		return "install the newer version of ragenv and docker-credential-ngc, both"
	case errors.Is(err, keychain.ErrNoLocks):
		return "move the keychain to a local disk: " + shellquote.Set(dataVariable(), "/a/local/directory")
	case errors.Is(err, keychain.ErrUnknownBackend):
		return "ragenv backend"
	case errors.Is(err, keychain.ErrUnavailable), errors.Is(err, keychain.ErrTimeout), errors.Is(err, keychain.ErrDamaged):
		return "ragenv doctor"
	case blockedHint(err) != "":
		return blockedHint(err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space on that disk, then run the command again; nothing was lost"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		if variable := variableFor(err); variable != "" {
			return "make that place writable for you, or choose another one: " + shellquote.Set(variable, "/a/writable/directory")
		}
		return "make that place writable for you, or choose another one"
	case errors.Is(err, syscall.EIO):
		return "the disk reports a fault: see the system's log, and copy what is on it elsewhere"
	}
	return ""
}

// blockedHint returns the hint for a path that something else is in the way of, or "".
func blockedHint(err error) string {
	var at *fs.PathError
	if !errors.As(err, &at) {
		return ""
	}
	directory := at.Op == "mkdir"
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
	case directory && (errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist)):
	case at.Op == "open" && errors.Is(err, fs.ErrNotExist):
		return pathfault.Nearby(at.Path)
	default:
		return ""
	}
	return pathfault.Hint(at.Path, directory)
}

// variableFor returns the variable that moves the directory of a path that cannot be written, or "" for a path
// that no variable moves, such as a file that an argument names.
func variableFor(err error) string {
	var at *fs.PathError
	home, homeErr := os.UserHomeDir()
	if runtime.GOOS == "windows" || homeErr != nil || !errors.As(err, &at) {
		return dataVariable()
	}
	for _, place := range []struct{ variable, below string }{{"XDG_CONFIG_HOME", ".config"}, {"XDG_STATE_HOME", ".local/state"}, {dataVariable(), ".local/share"}, {"DOCKER_CONFIG", ".docker"}} {
		dir := os.Getenv(place.variable)
		if dir == "" {
			dir = filepath.Join(home, place.below)
		}
		if at.Path == dir || strings.HasPrefix(at.Path, dir+"/") {
			return place.variable
		}
	}
	return ""
}

// sourcedHint returns the hint that leaves only one source for a key.
func sourcedHint(e *keychain.SourcedError) string {
	words := e.Name
	if e.Profile != "default" {
		words += " --profile " + e.Profile
	}
	if e.Both {
		return "to remove the command: ragenv source rm " + words + "; to remove the stored one: ragenv rm " + words
	}
	return "ragenv source rm " + words
}
