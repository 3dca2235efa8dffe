package session

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
)

// generatedBytes is the length of a generated key before base64 encoding: that of an index encryption key.
const generatedBytes = 32

// ValueFrom defines where a new value comes from. Without FromEnv and Generate, that is standard input or a
// prompt.
type ValueFrom struct {
	Command, Name     string // set or rotate, and the variable
	FromEnv, Generate bool
	MayKeep           bool // an empty answer at the prompt keeps the stored value
}

// ErrKeep means that the user typed no new value.
var ErrKeep = errors.New("the stored value is kept")

// ReadValue gets a new value. It returns ErrKeep if the stored one is kept.
func (s *Session) ReadValue(o ValueFrom) (string, error) {
	switch {
	case o.Generate:
		key := make([]byte, generatedBytes)
		_, _ = rand.Read(key) // it never returns an error
		return base64.StdEncoding.EncodeToString(key), nil
	case o.FromEnv:
		value := s.Getenv(o.Name)
		if value == "" {
			return "", ui.Errorf("ragenv set "+o.Name, "the environment variable %s is not set, or is empty", o.Name)
		}
		return value, nil
	case term.IsTerminal(int(s.Stdin.Fd())):
		return s.promptValue(o.Name, o.MayKeep)
	}
	data, err := io.ReadAll(io.LimitReader(s.Stdin, keyinput.Max+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > keyinput.Max {
		return "", ui.Errorf("", "standard input is longer than 1 MiB, so it is not a key")
	}
	if len(data) == 0 {
		return "", ui.Errorf("without < or | it asks for the key; from a file: ragenv "+o.Command+" "+o.Name+" < FILE", "%s: standard input was empty", o.Name)
	}
	return keyinput.Value(data), nil
}

// promptValue asks for a value. It returns ErrKeep for an empty answer if mayKeep is set.
func (s *Session) promptValue(name string, mayKeep bool) (string, error) {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return "", ui.Errorf("ragenv set "+name+" < FILE", "%w", err)
	}
	defer terminal.Close()
	if known, ok := secrets.Lookup(name); ok && known.Docs != "" {
		terminal.Printf("%s\n", terminal.Style.Wrap(fmt.Sprintf("Get one at %s: %s", known.Docs, known.Steps), 0))
	}
	how := "hidden"
	if mayKeep {
		how = "hidden; Enter keeps the stored value"
	}
	value, err := terminal.ReadSecret(name + " (" + how + "): ")
	if err == nil && mayKeep && len(value) == 0 {
		return "", ErrKeep
	}
	return string(value), err
}
