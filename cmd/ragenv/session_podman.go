package main

import (
	"errors"
	"os/exec"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/podmanconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
)

// podmanPrograms are those that read Podman's configuration.
var podmanPrograms = []string{"podman", "buildah", "skopeo"}

// findPodman returns the first of them on PATH, "" for none.
func findPodman() string {
	for _, name := range podmanPrograms {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return ""
}

func (s *session) podmanPlace() podmanconfig.Place { return podmanconfig.Of(s.config.Paths.Home) }

// configurePodman names the helper in Podman's configuration, or says with dryRun what that would change.
func (s *session) configurePodman(dryRun bool) error {
	place := s.podmanPlace()
	if dryRun {
		text, err := place.Preview(helperName)
		switch {
		case err != nil:
			return podmanConfigError(err)
		case text == "":
			s.print.Note("nothing would change: Podman asks %s already", helperProgram)
			return nil
		}
		s.print.Note("%s would be:", place.Path())
		_, err = s.stdout.Write([]byte(text))
		return err
	}
	changed, err := place.Configure(helperName)
	if err != nil {
		return podmanConfigError(err)
	}
	if changed {
		s.print.Note("Podman, Buildah and Skopeo ask %s for every registry now (%s)", helperProgram, place.Path())
	} else {
		s.print.Note("Podman, Buildah and Skopeo ask %s already", helperProgram)
	}
	s.warnOfMissingHelper()
	return nil
}

// unconfigurePodman takes back what configurePodman did, if it did anything.
func (s *session) unconfigurePodman() error {
	place := s.podmanPlace()
	changed, err := place.Unconfigure()
	if changed {
		s.print.Note("removed %s", place.Path())
	}
	return podmanConfigError(err)
}

// warnOfPodman tells who uses Podman that credsStore is not for it.
func (s *session) warnOfPodman() {
	program := findPodman()
	if program == "" {
		return
	}
	if asked, err := s.podmanPlace().Asks(helperName); err != nil || asked {
		return
	}
	s.print.Note("%s takes no notice of credsStore", program)
	s.hint("ragenv docker configure --podman")
}

// podmanConfigError adds to an error of podmanconfig what can be done about it.
func podmanConfigError(err error) error {
	var overridden *podmanconfig.OverriddenError
	var syntax *podmanconfig.SyntaxError
	switch {
	case errors.As(err, &overridden):
		return ui.Errorf(`add "`+helperName+`" to the list there`, "%w", err)
	case errors.As(err, &syntax):
		return ui.Errorf("correct that file; nothing was changed", "%w", err)
	case errors.Is(err, podmanconfig.ErrEdited):
		return ui.Errorf("edit or delete it by hand", "%w", err)
	}
	return err
}

// describePodman says by which setting Podman asks the helper.
func (s *session) describePodman(f *dockerconfig.File) string {
	asks, err := s.podmanPlace().Asks(helperName)
	switch name, _ := f.CredHelper(serverurl.NGC); {
	case err != nil:
		return "unknown: " + err.Error()
	case asks:
		return helperProgram + " (credential-helpers)"
	case name == helperName:
		return helperProgram + " for " + serverurl.NGC + " (credHelpers)"
	}
	return "no " + helperProgram + ": ragenv docker configure --podman"
}
