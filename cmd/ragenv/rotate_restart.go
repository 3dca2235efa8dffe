package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// afterRotation says what still has the former value of a key that was just replaced. The rotation is done, so whatever fails
// here is a warning.
func (s *session) afterRotation(name string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := s.search(ctx, whereOptions{names: []string{name}})
	if err != nil || ctx.Err() != nil {
		s.print.Warn("what still has the old key was not searched for")
		s.hint("ragenv where" + s.forProfile() + " " + name)
		return
	}
	old := report.Old()
	if len(old) == 0 {
		s.print.Note("nothing that was searched has the old key (ragenv where%s %s lists what was searched)", s.forProfile(), name)
		return
	}
	s.print.Warn("%s the old key", strings.Replace(have(old), " ha", " still ha", 1))
	if len(report.Restarts()) > 0 {
		s.hint("ragenv rotate" + s.forProfile() + " --restart " + name)
	} else {
		s.hint("ragenv where" + s.forProfile() + " " + name)
	}
}

// restartHolders runs the Compose commands that give containers the stored key, after showing them, and searches again.
func (s *session) restartHolders(ref keychain.Ref, yes bool) error {
	search := func() (*where.Report, error) {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop() // at the question Ctrl-C is to end the program
		report, err := s.search(ctx, whereOptions{names: []string{ref.Name}})
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
		if err := s.confirmRestarts(ref, restarts, yes); err != nil {
			return err
		}
		built, err := s.commandEnvironment(environmentWanted{base: os.Environ()})
		if err != nil {
			return err
		}
		for _, r := range restarts {
			if err := s.restart(r, built.Env); err != nil {
				return err
			}
		}
		if report, err = search(); err != nil {
			return err
		}
	}
	return s.conclude(ref, report)
}

// confirmRestarts shows the commands, and asks unless yes is set.
func (s *session) confirmRestarts(ref keychain.Ref, restarts []*where.Restart, yes bool) error {
	again := "ragenv rotate" + s.forProfile() + " --restart --yes " + ref.Name
	if yes {
		for _, r := range restarts {
			s.print.Note("%s", r.Command())
		}
		return nil
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf(again, "%w, and restarting services needs a yes", err)
	}
	defer terminal.Close()
	for _, r := range restarts {
		terminal.Printf("  %s\n", ui.Printable(r.Command()))
	}
	agreed, err := terminal.Confirm("Run "+map[bool]string{true: "this", false: "these"}[len(restarts) == 1]+" now?", false)
	if err == nil && !agreed {
		err = ui.Errorf("ragenv where"+s.forProfile()+" "+ref.Name, "nothing was restarted")
	}
	return err
}

// restart runs one of the commands. It writes to standard error, as this command's own output is for other programs.
func (s *session) restart(r *where.Restart, environ []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	args := r.Args()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = r.Dir, environ, s.stderr, s.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ui.ErrInterrupted
	case errors.Is(err, exec.ErrNotFound):
		return ui.Errorf(r.Command(), "docker is not on PATH")
	case err != nil:
		return ui.Errorf(r.Command(), "docker compose failed: %w", err)
	}
	return nil
}

// conclude says that the old key can be deleted where nothing that was searched has it, and where that is done.
func (s *session) conclude(ref keychain.Ref, report *where.Report) error {
	if old := report.Old(); len(old) > 0 {
		var b strings.Builder
		writeHolders(&b, old)
		_, _ = s.stderr.Write([]byte(b.String()))
		return ui.Errorf("ragenv rotate"+s.forProfile()+" --restart "+ref.Name+", after the commands above",
			"%s the old key", strings.Replace(have(old), " ha", " still ha", 1))
	}
	for _, u := range report.Unread {
		s.print.Note("not searched: %s: %s", u.What, u.Reason)
	}
	s.print.Note("nothing that was searched has the old key; it can be deleted")
	known, _ := secrets.Lookup(ref.Name)
	if known.Docs != "" {
		s.hint("delete the old key at " + known.Docs + ", then: ragenv rotate" + s.forProfile() + " --confirm " + ref.Name)
	} else {
		s.hint("ragenv rotate" + s.forProfile() + " --confirm " + ref.Name)
	}
	return nil
}
