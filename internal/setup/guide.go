package setup

import (
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// guide runs the setup on a terminal. If nothing is mistyped, everything fits on a screen of 24 lines and
// 80 columns.
func guide(s *session.Session, terminal *ui.Terminal, o Options) error {
	say(terminal, "Press Enter to skip a step; rerun ragenv setup at any time. Ctrl-C quits.")
	if err := chooseBackend(s, o.Backend); err != nil {
		return err
	}
	if err := guideKeychain(s, terminal, o); err != nil {
		return err
	}
	stored, err := guideKeys(s, terminal, o)
	if err != nil {
		return err
	}
	if err := guideDocker(s, terminal, o); err != nil {
		return err
	}
	if err := guideDetails(s, terminal, stored, o); err != nil {
		return err
	}
	return guideEnd(s, terminal)
}

func guideKeychain(s *session.Session, terminal *ui.Terminal, o Options) error {
	existed := keychain.FileStoreExists(s.Config.Paths.Store)
	if err := makeKeychain(s.Quietly(), o, terminal); err != nil {
		return err
	}
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	if existed && k.Backend() == keychain.BackendFile {
		// Keys could be stored without this, but nobody could read them.
		if err := s.EnsureUnlocked(k); err != nil {
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
	done(terminal, "Keychain: "+about+s.InProfile())
	return nil
}

// guideKeys asks for every wanted key that is not stored, and returns the items it stored.
func guideKeys(s *session.Session, terminal *ui.Terminal, o Options) ([]keychain.Item, error) {
	k, err := s.Opener().Read()
	if err != nil {
		return nil, err
	}
	var stored []keychain.Item
	for _, known := range secrets.All() {
		if !known.Wanted || slices.Contains(s.Config.Unused, known.Name) {
			continue
		}
		has, err := k.Has(s.EnvRef(known.Name))
		if err != nil {
			return nil, err
		}
		if has {
			done(terminal, known.Name+" is stored")
			continue
		}
		terminal.Printf("%s (%s)\n", terminal.Style.Bold(known.Title), known.Name)
		item := keychain.Item{Ref: s.EnvRef(known.Name)}
		if item.Secret, err = guideKey(s, terminal, known, o); err != nil {
			return nil, err
		}
		if item.Secret.Empty() {
			if known.Optional {
				if err := s.Config.SetUnused(known.Name, true); err != nil {
					return nil, err
				}
			}
			aside(terminal, "Skipped. To do it later: "+s.Print.Completed("ragenv set "+known.Name))
			continue
		}
		done(terminal, "Stored "+known.Name+s.InProfile())
		stored = append(stored, item)
	}
	return stored, nil
}

// guideKey stores and returns a well-shaped key that was found or typed. It returns an empty secret if the
// key was skipped.
func guideKey(s *session.Session, terminal *ui.Terminal, known secrets.Secret, o Options) (keychain.Secret, error) {
	value, err := offerFound(s, terminal, known, o)
	if err != nil {
		return keychain.Secret{}, err
	}
	if value == "" {
		aside(terminal, known.Docs+": "+known.Steps)
	}
	skip := "Enter to skip"
	if known.Optional {
		skip = "Enter if you do not use one"
	}
	return guideValue(s, terminal, known, value, "  Paste it here (hidden; "+skip+"): ")
}

// guideValue stores and returns the first well-shaped key among value and the answers at the prompt, empty
// for none. Services show a key only once, so it is stored before any other question.
func guideValue(s *session.Session, terminal *ui.Terminal, known secrets.Secret, value, prompt string) (keychain.Secret, error) {
	for {
		if value == "" {
			typed, err := terminal.ReadSecret(prompt)
			if err != nil || len(typed) == 0 {
				return keychain.Secret{}, err
			}
			value = string(typed)
		}
		key := validate.Trim(known.Kind, value)
		if key != value && key != "" {
			aside(terminal, "White space around the key was removed.")
		}
		secret := keychain.NewSecret(key)
		value = ""
		shaped, err := acceptableShape(s, terminal, known, secret)
		if err != nil {
			return keychain.Secret{}, err
		}
		if !shaped {
			continue
		}
		return secret, s.Quietly().Store(keychain.Item{Ref: s.EnvRef(known.Name), Secret: secret}, false)
	}
}

// offerFound offers a key from the shell's environment or from Docker's config.json. It returns "" if there
// is none or if it is declined.
func offerFound(s *session.Session, terminal *ui.Terminal, known secrets.Secret, o Options) (string, error) {
	wellShaped := func(value string) bool {
		return value != "" && validate.Worst(validate.Check(known.Kind, value)) < validate.Unusual
	}
	if value := s.Getenv(known.Name); wellShaped(value) {
		if o.FromEnv {
			return value, nil
		}
		if yes, err := terminal.Confirm("  $"+known.Name+" is set in this shell. Store that key?", true); err != nil || yes {
			return value, err
		}
	}
	f, err := dockerconfig.Load(dockersetup.ConfigPath(s))
	if err != nil {
		return "", nil // the Docker step says so
	}
	logins, _ := dockersetup.ReadLogins(s, f, false)
	for _, login := range logins {
		if value := login.Item.Secret.Reveal(); login.Item.Ref == s.EnvRef(known.Name) && wellShaped(value) {
			yes, err := terminal.Confirm("  docker login left one in plain text in "+s.Config.Paths.Tilde(f.Path())+". Store it?", true)
			if err != nil || yes {
				return value, err
			}
		}
	}
	return "", nil
}

// acceptableShape checks the shape of a key, and asks whether to store an unusual one.
func acceptableShape(s *session.Session, terminal *ui.Terminal, known secrets.Secret, secret keychain.Secret) (bool, error) {
	findings := validate.Check(known.Kind, secret.Reveal())
	for _, finding := range findings {
		aside(terminal, finding.Message+": "+finding.Hint)
	}
	switch validate.Worst(findings) {
	case validate.Refuse:
		return false, nil
	case validate.Unusual:
		if yes, err := terminal.Confirm("  Store it anyway?", false); err != nil || !yes {
			return false, err
		}
	}
	return true, nil
}

// guideDetails offers the optional steps for the keys that were just stored: the online check and the
// expiry. One question covers both.
func guideDetails(s *session.Session, terminal *ui.Terminal, stored []keychain.Item, o Options) error {
	i := slices.IndexFunc(stored, func(item keychain.Item) bool { return secrets.KindOf(item.Name) == validate.NGC })
	if i < 0 { // no other service reports which keys are valid
		return nil
	}
	item := stored[i]
	if o.Verify {
		if err := guideCheck(s, terminal, &item); err != nil {
			return err
		}
	}
	for {
		answer, err := terminal.ReadLine("Check the key with NVIDIA (y), note its expiry (90d, a date)? Enter to skip: ")
		if err != nil {
			return err
		}
		check := false
		words := slices.DeleteFunc(strings.Fields(answer), func(word string) bool {
			is := slices.Contains([]string{"y", "yes", "check"}, strings.ToLower(word))
			check = check || is
			return is
		})
		if len(words) > 0 && !slices.Contains([]string{"n", "no"}, strings.ToLower(words[0])) {
			if item.Expires, err = expiry.Parse(words[0], s.Now()); err != nil {
				aside(terminal, ui.Printable(err.Error())+"; answer y to check the key")
				continue
			}
			if err := s.Quietly().Store(item, false); err != nil {
				return err
			}
			done(terminal, "Noted: "+item.Name+" expires on "+item.Expires.In(s.Now().Location()).Format(time.DateOnly))
		}
		if check {
			return guideCheck(s, terminal, &item)
		}
		return nil
	}
}

// guideCheck checks a key with its service, and asks for another key if the service refuses this one.
func guideCheck(s *session.Session, terminal *ui.Terminal, item *keychain.Item) error {
	known, _ := secrets.Lookup(item.Name)
	for {
		result := s.Services.AskInterruptibly(*item)
		about := ui.Printable(item.Name + " is " + string(result.Outcome) + ": " + result.Detail)
		refused := result.Outcome == probe.Invalid || result.Outcome == probe.LacksRights
		switch {
		case refused:
			say(terminal, terminal.Style.Cross()+" "+about)
		case result.Outcome == probe.Valid:
			done(terminal, about)
		default:
			say(terminal, terminal.Style.Warning()+" "+about)
		}
		for _, missing := range result.Missing {
			aside(terminal, ui.Printable("without "+missing.Title+": "+missing.Effect))
		}
		if !refused {
			return nil
		}
		secret, err := guideValue(s, terminal, known, "", "  Paste another key (hidden; Enter to keep this one): ")
		if err != nil || secret.Empty() {
			return err
		}
		item.Secret, item.Expires = secret, time.Time{}
		done(terminal, "Stored "+item.Name+s.InProfile())
	}
}

// guideDocker offers to configure Docker, unless that is done already.
func guideDocker(s *session.Session, terminal *ui.Terminal, o Options) error {
	f, err := dockerconfig.Load(dockersetup.ConfigPath(s))
	if err != nil {
		return dockersetup.ExplainError(err)
	}
	if name, _ := f.HelperFor(serverurl.NGC); name == dockersetup.HelperName {
		done(terminal, "Docker uses "+dockersetup.HelperProgram+" for "+serverurl.NGC)
		dockersetup.WarnOfMissingHelper(s)
		return nil
	}
	if !o.Docker {
		yes, err := terminal.Confirm("Let Docker log in to "+serverurl.NGC+" with the stored key?", true)
		if err != nil {
			return err
		}
		if !yes {
			aside(terminal, "Skipped. To do it later: ragenv docker configure")
			return nil
		}
	}
	configuring := s
	if logins, _ := dockersetup.ReadLogins(s, f, false); len(logins) == 0 { // moving logins is explained
		configuring = s.Quietly()
	}
	if err := dockersetup.ConfigureFile(configuring, f, dockersetup.Options{}); err != nil {
		return err
	}
	done(terminal, "Docker uses "+dockersetup.HelperProgram+" for "+serverurl.NGC+" ("+s.Config.Paths.Tilde(f.Path())+")")
	return nil
}

// guideEnd proves that the setup works, and shows the command for the first pull.
func guideEnd(s *session.Session, terminal *ui.Terminal) error {
	if err := prove(s, terminal); err != nil {
		return err
	}
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	has, err := k.Has(s.EnvRef(secrets.NGCAPIKey))
	if err != nil {
		return err
	}
	f, err := dockerconfig.Load(dockersetup.ConfigPath(s))
	if err != nil {
		return dockersetup.ExplainError(err)
	}
	name, _ := f.HelperFor(serverurl.NGC)
	next := "docker pull " + services.BlueprintImage
	switch {
	case !has:
		next = "ragenv set " + secrets.NGCAPIKey
	case name != dockersetup.HelperName:
		next = "ragenv -- docker compose up"
	case s.ForProfile() != "":
		next = "ragenv -- " + next
	}
	if protected, err := k.Protected(); k.Backend() == keychain.BackendFile && err == nil && protected {
		unlock := "ragenv unlock --for 8h"
		if !keychain.CanStayUnlocked() {
			unlock = passphrase.FileHint()
		}
		say(terminal, "Docker cannot ask for the passphrase. When the unlock expires ("+ui.ShortDuration(s.Config.Unlock)+"):")
		terminal.Printf("  %s\n", unlock)
	}
	terminal.Printf("Next: %s\n", terminal.Style.Bold(s.Print.Completed(next))) // not wrapped, so it can be pasted
	return nil
}
