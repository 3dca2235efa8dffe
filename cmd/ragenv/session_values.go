package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"golang.org/x/term"
)

// generatedBytes is the length of a generated key before base64: that of an index's encryption key.
const generatedBytes = 32

type setOptions struct {
	name                      string
	fromEnv, generate, forced bool
	expires                   string
	keep                      bool // only the expiry changes
	mayKeep                   bool // so it does if the prompt is left empty
}

// errKeep: the user typed no new value.
var errKeep = errors.New("the stored value is kept")

// readValue gets the value for a command, set or rotate, from where the flags say.
func (s *session) readValue(command string, o setOptions) (string, error) {
	switch {
	case o.generate:
		key := make([]byte, generatedBytes)
		_, _ = rand.Read(key) // it never fails
		return base64.StdEncoding.EncodeToString(key), nil
	case o.fromEnv:
		value := s.getenv(o.name)
		if value == "" {
			return "", ui.Errorf("ragenv set "+o.name, "the environment variable %s is not set, or is empty", o.name)
		}
		return value, nil
	case term.IsTerminal(int(s.stdin.Fd())):
		return s.promptValue(o.name, o.mayKeep)
	}
	data, err := io.ReadAll(io.LimitReader(s.stdin, keyinput.Max+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > keyinput.Max {
		return "", ui.Errorf("", "standard input is longer than 1 MiB: that is no key")
	}
	if len(data) == 0 {
		return "", ui.Errorf("ragenv "+command+s.forProfile()+" "+o.name+" < FILE, or without < or | to be asked", "%s: standard input was empty", o.name)
	}
	return keyinput.Value(data), nil
}

// promptValue asks for a value. errKeep if it was left empty and may be.
func (s *session) promptValue(name string, mayKeep bool) (string, error) {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return "", ui.Errorf("ragenv set "+name+" < FILE", "%w", err)
	}
	defer terminal.Close()
	if known, ok := secrets.Lookup(name); ok && known.Docs != "" {
		terminal.Printf("Get one at %s: %s.\n", known.Docs, known.Steps)
	}
	how := "hidden"
	if mayKeep {
		how = "hidden; Enter keeps the stored value"
	}
	value, err := terminal.ReadSecret(name + " (" + how + "): ")
	if err == nil && mayKeep && len(value) == 0 {
		return "", errKeep
	}
	return string(value), err
}
