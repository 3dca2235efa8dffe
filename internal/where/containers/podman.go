package containers

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/ragenv/ragenv/internal/program"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// podman examines this user's containers and secrets through the podman program, since there may be no
// engine.
func (o Options) podman(ctx context.Context, podman string) (report where.Report) {
	unread := func(what, reason string) where.Report {
		report.Unread = append(report.Unread, where.Unread{What: what, Reason: reason})
		return report
	}
	out, err := program.Output(ctx, o.Environ, podman, "ps", "--all", "--quiet", "--no-trunc")
	if err != nil {
		return unread("Podman's containers", "podman ps fails")
	}
	ids := strings.Fields(out)
	report.Searched = append(report.Searched, count(len(ids), "Podman container"))
	if len(ids) > maxContainers {
		return unread("Podman's containers", "there are too many")
	}
	if len(ids) > 0 {
		out, err = program.Output(ctx, o.Environ, podman, append([]string{"inspect", "--type", "container"}, ids...)...)
		var all []container
		// If a container was removed in the meantime, podman reports an error next to the other
		// descriptions.
		if json.Unmarshal([]byte(out), &all) != nil || err != nil && len(all) == 0 {
			return unread("Podman's containers", "podman inspect fails")
		}
		for _, c := range all {
			if h, ok := o.examine(c, nil); ok {
				h.Engine, h.Fix = "podman", strings.ReplaceAll(h.Fix, "docker ", "podman ")
				if h.Restart != nil { // the docker program handles compose over Podman's socket
					h.Restart = nil
				}
				report.Holders = append(report.Holders, h)
			}
		}
	}
	o.podmanSecrets(ctx, podman, &report)
	return report
}

// podmanSecrets examines the secrets of "podman secret create" and quadlets.
func (o Options) podmanSecrets(ctx context.Context, podman string, report *where.Report) {
	out, err := program.Output(ctx, o.Environ, podman, "secret", "ls", "--quiet")
	ids := strings.Fields(out)
	if err != nil || len(ids) == 0 {
		return
	}
	out, err = program.Output(ctx, o.Environ, podman, append([]string{"secret", "inspect", "--showsecret"}, ids...)...)
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
			// Podman would keep the line break that ragenv get writes. It refuses an empty secret.
			h.Fix = "ragenv get " + h.Keys[0] + " | tr -d '\\n' | podman secret create --replace " + shellquote.Word(secret.Spec.Name) + " -"
		}
		report.Holders = append(report.Holders, h)
	}
}
