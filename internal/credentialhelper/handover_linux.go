package credentialhelper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// ragenv is the program that has every backend and also serves as the helper.
const ragenv = "ragenv"

// answering lists the verbs that need the keychain.
var answering = []string{
	credentials.ActionStore, credentials.ActionGet, credentials.ActionErase, credentials.ActionList, actionKubelet,
}

// handOver replaces this process with ragenv if the keychain's backend is not in this program, or if a
// command provides a key. It must run before anything is read from the client. Otherwise it returns nil.
//
// On Linux the helper contains only the file store and runs no commands. The clients of the other backends
// would take longer at every start than everything the helper does, and one of them always connects to the
// D-Bus session bus.
func (h *helper) handOver(verb string) error {
	if keychain.HasSystem() || !slices.Contains(answering, verb) {
		return nil
	}
	settings, err := h.settings()
	if err != nil {
		return nil // the caller reports it
	}
	// The first write chooses the backend. Without ragenv, the file store is the only choice.
	choosing := settings.Backend == "" && verb == credentials.ActionStore && !keychain.FileStoreExists(settings.Paths.Store)
	system := settings.Backend != keychain.BackendFile && slices.Contains(keychain.Backends(), settings.Backend)
	sourced := len(settings.Sourced(settings.Profile)) > 0
	if !choosing && !system && !sourced {
		return nil
	}
	path, err := findRagenv()
	if err == nil {
		err = syscall.Exec(path, []string{Program, verb}, os.Environ())
	}
	if choosing && !sourced {
		return nil
	}
	if sourced && !system {
		return ui.Errorf("install "+ragenv+" in the directory of "+Program, "a key that comes from a command needs the program %s next to %s: %w", ragenv, Program, err)
	}
	return ui.Errorf("install "+ragenv+" in the directory of "+Program, "the %s backend needs the program %s next to %s: %w", settings.Backend, ragenv, Program, err)
}

// handOverAgain is handOver after the client's input was read, if the backend in use has changed since.
func (h *helper) handOverAgain(verb, input string) error {
	if keychain.HasSystem() {
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	// Nothing is stored under a longer server name.
	_, err = w.WriteString(input[:min(len(input), maxAgain)])
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := syscall.Dup3(int(r.Fd()), 0, 0); err != nil {
		return err
	}
	return h.handOver(verb)
}

// findRagenv returns the ragenv next to this program, after resolving links, because both are installed
// together. It does not search PATH: anyone who controls PATH would get the client's input and the
// keychain's answers. It rejects this program under the name ragenv, which would hand over forever.
func findRagenv() (string, error) {
	self, err := os.Executable() // Linux resolves the links
	if err != nil {
		return "", err
	}
	next := filepath.Join(filepath.Dir(self), ragenv)
	info, err := os.Stat(next)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || isFile(self, info) {
		return "", fmt.Errorf("%s is not it", next)
	}
	return next, nil
}

func isFile(path string, other os.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, other)
}
