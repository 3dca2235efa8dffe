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

// ragenv is the program that has every backend, and serves as the helper under its name.
const ragenv = "ragenv"

// answering are the verbs that need the keychain.
var answering = []string{
	credentials.ActionStore, credentials.ActionGet, credentials.ActionErase, credentials.ActionList, actionKubelet,
}

// handOver runs ragenv in this process's place where the keychain is one that this program was built without, or a
// command gives a key, before anything is read from the client. It returns otherwise: nil where it has the keychain, or where
// nothing speaks for another.
//
// On Linux the helper has the file store alone, and runs no commands. The clients of the other keychains cost more at every start than all that the
// helper does, and one of them calls the D-Bus session bus whether it is wanted or not.
func (h *helper) handOver(verb string) error {
	if keychain.HasSystem() || !slices.Contains(answering, verb) {
		return nil
	}
	settings, err := h.settings()
	if err != nil {
		return nil // its caller reports that
	}
	// The first write chooses the backend. Without ragenv there is but the file store to choose.
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

// handOverAgain is handOver for a keychain that turned out to be the one in use only after the client's input was read.
func (h *helper) handOverAgain(verb, input string) error {
	if keychain.HasSystem() {
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	// A pipe holds a page and more without a reader. What is longer is no server's name that anything is stored under.
	_, err = w.WriteString(input[:min(len(input), 4096)])
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := syscall.Dup3(int(r.Fd()), 0, 0); err != nil {
		return err
	}
	return h.handOver(verb)
}

// findRagenv returns the program next to this one, links to this one resolved, as both are installed together. It is not
// looked for on PATH: anyone who set that would get what the client sends and the keychain answers. This program under that
// name is not it, and would look for it for ever.
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
