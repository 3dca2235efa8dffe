package session

import (
	"errors"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// ExplainBackend adds the right hint to an error of the named backend, which may not be the one in use.
func ExplainBackend(name string, err error) error {
	var key *keychain.KeyError
	switch {
	case errors.As(err, &key): // it has its own hint
		return err
	case errors.Is(err, keychain.ErrLocked) && name != keychain.BackendFile:
		return ui.Errorf(config.EnvBackend+"="+name+" ragenv unlock", "the %s backend: %w", name, err)
	case errors.Is(err, keychain.ErrUnavailable):
		return ui.Errorf("ragenv backend", "%w", err)
	}
	return err
}

// passphraseTries is how many times a user can try a passphrase.
const passphraseTries = 3

// forgottenHint is the hint after too many wrong passphrases.
const forgottenHint = "run it again; if the passphrase is forgotten, set this keychain aside: ragenv reset"

// Unlocked runs read. If the file store is locked, it asks for the passphrase and runs read again. If
// nobody can be asked, the error says what a script can do.
func (s *Session) Unlocked(k *keychain.Keychain, read func() error) error {
	err := read()
	if err = s.ExplainPassphrase(err); !errors.Is(err, keychain.ErrLocked) {
		return err
	}
	if k.Backend() != keychain.BackendFile { // another program's lock: only ragenv unlock makes it ask
		return err
	}
	if err := s.askAndUnlock(k); err != nil {
		return err
	}
	return read()
}

// Get reads an item as Unlocked does. Errors: those of Unlocked and of Keychain.Get.
func (s *Session) Get(k *keychain.Keychain, ref keychain.Ref) (item keychain.Item, err error) {
	err = s.Unlocked(k, func() (err error) {
		item, err = k.Get(ref)
		return err
	})
	return item, err
}

// GetAll reads several items as Unlocked does. Errors: those of Unlocked and of Keychain.GetAll.
func (s *Session) GetAll(k *keychain.Keychain, refs []keychain.Ref) (items []keychain.Item, err error) {
	err = s.Unlocked(k, func() (err error) {
		items, err = k.GetAll(refs)
		return err
	})
	return items, err
}

// Settled returns the result of read, and runs it again if a migration moved the keys to another backend in
// the meantime. A migration names the new backend before it empties the old one, so read may have found too
// little.
func Settled[T any](s *Session, read func() (T, error)) (T, error) {
	for {
		found, err := read()
		if !s.Config.BackendMoved(s.Getenv) {
			return found, err
		}
		if err := s.GetBus(); err != nil {
			return found, err
		}
	}
}

// GetBus restarts the program if it was started without the session bus, which the backend now in use
// needs.
func (s *Session) GetBus() error {
	if !system.MissesBus(s.Config.Backend) {
		return nil
	}
	return s.Again()
}

// askAndUnlock is AskPassphrase, but accepts an unlock that only lasts for this process.
func (s *Session) askAndUnlock(k *keychain.Keychain) error {
	err := s.AskPassphrase(k)
	if errors.Is(err, keychain.ErrUnavailable) {
		return nil
	}
	return err
}

var errUnlocked = errors.New("the keychain is unlocked already")

// AskPassphrase asks for the passphrase a few times at most, and unlocks the keychain, for the
// configured time. It returns keychain.ErrUnavailable if the unlock only lasts for this process.
func (s *Session) AskPassphrase(k *keychain.Keychain) error {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		hint := passphrase.UnlockHint()
		if hint != passphrase.FileHint() {
			terminal := "in a terminal: "
			if s.Getenv("SSH_CONNECTION") != "" { // ssh HOST COMMAND has none, even if it is typed in one
				terminal = "in a terminal, as of ssh -t: "
			}
			hint = "in a script, set " + passphrase.EnvFile + " to a file of mode 0600 with the passphrase; " + terminal + hint
		}
		what := keychain.ErrLocked
		if k.Unlocked() { // to change for how long
			what = errUnlocked
		}
		return ui.Errorf(hint, "%w, and there is no terminal to ask for the passphrase", what)
	}
	defer terminal.Close()
	err = TryPassphrases(terminal, "Passphrase of your keychain: ", func(secret []byte) error { return s.Unlock(k, secret) })
	if errors.Is(err, keychain.ErrWrongPassphrase) {
		err = ui.Errorf(forgottenHint, "%w", keychain.ErrWrongPassphrase)
	}
	return err
}

// TryPassphrases asks for a passphrase until try accepts it, a few times at most. Error:
// keychain.ErrWrongPassphrase if try accepts none, or another error of try or of the terminal.
func TryPassphrases(terminal *ui.Terminal, prompt string, try func(secret []byte) error) error {
	for n := 1; ; n++ {
		secret, err := terminal.ReadPassphrase(prompt)
		if err != nil {
			return err
		}
		if err = try(secret); !errors.Is(err, keychain.ErrWrongPassphrase) || n == passphraseTries {
			return err
		}
		terminal.Printf("Wrong passphrase, try again.\n")
	}
}

// Unlock unlocks a keychain, and shows that it works on it. Errors: those of Keychain.Unlock.
func (s *Session) Unlock(k *keychain.Keychain, secret []byte) error {
	defer s.Print.Working("Unlocking the keychain")()
	return k.Unlock(secret)
}

// ExplainPassphrase names the variable that a wrong passphrase came from.
func (s *Session) ExplainPassphrase(err error) error {
	if !errors.Is(err, keychain.ErrWrongPassphrase) {
		return err
	}
	variable := s.PassphraseVariable()
	if variable == "" {
		return err
	}
	return WrongPassphraseIn(variable)
}

// WrongPassphraseIn returns the error for a wrong passphrase that came from a variable.
func WrongPassphraseIn(variable string) error {
	return ui.Errorf("correct it there, or to be asked: "+shellquote.Unset(variable), "$%s: %w", variable, keychain.ErrWrongPassphrase)
}

// PassphraseVariable returns the variable from which passphrase.FromEnvironment gets the passphrase, "" for
// none.
func (s *Session) PassphraseVariable() string {
	for _, variable := range passphrase.Variables {
		if s.Getenv(variable) == "" {
			continue
		}
		without := func(name string) string {
			if name != variable {
				return ""
			}
			return s.Getenv(name)
		}
		if _, err := passphrase.FromEnvironment(without); !errors.Is(err, passphrase.ErrNone) {
			return variable
		}
	}
	return ""
}

// AskNewPassphrase asks for the passphrase of a new file store, empty for none. Error: ui.ErrNoTerminal if
// nobody can be asked.
func (s *Session) AskNewPassphrase() ([]byte, error) {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, err
	}
	defer terminal.Close()
	terminal.Printf("%s\n", terminal.Style.Wrap("Your keys will be kept encrypted in "+s.Config.Paths.Store+".", 0))
	return terminal.NewPassphrase("New passphrase (Enter for none): ")
}

// EnsureUnlocked unlocks a keychain, asking for its passphrase if necessary.
func (s *Session) EnsureUnlocked(k *keychain.Keychain) error {
	if k.Unlocked() {
		return nil
	}
	if k.Backend() != keychain.BackendFile { // another program's lock
		return ExplainBackend(k.Backend(), s.QuietOpener().Probe(k.Backend()))
	}
	if protected, err := k.Protected(); err != nil || !protected {
		return err
	}
	secret, err := passphrase.FromEnvironment(s.Getenv)
	if errors.Is(err, passphrase.ErrNone) {
		return s.askAndUnlock(k)
	}
	if err == nil {
		err = s.ExplainPassphrase(s.Unlock(k, secret))
	}
	if errors.Is(err, keychain.ErrUnavailable) {
		return nil // nothing can keep it unlocked, but this process can read it
	}
	return err
}

// NeverLocked reports whether the keychain has no passphrase of its own, and says so.
func (s *Session) NeverLocked(k *keychain.Keychain) (bool, error) {
	protected, err := k.Protected()
	if err != nil || protected {
		return false, err
	}
	if k.Backend() == keychain.BackendFile {
		s.Print.Note("the keychain has no passphrase, so it is never locked")
		s.Hint("ragenv passphrase")
	} else {
		s.Print.Note("the %s backend is locked and unlocked by its own system", k.Backend())
	}
	return true, nil
}

// UntilPhrase returns the time of day after d, with the date if it is another day.
func UntilPhrase(now time.Time, d time.Duration) string {
	until := now.Add(d)
	if until.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return until.Format("15:04")
	}
	return until.Format("2006-01-02 15:04")
}
