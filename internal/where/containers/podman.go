package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/where"
)

const podmanLimit = 10 * time.Second

// podman examines this user's containers and secrets, which podman itself keeps: there may be no engine to ask.
func (o Options) podman(ctx context.Context, podman string) (report where.Report) {
	unread := func(what, reason string) where.Report {
		report.Unread = append(report.Unread, where.Unread{What: what, Reason: reason})
		return report
	}
	out, err := o.run(ctx, podman, "ps", "--all", "--quiet", "--no-trunc")
	if err != nil {
		return unread("Podman's containers", "podman ps fails")
	}
	ids := strings.Fields(out)
	report.Searched = append(report.Searched, count(len(ids), "Podman container"))
	if len(ids) > maxContainers {
		return unread("Podman's containers", "there are too many")
	}
	if len(ids) > 0 {
		out, err = o.run(ctx, podman, append([]string{"inspect", "--type", "container"}, ids...)...)
		var all []container
		// One that was removed meanwhile is an error beside the others' descriptions.
		if json.Unmarshal([]byte(out), &all) != nil || err != nil && len(all) == 0 {
			return unread("Podman's containers", "podman inspect fails")
		}
		for _, c := range all {
			if h, ok := o.examine(c, nil); ok {
				h.Engine, h.Fix = "podman", strings.ReplaceAll(h.Fix, "docker ", "podman ")
				if h.Restart != nil { // compose over Podman's socket is the docker program's matter
					h.Restart = nil
				}
				report.Holders = append(report.Holders, h)
			}
		}
	}
	o.podmanSecrets(ctx, podman, &report)
	return report
}

// podmanSecrets examines what "podman secret create" and quadlets keep.
func (o Options) podmanSecrets(ctx context.Context, podman string, report *where.Report) {
	out, err := o.run(ctx, podman, "secret", "ls", "--quiet")
	ids := strings.Fields(out)
	if err != nil || len(ids) == 0 {
		return
	}
	out, err = o.run(ctx, podman, append([]string{"secret", "inspect", "--showsecret"}, ids...)...)
	var all []struct {
		Spec       struct{ Name string }
		SecretData string
	}
	if err != nil || json.Unmarshal([]byte(out), &all) != nil {
		report.Unread = append(report.Unread, where.Unread{What: "Podman's secrets", Reason: "this podman does not show them"})
		return
	}
	for _, secret := range all {
		var found where.Found
		found.Note("value", o.Matcher.Find(secret.Spec.Name, secret.SecretData))
		if found.Empty() {
			continue
		}
		h := found.Holder(where.KindPodmanSecret, secret.Spec.Name)
		h.Engine = "podman"
		if h.State == where.Old {
			h.Fix = "ragenv get " + h.Keys[0] + " | podman secret create --replace " + secret.Spec.Name + " -"
		}
		report.Holders = append(report.Holders, h)
	}
}

// run runs a program for a short time, without a terminal to ask on, and returns what it wrote to standard output, at most
// maxList bytes.
func (o Options) run(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, podmanLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out limited
	cmd.Stdout, cmd.Env, cmd.WaitDelay = &out, o.Environ, time.Second
	detach(cmd)
	cmd.Cancel = func() error { return kill(cmd) }
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if out.cut {
		err = errors.New("too much output")
	}
	return out.kept.String(), err
}

// limited keeps the first maxList bytes.
type limited struct {
	kept bytes.Buffer
	cut  bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := max(0, maxList-l.kept.Len())
	l.cut = l.cut || len(p) > room
	l.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}
