package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where/holders"
)

type whereOptions struct {
	holders.Options
	json bool
}

func newWhereCommand(p *program) *cli.Command {
	var o whereOptions
	return &cli.Command{
		Name:      "where",
		Usage:     "show what still has a current or old key",
		ArgsUsage: "[NAME...]",
		Description: `Searches for current and old values of your keys: in Docker's and Podman's containers, the files where keys are often
left, this shell, and your running processes. For each place it prints the command that removes or replaces the value.
It never prints a value, and changes nothing. Without NAME it searches for all keys of the profile.

The exit code is 1 if an old value was found: one that was replaced or removed. What could not be read is listed.

--json prints an object with the members holders, searched and unread, described in docs/where.md. More members may be
added; none will change its meaning.

  # Find every place that has a stored key, or had one
  ragenv where

  # Search another directory as well
  ragenv where NGC_API_KEY --path /srv/rag

  # Search the cluster as well, for a script
  ragenv where --kubernetes --json`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
			&cli.BoolFlag{Name: "kubernetes", Destination: &o.Kubernetes, Usage: "also search Secrets, Helm releases and pods, with kubectl"},
			&cli.StringSliceFlag{Name: "path", Usage: "also search the directory or file `DIR` (repeatable)"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			for _, name := range c.Args().Slice() {
				if err := envName(c, name); err != nil {
					return err
				}
				o.Names = append(o.Names, name)
			}
			for _, path := range c.StringSlice("path") {
				absolute, err := filepath.Abs(path)
				if err == nil {
					_, err = os.Stat(absolute)
				}
				if err != nil {
					return ui.Usagef("ragenv where --path .", "--path: %w", err)
				}
				o.Paths = append(o.Paths, absolute)
			}
			return runWhere(s, o)
		},
	}
}

func runWhere(s *session.Session, o whereOptions) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := holders.Search(s, ctx, o.Options)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	if o.json {
		encoder := json.NewEncoder(s.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(report)
	} else {
		_, err = io.WriteString(s.Stdout, holders.Describe(report, ui.StyleFor(s.Stdout, s.Getenv)))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if len(report.Old()) > 0 {
		return exitStatus(ui.CodeFailure)
	}
	return nil
}
