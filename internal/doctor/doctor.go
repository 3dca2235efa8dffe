// Package doctor checks a user's setup: the programs, Docker's configuration, the keychain and its keys,
// and where else keys are stored. It prints nothing, prompts for nothing, unlocks nothing, and writes
// nothing.
//
// A result never contains a secret or part of one.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Status is the status of a check.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it works or is unknown, but needs attention
	Failed  Status = "failed"  // something does not work, or a key is exposed
)

// Result is the outcome of one check.
type Result struct {
	Status Status
	Detail string // one line, lower case, no full stop
	Hint   string // how to fix it, if possible as a command to paste; empty if there is nothing to do
}

// Check is a named check.
type Check struct {
	Name string // stable, for programs: lower-case letters, digits and "-"
	Run  func(context.Context) Result

	limit time.Duration // zero means defaultLimit
}

// Report is the result of a check, with its name.
type Report struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

const (
	defaultLimit = 15 * time.Second
	onlineLimit  = 40 * time.Second // a probe sends up to three requests of ten seconds
)

// Checks returns the checks of a world, in the order of display. It includes those that ask a network
// service only if the world has Services.
func Checks(w *World) []Check {
	checks := []Check{
		{Name: "helper", Run: w.helper},
		{Name: "config-file", Run: w.configFile},
		{Name: "docker-config", Run: w.dockerConfig},
		{Name: "docker-logins", Run: w.dockerLogins},
		{Name: "credential-stores", Run: w.credentialStores},
		{Name: "podman", Run: w.podman},
		{Name: "helm", Run: w.helm},
		{Name: "keychain", Run: w.keychain},
		{Name: "stored-items", Run: w.storedItems},
		{Name: "keys", Run: w.keysPresent},
		{Name: "key-commands", Run: w.keyCommands, limit: onlineLimit},
		{Name: "key-shapes", Run: w.keyShapes},
		{Name: "key-expiry", Run: w.keyExpiry},
		{Name: "environment", Run: w.environment},
		{Name: "startup-files", Run: w.startupFiles},
		{Name: "git-env-files", Run: w.gitEnvFiles},
		{Name: "compose-env-files", Run: w.composeEnvFiles},
		{Name: "plain-text-keys", Run: w.plainTextKeys},
		{Name: "file-owners", Run: w.fileOwners},
		{Name: "writable", Run: w.writable},
		{Name: "temporary-files", Run: w.temporaryFiles},
		{Name: "docker-engine", Run: w.dockerEngine},
		{Name: "docker-compose", Run: w.dockerCompose},
		{Name: "clock", Run: w.clock, limit: onlineLimit},
	}
	if w.Services != nil {
		checks = append(checks,
			Check{Name: "ngc-key-online", Run: w.ngcKeyOnline, limit: onlineLimit},
			Check{Name: "registry-pull-online", Run: w.registryPullOnline, limit: onlineLimit},
		)
	}
	return checks
}

// Run runs the checks in parallel and returns their reports in the same order. A check that does not end in
// time, for example on a network drive that hangs, is reported as failed and abandoned.
func Run(ctx context.Context, checks []Check) []Report {
	reports := make([]Report, len(checks))
	results := make([]chan Result, len(checks))
	start := time.Now()
	for i, check := range checks {
		results[i] = make(chan Result, 1)
		limit := check.timeLimit()
		go func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			results[i] <- check.Run(ctx)
		}()
	}
	const grace = time.Second // time for a check to notice the end of its context and report more
	for i, check := range checks {
		limit := check.timeLimit()
		r := wait(ctx, results[i], time.Until(start.Add(limit+grace)), Result{
			Failed, fmt.Sprintf("no answer within %s; a disk or a network drive may hang", limit), "mount, and see which one does not answer",
		})
		reports[i] = Report{Name: check.Name, Status: r.Status, Detail: r.Detail, Hint: r.Hint}
	}
	return reports
}

// wait returns the result, or instead after the limit. A result that is already available always wins.
func wait(ctx context.Context, result <-chan Result, limit time.Duration, instead Result) Result {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-result:
		return r
	case <-timer.C:
	case <-ctx.Done():
		instead = Result{Warning, "interrupted", "ragenv doctor"}
	}
	select {
	case r := <-result:
		return r
	default:
		return instead
	}
}

func (c Check) timeLimit() time.Duration {
	if c.limit == 0 {
		return defaultLimit
	}
	return c.limit
}

// rank returns the severity of a status, for sorting.
func (s Status) rank() int {
	switch s {
	case Failed:
		return 2
	case Warning:
		return 1
	}
	return 0
}

// findings collects the findings of one check.
type findings []Result

func (f *findings) add(status Status, hint, format string, args ...any) {
	*f = append(*f, Result{status, fmt.Sprintf(format, args...), hint})
}

// result combines findings into one result: the worst status, its first hint, and all problems, the worst
// first. Without findings it returns otherwise.
func (f findings) result(otherwise Result) Result {
	if len(f) == 0 {
		return otherwise
	}
	var r Result
	for _, status := range []Status{Failed, Warning, OK} {
		if r.Status != "" && status == OK {
			break // omit what is fine next to a problem
		}
		for _, finding := range f {
			if finding.Status != status {
				continue
			}
			if r.Status == "" {
				r.Status = status
			} else {
				r.Detail += "; "
			}
			r.Detail += finding.Detail
			if r.Hint == "" && finding.Status == r.Status {
				r.Hint = finding.Hint
			}
		}
	}
	return r
}

// maxHints is the maximum number of commands in a hint; the next run shows the rest.
const maxHints = 5

// joined is result with the hints of all findings of the worst status, for findings that each have their
// own command.
func (f findings) joined(otherwise Result) Result {
	r := f.result(otherwise)
	var hints []string
	for _, finding := range f {
		if finding.Status == r.Status && finding.Hint != "" && !slices.Contains(hints, finding.Hint) && len(hints) < maxHints {
			hints = append(hints, finding.Hint)
		}
	}
	if len(hints) > 1 {
		r.Hint = strings.Join(hints, " && ")
	}
	return r
}

// Worst returns the worst status in reports, or OK.
func Worst(reports []Report) Status {
	worst := OK
	for _, r := range reports {
		if r.Status.rank() > worst.rank() {
			worst = r.Status
		}
	}
	return worst
}
