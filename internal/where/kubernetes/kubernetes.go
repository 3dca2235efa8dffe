// Package kubernetes searches what kubectl can read for values of keys: Secrets, the releases that Helm
// keeps in Secrets, and pods with the Secrets they use.
package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ragenv/ragenv/internal/program"
	"github.com/ragenv/ragenv/internal/where"
)

// Options define what to search with.
type Options struct {
	Matcher *where.Matcher
	// LookPath finds kubectl, as exec.LookPath does.
	LookPath func(name string) (string, error)
	// Environ is the environment for kubectl, without keys and passphrases.
	Environ []string
	// Profile is the flag, with a leading space, that selects the same profile in a fix; "" for none.
	Profile string
}

type metadata struct {
	Name, Namespace   string
	CreationTimestamp time.Time
	Labels            map[string]string
	Annotations       map[string]string
	ManagedFields     []struct {
		Time     time.Time
		FieldsV1 map[string]json.RawMessage
	}
	OwnerReferences []struct{ Kind, Name string }
}

// Limits for requests to single namespaces.
const (
	maxNamespaces  = 200
	asksAtATime    = 4
	requestTimeout = "--request-timeout=15s"
)

// Search searches the namespaces of the current context that this user may read.
func Search(ctx context.Context, o Options) (report where.Report) {
	kubectl, err := o.LookPath("kubectl")
	if err != nil {
		report.Unread = append(report.Unread, where.Unread{What: "Kubernetes", Reason: "kubectl is not on PATH"})
		return report
	}
	c := client{ctx: ctx, kubectl: kubectl, environ: o.Environ}
	holding := map[string]where.Holder{} // Secrets with a key, by namespace and name
	changed := map[string]time.Time{}
	for _, s := range list[secret](&c, "secrets", &report) {
		h, ok := o.secret(s)
		if !ok {
			continue
		}
		report.Holders = append(report.Holders, h)
		if h.Kind == where.KindSecret {
			id := s.Metadata.Namespace + "/" + s.Metadata.Name
			holding[id], changed[id] = h, s.changed()
		}
	}
	for _, p := range list[pod](&c, "pods", &report) {
		if h, ok := o.pod(p, holding, changed); ok {
			report.Holders = append(report.Holders, h)
		}
	}
	return report
}

// client sends requests to the API server through kubectl.
type client struct {
	ctx     context.Context
	kubectl string
	environ []string
}

func (c *client) run(args ...string) (string, error) {
	return program.Output(c.ctx, c.environ, c.kubectl, append(args, requestTimeout)...)
}

// list returns the objects in all namespaces. If they cannot be listed at once, it lists each namespace.
func list[T any](c *client, resource string, report *where.Report) []T {
	items, err := get[T](c, resource, "--all-namespaces")
	if err == nil {
		report.Searched = append(report.Searched, "Kubernetes "+resource+" in all namespaces")
		return items
	}
	unread := func(what, reason string) {
		report.Unread = append(report.Unread, where.Unread{What: "Kubernetes " + resource + what, Reason: reason})
	}
	if c.ctx.Err() != nil || errors.Is(err, program.ErrTooLarge) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errAnswer) {
		unread("", "kubectl get "+resource+": "+err.Error())
		return nil
	}
	namespaces, all := c.namespaces()
	read, refused := []string{}, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan struct{}, asksAtATime)
	for _, namespace := range namespaces {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			more, err := get[T](c, resource, "--namespace="+namespace)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				refused++
				return
			}
			items, read = append(items, more...), append(read, namespace)
		})
	}
	wg.Wait()
	switch {
	case len(read) == 0:
		unread("", "kubectl get "+resource+" fails")
		return nil
	case !all:
		unread(" of other namespaces", "this user may not list them")
	case refused > 0:
		unread(fmt.Sprintf(" of %d namespaces", refused), "this user may not list them")
	}
	slices.Sort(read)
	report.Searched = append(report.Searched, "Kubernetes "+resource+" in "+strings.Join(read, " and "))
	return items
}

var errAnswer = errors.New("the answer is not as expected")

func get[T any](c *client, resource, scope string) ([]T, error) {
	out, err := c.run("get", resource, scope, "--show-managed-fields", "--output=json")
	if err != nil {
		return nil, err
	}
	var found struct{ Items []T }
	if json.Unmarshal([]byte(out), &found) != nil {
		return nil, errAnswer
	}
	return found.Items, nil
}

// namespaces returns the namespaces of the cluster. If this user may not list them, it returns those that
// the contexts of the same cluster name, and all is false.
func (c *client) namespaces() (names []string, all bool) {
	out, err := c.run("get", "namespaces", "--output=name")
	if err == nil {
		for line := range strings.Lines(out) {
			names = append(names, strings.TrimPrefix(strings.TrimSpace(line), "namespace/"))
		}
		return names[:min(len(names), maxNamespaces)], len(names) <= maxNamespaces
	}
	var config struct {
		Current  string `json:"current-context"`
		Contexts []struct {
			Name    string
			Context struct{ Cluster, Namespace string }
		}
	}
	if out, err = c.run("config", "view", "--output=json"); err != nil || json.Unmarshal([]byte(out), &config) != nil {
		return []string{"default"}, false
	}
	cluster := ""
	for _, entry := range config.Contexts {
		if entry.Name == config.Current {
			cluster = entry.Context.Cluster
			names = append(names, orDefault(entry.Context.Namespace))
		}
	}
	for _, entry := range config.Contexts {
		if name := orDefault(entry.Context.Namespace); entry.Context.Cluster == cluster && !slices.Contains(names, name) && len(names) < maxNamespaces {
			names = append(names, name)
		}
	}
	return names, false
}

func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}
