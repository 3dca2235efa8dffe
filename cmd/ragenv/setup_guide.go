package main

import (
	"path/filepath"
	"time"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// guide sets up with a person at the terminal. All of it fits on a screen of 24 lines and 80 columns where nothing is
// mistyped, so no step says more than it must.
func (s *session) guide(terminal *ui.Terminal, o setupOptions) error {
	terminal.Printf("Every step can be left out, and done later: ragenv setup. Ctrl-C ends it.\n")
	if err := s.chooseBackend(o.backend); err != nil {
		return err
	}
	if err := s.guideKeychain(terminal, o); err != nil {
		return err
	}
	if err := s.guideKeys(terminal, o); err != nil {
		return err
	}
	if err := s.guideDocker(terminal, o); err != nil {
		return err
	}
	return s.guideEnd(terminal)
}

func (s *session) guideKeychain(terminal *ui.Terminal, o setupOptions) error {
	existed := s.fileStoreExists()
	if err := s.quietly().makeKeychain(o, terminal); err != nil {
		return err
	}
	k, err := s.opener().Read()
	if err != nil {
		return err
	}
	if existed && k.Backend() == keychain.BackendFile {
		// Keys could be stored without, but nobody could read them.
		if err := s.ensureUnlocked(k); err != nil {
			return err
		}
	}
	about := k.Backend() + " backend"
	if k.Backend() == keychain.BackendFile {
		protected, err := k.Protected()
		switch {
		case err != nil:
			return err
		case protected:
			about += ", with a passphrase"
		default:
			about += ", without a passphrase"
		}
	}
	terminal.Printf("Keychain: %s%s\n", about, s.inProfile())
	return nil
}

// quietly is the session without notes: the guide says the same in fewer lines.
func (s *session) quietly() *session {
	quiet := *s
	quiet.print.Quiet = true
	return &quiet
}

// guideKeys asks for every key that is wanted and not stored.
func (s *session) guideKeys(terminal *ui.Terminal, o setupOptions) error {
	k, err := s.opener().Read()
	if err != nil {
		return err
	}
	for _, known := range secrets.All() {
		if !known.Wanted {
			continue
		}
		has, err := k.Has(s.envRef(known.Name))
		if err != nil {
			return err
		}
		if has {
			terminal.Printf("%s (%s): stored\n", known.Title, known.Name)
			continue
		}
		terminal.Printf("%s (%s)\n", known.Title, known.Name)
		item := keychain.Item{Ref: s.envRef(known.Name)}
		if item.Secret, err = s.guideKey(terminal, known, o); err != nil {
			return err
		}
		if item.Secret.Empty() {
			terminal.Printf("  Left out. Later: ragenv set%s %s\n", s.forProfile(), known.Name)
			continue
		}
		if item.Expires, err = s.askExpiry(terminal); err != nil {
			return err
		}
		if !item.Expires.IsZero() {
			if err := s.quietly().store(item, false); err != nil {
				return err
			}
		}
		if item.Expires.IsZero() {
			terminal.Printf("  Stored.\n")
		} else {
			terminal.Printf("  Stored, until %s.\n", item.Expires.In(s.now().Location()).Format(time.DateOnly))
		}
	}
	return nil
}

// guideKey stores and returns a key that was found or typed, has the shape of one and, if that was allowed, was shown to its
// service; empty to leave it out.
func (s *session) guideKey(terminal *ui.Terminal, known secrets.Secret, o setupOptions) (keychain.Secret, error) {
	value, err := s.offerFound(terminal, known, o)
	if err != nil {
		return keychain.Secret{}, err
	}
	if value == "" {
		aside(terminal, known.Docs+": "+known.Steps)
	}
	for {
		if value == "" {
			typed, err := terminal.ReadSecret("  Paste it here (hidden; empty to leave it out): ")
			if err != nil || len(typed) == 0 {
				return keychain.Secret{}, err
			}
			value = string(typed)
		}
		secret := keychain.NewSecret(value)
		value = ""
		shaped, err := s.acceptableShape(terminal, known, secret)
		if err != nil {
			return keychain.Secret{}, err
		}
		if !shaped {
			continue
		}
		// A service shows a key once, so it is stored before any other question.
		item := keychain.Item{Ref: s.envRef(known.Name), Secret: secret}
		if err := s.quietly().store(item, false); err != nil {
			return keychain.Secret{}, err
		}
		taken, err := s.acceptableToService(terminal, known, secret, o)
		if err != nil || taken {
			return secret, err
		}
		k, err := s.opener().Read()
		if err != nil {
			return keychain.Secret{}, err
		}
		if err := k.Remove(item.Ref); err != nil {
			return keychain.Secret{}, err
		}
	}
}

// offerFound offers a key that lies in the shell's environment or in Docker's config.json; "" if there is none, or it is
// not wanted.
func (s *session) offerFound(terminal *ui.Terminal, known secrets.Secret, o setupOptions) (string, error) {
	wellShaped := func(value string) bool {
		return value != "" && validate.Worst(validate.Check(known.Kind, value)) < validate.Unusual
	}
	if value := s.getenv(known.Name); wellShaped(value) {
		if o.fromEnv {
			return value, nil
		}
		if yes, err := terminal.Confirm("  $"+known.Name+" is set in this shell. Store that key?", true); err != nil || yes {
			return value, err
		}
	}
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return "", nil // said where Docker is configured
	}
	logins, _ := s.readLogins(f, false)
	for _, login := range logins {
		if value := login.item.Secret.Reveal(); login.item.Ref == s.envRef(known.Name) && wellShaped(value) {
			yes, err := terminal.Confirm("  A docker login left one in plain text, in "+s.tilde(f.Path())+". Store it?", true)
			if err != nil || yes {
				return value, err
			}
		}
	}
	return "", nil
}

// acceptableShape checks a key's shape, and asks whether to store one that is unusual.
func (s *session) acceptableShape(terminal *ui.Terminal, known secrets.Secret, secret keychain.Secret) (bool, error) {
	findings := validate.Check(known.Kind, secret.Reveal())
	for _, finding := range findings {
		aside(terminal, finding.Message+": "+finding.Hint)
	}
	switch validate.Worst(findings) {
	case validate.Refuse:
		return false, nil
	case validate.Unusual:
		if yes, err := terminal.Confirm("  Store it all the same?", false); err != nil || !yes {
			return false, err
		}
	}
	return true, nil
}

// acceptableToService checks a key with its service if that is allowed, and asks whether to keep one that it refuses.
func (s *session) acceptableToService(terminal *ui.Terminal, known secrets.Secret, secret keychain.Secret, o setupOptions) (bool, error) {
	if known.Kind != validate.NGC { // no other service tells a good key from a bad one
		return true, nil
	}
	if !o.verify {
		if yes, err := terminal.Confirm("  Ask NVIDIA whether it takes the key?", true); err != nil || !yes {
			return err == nil, err
		}
	}
	result := s.askInterruptibly(keychain.Item{Ref: s.envRef(known.Name), Secret: secret})
	aside(terminal, ui.Printable(string(result.Outcome)+": "+result.Detail))
	for _, missing := range result.Missing {
		aside(terminal, ui.Printable("without "+missing.Title+": "+missing.Effect))
	}
	switch result.Outcome {
	case probe.Invalid, probe.LacksRights:
		return terminal.Confirm("  Store it all the same?", false)
	}
	return true, nil
}

// askExpiry asks when a key stops working.
func (s *session) askExpiry(terminal *ui.Terminal) (at time.Time, err error) {
	for {
		answer, err := terminal.ReadLine("  When does it expire (2027-01-31 or 90d; empty if unknown)? ")
		if err != nil || answer == "" {
			return at, err
		}
		if at, err = expiry.Parse(answer, s.now()); err == nil {
			return at, nil
		}
		terminal.Printf("  %v\n", ui.Printable(err.Error()))
	}
}

// guideDocker asks whether to configure Docker, unless it is, and does it.
func (s *session) guideDocker(terminal *ui.Terminal, o setupOptions) error {
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return dockerConfigError(err)
	}
	if name, _ := helperFor(f); name == helperName {
		terminal.Printf("Docker: asks %s for %s already\n", helperProgram, serverurl.NGC)
		s.warnOfMissingHelper()
		return nil
	}
	if !o.docker {
		yes, err := terminal.Confirm("Docker: let it log in to "+serverurl.NGC+" with the stored key?", true)
		if err != nil {
			return err
		}
		if !yes {
			terminal.Printf("  Left out. Later: ragenv docker configure\n")
			return nil
		}
	}
	configuring := s
	if logins, _ := s.readLogins(f, false); len(logins) == 0 { // of logins that are moved, more is to be said
		configuring = s.quietly()
	}
	if err := configureDocker(configuring, f, dockerConfigureOptions{}); err != nil {
		return err
	}
	terminal.Printf("  Docker asks %s for %s now (%s).\n", helperProgram, serverurl.NGC, s.tilde(f.Path()))
	return nil
}

// guideEnd proves what was set up, and says what to type next.
func (s *session) guideEnd(terminal *ui.Terminal) error {
	if err := s.prove(terminal); err != nil {
		return err
	}
	terminal.Printf("Done. Next: ragenv%s -- docker compose up\n", s.forProfile())
	k, err := s.opener().Read()
	if err != nil {
		return err
	}
	if k.Backend() != keychain.BackendFile {
		return nil
	}
	if protected, err := k.Protected(); err == nil && protected {
		command := "ragenv unlock --for 8h"
		if !keychain.CanStayUnlocked() {
			command = passphrase.FileHint()
		}
		terminal.Printf("Docker cannot ask for the passphrase. Before docker pull: %s\n", command)
	}
	return nil
}

// screenWidth is that of the narrowest terminal people have.
const screenWidth = 80

// aside writes a text of the guide, two columns in.
func aside(terminal *ui.Terminal, text string) {
	terminal.Printf("  %s\n", commandline.WrapWithin(screenWidth, text, 2))
}

// tilde writes a path below the home directory in the short form.
func (s *session) tilde(path string) string {
	if rest, err := filepath.Rel(s.config.Paths.Home, path); err == nil && filepath.IsLocal(rest) {
		return filepath.Join("~", rest)
	}
	return path
}
