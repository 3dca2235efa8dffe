package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newDockerUnconfigureCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "unconfigure",
		Usage: "put Docker's config.json back as it was",
		Description: `Takes back what ragenv docker configure changed, that for Podman included, and leaves what was changed by others since. The keys stay in the keychain; logins
that were moved there do not return to the file, in plain text: log in again where Docker should keep one.

  # Restore Docker's configuration
  ragenv docker unconfigure`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if err := runDockerUnconfigure(s); err != nil {
				return err
			}
			return s.unconfigurePodman()
		},
	}
}

func runDockerUnconfigure(s *session) error {
	path := s.dockerConfigPath()
	record, err := dockerconfig.LoadUndo(s.dockerUndoFile())
	if err != nil {
		return err
	}
	stays := false
	var gone []string // whose login was moved, and is not back
	changed, err := dockerconfig.Edit(path, func(f *dockerconfig.File) error {
		if len(record.Edits) > 0 {
			f.Revert(record)
		} else {
			removeHelper(f) // configured by hand, or the record is lost
		}
		stays = namesHelper(f)
		gone = slices.DeleteFunc(record.Cleared(), func(server string) bool { return hasPlaintext(f, server) || asksHelper(f, server) })
		return nil
	})
	if err != nil {
		return dockerConfigErrorAt(path, err)
	}
	if err := (dockerconfig.Undo{}).Save(s.dockerUndoFile()); err != nil {
		return err
	}
	switch {
	case changed && len(gone) > 0:
		s.print.Note("%s is as it was before ragenv docker configure, but for the logins that were moved", path)
	case changed:
		s.print.Note("%s is as it was before ragenv docker configure", path)
	default:
		s.print.Note("nothing to take back in %s", path)
	}
	if stays {
		s.print.Note("%s is still named there, as it was before", helperProgram)
		s.hint("ragenv docker unconfigure, run again, removes that too")
	}
	s.explainMovedLogins(gone)
	return nil
}

// explainMovedLogins says where the logins are that Docker does not have any more, and how it gets them again.
func (s *session) explainMovedLogins(servers []string) {
	if len(servers) == 0 {
		return
	}
	k, err := s.quietOpener().Read()
	for _, server := range servers {
		hint := "docker login " + shellquote.Word(server)
		item, has := keychain.Item{}, false
		if err == nil {
			item, has = s.movedLogin(k, server)
		}
		if !has {
			s.print.Note("Docker has no login for %s now: the one that was moved is no longer in the keychain%s", server, s.inProfile())
			s.hint(hint)
			continue
		}
		if item.Username != "" && item.Username != secrets.TokenUser {
			hint = "ragenv get" + s.forProfile() + " " + shellquote.Word(item.Name) + " | " + hint + " --username " + shellquote.Word(item.Username) + " --password-stdin"
		}
		s.print.Note("Docker has no login for %s now: it is in the keychain, as %s%s, and stays there", server, item.Name, s.inProfile())
		s.hint(hint)
	}
}

// movedLogin returns the item that the login of a server became, with the user that its registry knows it by; without one where the
// keychain is locked.
func (s *session) movedLogin(k *keychain.Keychain, server string) (keychain.Item, bool) {
	registry, err := serverurl.Canonical(server)
	if err != nil {
		return keychain.Item{}, false
	}
	if known, ok := secrets.ForRegistry(registry); ok {
		if has, err := k.Has(s.envRef(known.Name)); err == nil && has {
			return keychain.Item{Ref: s.envRef(known.Name), Username: known.Username}, true
		}
	}
	item := keychain.Item{Ref: keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindRegistry, Name: registry}}
	has, err := k.Has(item.Ref)
	if err != nil || !has {
		return keychain.Item{}, false
	}
	if k.Unlocked() {
		if read, err := k.Get(item.Ref); err == nil {
			item.Username = read.Username
		}
	}
	return item, true
}
