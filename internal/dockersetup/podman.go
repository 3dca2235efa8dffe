package dockersetup

import (
	"errors"
	"io"
	"os/exec"
	"strings"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/podmanconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

// FindPodman returns the first of podmanconfig.Programs on PATH, or "".
func FindPodman() string {
	for _, name := range podmanconfig.Programs {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return ""
}

func podmanPlace(s *session.Session) podmanconfig.Place {
	return podmanconfig.Of(s.Config.Paths.Home, s.Getenv)
}

// ConfigurePodman adds the helper to Podman's configuration or, with dryRun, shows the change.
func ConfigurePodman(s *session.Session, dryRun bool) error {
	place := podmanPlace(s)
	if dryRun {
		texts, err := place.Preview(HelperName)
		if err != nil {
			return podmanConfigError(err)
		}
		named, added, err := place.NamedFile(HelperName)
		switch {
		case err != nil:
			return podmanConfigError(err)
		case len(texts) == 0 && added == "":
			s.Print.Note("nothing would change: Podman already uses %s", HelperProgram)
			return nil
		}
		for _, file := range texts {
			s.Print.Note("%s would be:", file.Path)
			if _, err := io.WriteString(ui.Shown(s.Stdout), file.Text); err != nil {
				return err
			}
		}
		if added != "" {
			s.Print.Note("%s, which $%s names, would begin with:", named, podmanconfig.EnvNamed)
			_, err = io.WriteString(ui.Shown(s.Stdout), added)
		}
		return err
	}
	changed, err := place.Configure(HelperName)
	if err != nil {
		return podmanConfigError(err)
	}
	if changed {
		files := strings.Join(place.Paths(), ", ")
		if place.Named != "" {
			files += ", " + place.Named
		}
		s.Print.Note("Podman, Buildah and Skopeo now use %s for every registry (%s)", HelperProgram, files)
	} else {
		s.Print.Note("Podman, Buildah and Skopeo already use %s", HelperProgram)
	}
	WarnOfMissingHelper(s)
	return nil
}

// UnconfigurePodman undoes ConfigurePodman, if it changed anything.
func UnconfigurePodman(s *session.Session) error {
	place := podmanPlace(s)
	removed, err := place.Unconfigure()
	if len(removed) > 0 {
		s.Print.Note("removed %s", strings.Join(removed, ", "))
	}
	return podmanConfigError(err)
}

// warnOfPodman warns Podman users that credsStore does not apply to Podman.
func warnOfPodman(s *session.Session) {
	program := FindPodman()
	if program == "" {
		return
	}
	if asked, err := podmanPlace(s).Asks(HelperName); err != nil || asked {
		return
	}
	s.Print.Note("%s ignores credsStore", program)
	s.Hint("ragenv docker configure --podman")
}

// podmanConfigError adds a hint to an error of podmanconfig.
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
		return ui.Errorf(`add "`+HelperName+`" to the list there`, "%w", err)
	case errors.As(err, &syntax):
		return ui.Errorf("correct that file; nothing was changed", "%w", err)
	case errors.Is(err, podmanconfig.ErrEdited):
		return ui.Errorf("edit or delete it by hand", "%w", err)
	}
	return err
}

// DescribePodman returns the setting by which Podman asks the helper.
func DescribePodman(s *session.Session, f *dockerconfig.File) string {
	asks, err := podmanPlace(s).Asks(HelperName)
	switch {
	case err != nil:
		return "unknown: " + err.Error()
	case asks:
		return HelperProgram + " (credential-helpers)"
	}
	setting := "credHelpers"
	authFile := s.Getenv(podmanconfig.EnvAuthFile) // newer versions read it instead of Docker's config.json, 4.3 before it
	if authFile != "" {
		if f, err = dockerconfig.Load(authFile); err != nil {
			return "unknown: $" + podmanconfig.EnvAuthFile + ": " + err.Error()
		}
		setting += " of " + authFile
	}
	if name, _ := f.CredHelper(serverurl.NGC); name == HelperName {
		return HelperProgram + " for " + serverurl.NGC + " (" + setting + ")"
	}
	why := ""
	if authFile != "" {
		why = ", as newer versions read $" + podmanconfig.EnvAuthFile + " in place of Docker's config.json"
	}
	return "no " + HelperProgram + why + ": ragenv docker configure --podman"
}
