//go:build linux || darwin

package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// envPassOptions is the variable with the options that pass gives to gpg (pass(1)).
const envPassOptions = "PASSWORD_STORE_GPG_OPTS"

// passTool runs pass as a client. The keyring library's client would give this process's whole
// environment to pass and gpg, and to a gpg-agent that keeps running.
type passTool struct {
	dir, prefix string
	gpgOptions  string // the user's options, and whether gpg may prompt
}

func newPassTool(opts keychain.Options) (*passTool, error) {
	p := &passTool{dir: os.Getenv("PASSWORD_STORE_DIR"), prefix: namespace, gpgOptions: os.Getenv(envPassOptions)}
	if p.dir == "" { // as the pass script does: "${PASSWORD_STORE_DIR:-$HOME/.password-store}"
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		p.dir = filepath.Join(home, ".password-store")
	}
	if !opts.Interactive {
		// Otherwise gpg-agent would prompt, once for each of many parallel pulls. A passphrase the agent
		// has cached is still used.
		p.gpgOptions += " --batch --pinentry-mode=error"
	}
	return p, nil
}

func (p *passTool) file(name string) string { return filepath.Join(p.dir, p.prefix, name+".gpg") }

func (p *passTool) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = cleanEnviron("PASSWORD_STORE_DIR="+p.dir, envPassOptions+"="+p.gpgOptions)
	return cmd
}

// Get decrypts an entry's file as "pass show" does (cmd_show), without the dozen programs that its shell
// script starts. Errors: errAbsent; *keychain.KeyError if gpg lacks the secret key;
// keychain.ErrUnavailable if gpg is not installed; *exec.ExitError.
func (p *passTool) Get(name string) (item entry, err error) {
	file := p.file(name)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return item, errAbsent
	} else if err != nil {
		return item, err
	}
	data, err := p.decrypt(file)
	if err != nil {
		return item, err
	}
	err = json.Unmarshal(data, &item)
	return item, err
}

// Set stores an item in the keyring library's format, which earlier entries have.
func (p *passTool) Set(item entry) error {
	data, err := json.Marshal(item)
	if err != nil {
		return err
	}
	cmd := p.command("pass", "insert", "-m", "-f", p.entry(item.Key))
	cmd.Stdin = strings.NewReader(string(data))
	if err := run(cmd); err != nil {
		if problem := p.recipientProblem(); problem != nil {
			return problem
		}
		return err
	}
	return nil
}

// Remove removes an existing item.
func (p *passTool) Remove(name string) error {
	return run(p.command("pass", "rm", "-f", p.entry(name)))
}

// run runs a command. If it fails, the *exec.ExitError contains its standard error.
func run(cmd *exec.Cmd) error {
	_, err := cmd.Output()
	return err
}

func (p *passTool) entry(name string) string { return p.prefix + "/" + name }

// Keys lists the names of ragenv's items without decrypting anything.
func (p *passTool) Keys() (names []string, err error) {
	root := filepath.Join(p.dir, p.prefix)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name, isEntry := strings.CutSuffix(path, ".gpg"); {
		case path == root && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil:
			return err
		case path == root && !entry.IsDir():
			return fmt.Errorf("%s is not a directory", root)
		case isEntry && !entry.IsDir():
			names = append(names, strings.TrimPrefix(name, root+"/"))
		}
		return nil
	})
	return names, err
}
