package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newDockerUnconfigureCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "unconfigure",
		Usage: "restore Docker's config.json",
		Description: `Undoes what ragenv docker configure changed, also for Podman, and keeps later changes by others. Keys and moved logins
stay in the keychain. To let Docker keep a login in the file again, log in again.

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
			return dockersetup.UnconfigurePodman(s)
		},
	}
}

func runDockerUnconfigure(s *session.Session) error {
	path := dockersetup.ConfigPath(s)
	record, err := dockerconfig.LoadUndo(dockersetup.UndoFile(s))
	if err != nil {
		return err
	}
	stays := false
	var gone []string // servers whose login was moved to the keychain and is not back
	changed, err := dockerconfig.Edit(path, func(f *dockerconfig.File) error {
		if len(record.Edits) > 0 {
			f.Revert(record)
		} else {
			dockersetup.RemoveHelper(f) // configured by hand, or the record is lost
		}
		stays = dockersetup.NamesHelper(f)
		gone = slices.DeleteFunc(record.Cleared(), func(server string) bool {
			return dockersetup.HasPlaintext(f, server) || dockersetup.AsksHelper(f, server)
		})
		return nil
	})
	if err != nil {
		return dockersetup.ExplainErrorAt(path, err)
	}
	if err := (dockerconfig.Undo{}).Save(dockersetup.UndoFile(s)); err != nil {
		return err
	}
	switch {
	case changed && len(gone) > 0:
		s.Print.Note("restored %s, except for the logins that were moved to the keychain", path)
	case changed:
		s.Print.Note("restored %s", path)
	default:
		s.Print.Note("nothing to undo in %s", path)
	}
	if stays {
		s.Print.Note("%s is still configured there, as it was before", dockersetup.HelperProgram)
		s.Hint("run ragenv docker unconfigure again to remove that too")
	}
	explainMovedLogins(s, gone)
	return nil
}

// explainMovedLogins says where the logins are that Docker no longer has, and how to get them back.
func explainMovedLogins(s *session.Session, servers []string) {
	if len(servers) == 0 {
		return
	}
	k, err := s.QuietOpener().Read()
	for _, server := range servers {
		hint := "docker login " + shellquote.Word(server)
		item, has := keychain.Item{}, false
		if err == nil {
			item, has = movedLogin(s, k, server)
		}
		if !has {
			s.Print.Note("Docker now has no login for %s: the one that was moved is no longer in the keychain%s", server, s.InProfile())
			s.Hint(hint)
			continue
		}
		if item.Username != "" && item.Username != secrets.TokenUser {
			hint = "ragenv get " + shellquote.Word(item.Name) + " | " + hint + " --username " + shellquote.Word(item.Username) + " --password-stdin"
		}
		s.Print.Note("Docker now has no login for %s: it stays in the keychain, as %s%s", server, item.Name, s.InProfile())
		s.Hint(hint)
	}
}

// movedLogin returns the item that a server's login became, with the user name for its registry. The user
// name is missing if the keychain is locked.
func movedLogin(s *session.Session, k *keychain.Keychain, server string) (keychain.Item, bool) {
	registry, err := serverurl.Canonical(server)
	if err != nil {
		return keychain.Item{}, false
	}
	if known, ok := secrets.ForRegistry(registry); ok {
		if has, err := k.Has(s.EnvRef(known.Name)); err == nil && has {
			return keychain.Item{Ref: s.EnvRef(known.Name), Username: known.Username}, true
		}
	}
	item := keychain.Item{Ref: keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: registry}}
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
