package holders

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/ragenv/ragenv/internal/injection"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// AfterRotation lists what still has the former value of a key that was just replaced. The rotation is
// done, so a failure here is only a warning.
func AfterRotation(s *session.Session, name string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := Search(s, ctx, Options{Names: []string{name}})
	if err != nil || ctx.Err() != nil {
		s.Print.Warn("did not search for what still has the old key")
		s.Hint("ragenv where " + name)
		return
	}
	old := report.Old()
	if len(old) == 0 {
		s.Print.Note("nothing that was searched has the old key (%s lists what was searched)", s.Print.Completed("ragenv where "+name))
		return
	}
	s.Print.Warn("%s the old key", strings.Replace(have(old), " ha", " still ha", 1))
	if len(report.Restarts()) > 0 {
		s.Hint("ragenv rotate --restart " + name)
	} else {
		s.Hint("ragenv where " + name)
	}
}

// Restart shows and runs the Compose commands that give containers the stored key, and then searches
// again.
func Restart(s *session.Session, ref keychain.Ref, yes bool) error {
	search := func() (*where.Report, error) {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop() // at the question, Ctrl-C must end the program
		report, err := Search(s, ctx, Options{Names: []string{ref.Name}})
		if err == nil && ctx.Err() != nil {
			err = ui.ErrInterrupted
		}
		return report, err
	}
	report, err := search()
	if err != nil {
		return err
	}
	if restarts := report.Restarts(); len(restarts) > 0 {
		if err := confirmRestarts(s, ref, restarts, yes); err != nil {
			return err
		}
		environ, err := injection.Environ(s, os.Environ())
		if err != nil {
			return err
		}
		failed, err := restartAll(s, restarts, environ)
		if err != nil {
			return err
		}
		if report, err = search(); err != nil {
			return err
		}
		// Without an old value, the services that did not start are what is left to do.
		if len(failed) > 0 && len(report.Old()) == 0 {
			return ui.Errorf(failed[0].Command(), "%d of %d docker compose commands failed", len(failed), len(restarts))
		}
	}
	return conclude(s, ref, report)
}

// restartAll runs the commands, also those after one that failed: other projects must not keep the old key
// because of it. It returns those that failed. Errors: docker is not on PATH, ui.ErrInterrupted.
func restartAll(s *session.Session, restarts []*where.Restart, environ []string) (failed []*where.Restart, err error) {
	for _, r := range restarts {
		err := restart(s, r, environ)
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			failed = append(failed, r)
			s.Print.Warn("%s", err)
			s.Hint(r.Command())
		case err != nil:
			return nil, err
		}
	}
	return failed, nil
}

// confirmRestarts shows the commands and, unless yes is set, asks for confirmation.
func confirmRestarts(s *session.Session, ref keychain.Ref, restarts []*where.Restart, yes bool) error {
	again := "ragenv rotate --restart --yes " + ref.Name
	if yes {
		for _, r := range restarts {
			s.Print.Note("%s", s.Print.Completed(r.Command()))
		}
		return nil
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf(again, "%w, and restarting services needs confirmation", err)
	}
	defer terminal.Close()
	for _, r := range restarts {
		terminal.Printf("  %s\n", ui.Printable(s.Print.Completed(r.Command())))
	}
	agreed, err := terminal.Confirm("Run "+map[bool]string{true: "this", false: "these"}[len(restarts) == 1]+" now?", false)
	if err == nil && !agreed {
		err = ui.Errorf("ragenv where "+ref.Name, "nothing was restarted")
	}
	return err
}

// restart runs one of the commands. Its output goes to standard error, because other programs read this
// command's standard output.
func restart(s *session.Session, r *where.Restart, environ []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	args := r.Args()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = r.Dir, environ, s.Stderr, s.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ui.ErrInterrupted
	case errors.Is(err, exec.ErrNotFound):
		return ui.Errorf(r.Command(), "docker is not on PATH")
	case err != nil:
		return ui.Errorf(r.Command(), "docker compose failed for project %s: %w", r.Project, err)
	}
	return nil
}

// conclude returns an error if something still has the old key. Otherwise it says that the key can be
// deleted, and where.
func conclude(s *session.Session, ref keychain.Ref, report *where.Report) error {
	if old := report.Old(); len(old) > 0 {
		var b strings.Builder
		writeHolders(&b, old, ui.StyleFor(s.Stderr, s.Getenv))
		_, _ = s.Stderr.Write([]byte(b.String()))
		return ui.Errorf("after the commands above: ragenv rotate --restart "+ref.Name,
			"%s the old key", strings.Replace(have(old), " ha", " still ha", 1))
	}
	for _, u := range report.Unread {
		s.Print.Note("not searched: %s: %s", u.What, u.Reason)
	}
	s.Print.Note("nothing that was searched has the old key; it can be deleted")
	known, _ := secrets.Lookup(ref.Name)
	if known.Docs != "" {
		s.Hint("delete the old key at " + known.Docs + ", then: ragenv rotate --confirm " + ref.Name)
	} else {
		s.Hint("ragenv rotate --confirm " + ref.Name)
	}
	return nil
}
