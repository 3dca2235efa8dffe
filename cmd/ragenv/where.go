package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where"
)

type whereOptions struct {
	names            []string // nil for all of the profile
	paths            []string
	json, kubernetes bool
}

func newWhereCommand(p *program) *cli.Command {
	var o whereOptions
	return &cli.Command{
		Name:      "where",
		Usage:     "show what still has a key, and what still has an old one",
		ArgsUsage: "[NAME...]",
		Description: `Searches for the values that your keys have and had: Docker's and Podman's containers, the files where keys are often
left, this shell, and your running processes. For each place it prints the command that removes the value or replaces it. It never
prints a value, and changes nothing. Without NAME it searches for all keys of the profile.

It exits with 1 if something has an old value, one that was replaced or removed. It says what it could not read.

--json prints an object with the members holders, searched and unread; docs/where.md lists what is in them. More members may be
added; none will change its meaning.

  # Find every place that has a stored key, or had one
  ragenv where

  # Search another directory as well
  ragenv where NGC_API_KEY --path /srv/rag

  # Search the cluster as well, for a script
  ragenv where --kubernetes --json`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
			&cli.BoolFlag{Name: "kubernetes", Destination: &o.kubernetes, Usage: "search Secrets, Helm releases and pods too, with kubectl"},
			&cli.StringSliceFlag{Name: "path", Usage: "search the directory or file `DIR` too (repeatable)"},
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
				o.names = append(o.names, name)
			}
			for _, path := range c.StringSlice("path") {
				absolute, err := filepath.Abs(path)
				if err == nil {
					_, err = os.Stat(absolute)
				}
				if err != nil {
					return ui.Usagef("ragenv where --path .", "--path: %w", err)
				}
				o.paths = append(o.paths, absolute)
			}
			return runWhere(s, o)
		},
	}
}

func runWhere(s *session, o whereOptions) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := s.search(ctx, o)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	if o.json {
		encoder := json.NewEncoder(s.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(report)
	} else {
		_, err = io.WriteString(s.stdout, s.describe(report))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if len(report.Old()) > 0 {
		return exitStatus(ui.CodeFailure)
	}
	return nil
}

// describe returns a report as text: a line for each holder and its fix below.
func (s *session) describe(report *where.Report) string {
	var b strings.Builder
	writeHolders(&b, report.Holders)
	if len(report.Searched) > 0 {
		fmt.Fprintf(&b, "searched: %s\n", strings.Join(report.Searched, ", "))
	}
	for _, u := range report.Unread {
		fmt.Fprintf(&b, "not searched: %s: %s\n", ui.Printable(u.What), ui.Printable(u.Reason))
	}
	switch old, all := report.Old(), len(report.Holders); {
	case len(old) > 0:
		fmt.Fprintf(&b, "%s an old value\n", have(old))
	case all > 0:
		fmt.Fprintf(&b, "nothing that was searched has an old value; %s the present one\n", have(report.Holders))
	default:
		b.WriteString("nothing that was searched has a value of these keys\n")
	}
	return b.String()
}

func writeHolders(b *strings.Builder, holders []where.Holder) {
	states := map[where.State]string{where.Old: "OLD", where.Current: "current"}
	for _, h := range holders {
		parts := strings.Join(h.Where, ", ")
		if len(h.Keys) > 1 || h.Kind == where.KindFile || !strings.Contains(parts, h.Keys[0]) {
			parts = strings.Join(h.Keys, ", ") + " in " + parts
		}
		fmt.Fprintf(b, "%-7s  %s  %s\n", states[h.State], ui.Printable(h.Title()), ui.Printable(parts))
		if h.Fix != "" {
			fmt.Fprintf(b, "%7s  %s\n", "", ui.Printable(h.Fix))
		}
	}
}

// have is "1 container and 2 files have".
func have(holders []where.Holder) string {
	order := []struct{ kind, noun string }{
		{where.KindContainer, "container"}, {where.KindService, "swarm service"}, {where.KindPodmanSecret, "Podman secret"}, {where.KindFile, "file"},
		{where.KindShell, "shell"}, {where.KindProcess, "running process"}, {where.KindSecret, "Kubernetes secret"}, {where.KindHelmRelease, "Helm release"}, {where.KindPod, "pod"},
	}
	var phrases []string
	total := 0
	for _, o := range order {
		distinct := map[string]bool{} // a file may have several lines
		for _, h := range holders {
			if h.Kind == o.kind {
				distinct[h.Engine+"/"+h.Project+"/"+h.Name+h.Path] = true
			}
		}
		switch n := len(distinct); {
		case n == 0:
			continue
		case n > 1 && o.noun == "running process":
			phrases = append(phrases, fmt.Sprintf("%d running processes", n))
		default:
			phrases = append(phrases, count(n, o.noun))
		}
		total += len(distinct)
	}
	text := phrases[0]
	if last := len(phrases) - 1; last > 0 {
		text = strings.Join(phrases[:last], ", ") + " and " + phrases[last]
	}
	if total == 1 {
		return text + " has"
	}
	return text + " have"
}
