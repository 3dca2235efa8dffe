package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
)

func newDockerUnconfigureCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "unconfigure",
		Usage: "put Docker's config.json back as it was",
		Description: `Takes back what ragenv docker configure changed, that for Podman included, and leaves what was changed by others since. The keys stay in the keychain; logins
that were moved there do not return to the file, in plain text: log in again where Docker should keep one.`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := noArguments(c); err != nil {
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
	changed, err := dockerconfig.Edit(path, func(f *dockerconfig.File) error {
		if len(record.Edits) > 0 {
			f.Revert(record)
		} else {
			removeHelper(f) // configured by hand, or the record is lost
		}
		stays = namesHelper(f)
		return nil
	})
	if err != nil {
		return dockerConfigError(err)
	}
	if err := (dockerconfig.Undo{}).Save(s.dockerUndoFile()); err != nil {
		return err
	}
	switch {
	case changed:
		s.print.Note("%s is as it was before ragenv docker configure", path)
	default:
		s.print.Note("nothing to take back in %s", path)
	}
	if stays {
		s.print.Note("%s is still named there, as it was before", helperProgram)
		s.hint("ragenv docker unconfigure once more takes that out too")
	}
	return nil
}

// namesHelper tells whether Docker asks the helper for anything.
func namesHelper(f *dockerconfig.File) bool {
	if f.CredsStore() == helperName {
		return true
	}
	for _, name := range f.CredHelpers() {
		if name == helperName {
			return true
		}
	}
	return false
}

// removeHelper takes the helper out wherever it is named.
func removeHelper(f *dockerconfig.File) {
	if f.CredsStore() == helperName {
		f.RemoveCredsStore()
	}
	for host, name := range f.CredHelpers() {
		if name == helperName {
			f.RemoveCredHelper(host)
		}
	}
}

// helperFor returns the helper that Docker asks for nvcr.io, and the setting that names it; "" if none is.
func helperFor(f *dockerconfig.File) (name, setting string) {
	if name, ok := f.CredHelper(serverurl.NGC); ok {
		return name, "credHelpers"
	}
	if name := f.CredsStore(); name != "" {
		return name, "credsStore"
	}
	return "", ""
}
