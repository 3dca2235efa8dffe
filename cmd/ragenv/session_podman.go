package main

import (
	"errors"
	"io"
	"os/exec"
	"strings"

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

func (s *session) podmanPlace() podmanconfig.Place {
	return podmanconfig.Of(s.config.Paths.Home, s.getenv)
}

// configurePodman names the helper in Podman's configuration, or says with dryRun what that would change.
func (s *session) configurePodman(dryRun bool) error {
	place := s.podmanPlace()
	if dryRun {
		texts, err := place.Preview(helperName)
		if err != nil {
			return podmanConfigError(err)
		}
		named, added, err := place.NamedFile(helperName)
		switch {
		case err != nil:
			return podmanConfigError(err)
		case len(texts) == 0 && added == "":
			s.print.Note("nothing would change: Podman asks %s already", helperProgram)
			return nil
		}
		for _, file := range texts {
			s.print.Note("%s would be:", file.Path)
			if _, err := io.WriteString(ui.Shown(s.stdout), file.Text); err != nil {
				return err
			}
		}
		if added != "" {
			s.print.Note("%s, which $%s names, would begin with:", named, podmanconfig.EnvNamed)
			_, err = io.WriteString(ui.Shown(s.stdout), added)
		}
		return err
	}
	changed, err := place.Configure(helperName)
	if err != nil {
		return podmanConfigError(err)
	}
	if changed {
		files := strings.Join(place.Paths(), ", ")
		if place.Named != "" {
			files += ", " + place.Named
		}
		s.print.Note("Podman, Buildah and Skopeo ask %s for every registry now (%s)", helperProgram, files)
	} else {
		s.print.Note("Podman, Buildah and Skopeo ask %s already", helperProgram)
	}
	s.warnOfMissingHelper()
	return nil
}

// unconfigurePodman takes back what configurePodman did, if it did anything.
func (s *session) unconfigurePodman() error {
	place := s.podmanPlace()
	removed, err := place.Unconfigure()
	if len(removed) > 0 {
		s.print.Note("removed %s", strings.Join(removed, ", "))
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
	s.print.Note("%s ignores credsStore", program)
	s.hint("ragenv docker configure --podman")
}

// podmanConfigError adds to an error of podmanconfig what can be done about it.
func podmanConfigError(err error) error {
	var named *podmanconfig.NamedError
	var overridden *podmanconfig.OverriddenError
	var syntax *podmanconfig.SyntaxError
	switch {
	case errors.As(err, &named) && named.Line != "":
		return ui.Errorf("unset "+named.Variable+", or add this line at the start of the file: "+strings.TrimSpace(named.Line), "%w", err)
	case errors.As(err, &named):
		return ui.Errorf("unset "+named.Variable+", or let it name a file, by its absolute path", "%w", err)
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
	switch {
	case err != nil:
		return "unknown: " + err.Error()
	case asks:
		return helperProgram + " (credential-helpers)"
	}
	setting := "credHelpers"
	authFile := s.getenv(podmanconfig.EnvAuthFile) // by newer versions in place of Docker's config.json, by 4.3 before it
	if authFile != "" {
		if f, err = dockerconfig.Load(authFile); err != nil {
			return "unknown: $" + podmanconfig.EnvAuthFile + ": " + err.Error()
		}
		setting += " of " + authFile
	}
	if name, _ := f.CredHelper(serverurl.NGC); name == helperName {
		return helperProgram + " for " + serverurl.NGC + " (" + setting + ")"
	}
	why := ""
	if authFile != "" {
		why = ", as newer versions read $" + podmanconfig.EnvAuthFile + " in place of Docker's config.json"
	}
	return "no " + helperProgram + why + ": ragenv docker configure --podman"
}
