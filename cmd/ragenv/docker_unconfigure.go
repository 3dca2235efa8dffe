package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
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
		return dockerConfigErrorAt(path, err)
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
