// Package kubernetes searches what kubectl may read for values of keys: Secrets, the releases that Helm keeps in Secrets, and
// pods with the Secrets they took.
package kubernetes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/internal/where/program"
)

// Options say what to search with.
type Options struct {
	Matcher *where.Matcher
	// LookPath finds kubectl, as exec.LookPath does.
	LookPath func(name string) (string, error)
	// Environ is the environment that kubectl gets: no keys and no passphrases.
	Environ []string
	// Profile is the flag that ragenv needs in a fix to use the same profile, with a leading space; "" if none.
	Profile string
}

type metadata struct {
	Name, Namespace   string
	CreationTimestamp time.Time
	Labels            map[string]string
	Annotations       map[string]string
	ManagedFields     []struct{ Time time.Time }
	OwnerReferences   []struct{ Kind, Name string }
}

// changed is when an object was last written.
func (m metadata) changed() time.Time {
	latest := m.CreationTimestamp
	for _, f := range m.ManagedFields {
		if f.Time.After(latest) {
			latest = f.Time
		}
	}
	return latest
}

type secret struct {
	Metadata metadata
	Type     string
	Data     map[string]string // base64
}

// Search searches the namespaces of the current context that this user may read.
func Search(ctx context.Context, o Options) (report where.Report) {
	kubectl, err := o.LookPath("kubectl")
	if err != nil {
		report.Unread = append(report.Unread, where.Unread{What: "Kubernetes", Reason: "kubectl is not on PATH"})
		return report
	}
	var found struct{ Items []secret }
	if !o.get(ctx, kubectl, "secrets", &found, &report) {
		return report
	}
	holding := map[string]where.Holder{} // Secrets that have a key, by namespace and name
	changed := map[string]time.Time{}
	for _, s := range found.Items {
		h, ok := o.secret(s)
		if !ok {
			continue
		}
		report.Holders = append(report.Holders, h)
		if h.Kind == where.KindSecret {
			id := s.Metadata.Namespace + "/" + s.Metadata.Name
			holding[id], changed[id] = h, s.Metadata.changed()
		}
	}
	var pods struct{ Items []pod }
	if o.get(ctx, kubectl, "pods", &pods, &report) {
		for _, p := range pods.Items {
			if h, ok := o.pod(p, holding, changed); ok {
				report.Holders = append(report.Holders, h)
			}
		}
	}
	return report
}

// get lists objects of all namespaces, or of the current one where not all may be read.
func (o Options) get(ctx context.Context, kubectl, resource string, into any, report *where.Report) bool {
	out, err := program.Output(ctx, o.Environ, kubectl, "get", resource, "--all-namespaces", "--show-managed-fields", "--output", "json")
	scope := "in all namespaces"
	if err != nil && ctx.Err() == nil && !errors.Is(err, program.ErrTooLarge) {
		if out, err = program.Output(ctx, o.Environ, kubectl, "get", resource, "--show-managed-fields", "--output", "json"); err == nil {
			report.Unread = append(report.Unread, where.Unread{What: "Kubernetes " + resource + " of other namespaces", Reason: "this user may not list them"})
			scope = "in the current namespace"
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), into)
	}
	if err != nil {
		reason := "kubectl get " + resource + " fails"
		if errors.Is(err, program.ErrTooLarge) {
			reason = "kubectl's answer is " + err.Error()
		}
		report.Unread = append(report.Unread, where.Unread{What: "Kubernetes " + resource, Reason: reason})
		return false
	}
	report.Searched = append(report.Searched, "Kubernetes "+resource+" "+scope)
	return true
}

// secret examines a Secret, which may be a release of Helm's.
func (o Options) secret(s secret) (where.Holder, bool) {
	if s.Type == helmReleaseType {
		return o.release(s)
	}
	var found where.Found
	for key, value := range s.Data {
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err == nil {
			found.Note(key, o.Matcher.Find(key, string(decoded)))
		}
	}
	for name, value := range s.Metadata.Annotations { // such as that of client-side apply, which has all of it again
		found.Note("annotation "+name, o.Matcher.Find("", value))
	}
	if found.Empty() {
		return where.Holder{}, false
	}
	h := found.Holder(where.KindSecret, s.Metadata.Name)
	slices.Sort(h.Where)
	h.Project = s.Metadata.Namespace
	if h.State == where.Old {
		h.Fix = o.secretFix(s, h)
	}
	return h, true
}

const apply = " | kubectl apply --server-side --force-conflicts -f -"

// secretFix returns what writes the stored key into a Secret.
func (o Options) secretFix(s secret, h where.Holder) string {
	namespace := shellquote.Word(s.Metadata.Namespace)
	for _, shape := range secrets.Chart() {
		if shape.Name != s.Metadata.Name {
			continue
		}
		release := ""
		if name := s.Metadata.Annotations["meta.helm.sh/release-name"]; name != "" {
			release = " --helm-release " + shellquote.Word(name)
		}
		return "ragenv export" + o.Profile + " --format kubernetes --namespace " + namespace + release + apply
	}
	for _, key := range h.Where {
		if _, isData := s.Data[key]; isData && s.Type == secrets.KubernetesOpaque {
			return fmt.Sprintf("ragenv get%s %s | kubectl -n %s create secret generic %s --from-file=%s=/dev/stdin --dry-run=client -o yaml%s",
				o.Profile, h.Keys[0], namespace, shellquote.Word(s.Metadata.Name), shellquote.Word(key), apply)
		}
	}
	return "kubectl -n " + namespace + " edit secret " + shellquote.Word(s.Metadata.Name)
}

type container struct {
	Command, Args []string
	Env           []struct {
		Name, Value string
		ValueFrom   struct{ SecretKeyRef struct{ Name string } }
	}
	EnvFrom []struct{ SecretRef struct{ Name string } }
}

type pod struct {
	Metadata metadata
	Spec     struct {
		Containers, InitContainers []container
		Volumes                    []struct {
			Secret    struct{ SecretName string }
			Projected struct {
				Sources []struct{ Secret struct{ Name string } }
			}
		}
	}
	Status struct {
		StartTime time.Time
		Phase     string
	}
}

// takes returns the Secrets that a pod reads when it starts. Those that only pull its images are not among them.
func (p pod) takes() (names []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		for _, e := range c.Env {
			add(e.ValueFrom.SecretKeyRef.Name)
		}
		for _, e := range c.EnvFrom {
			add(e.SecretRef.Name)
		}
	}
	for _, v := range p.Spec.Volumes {
		add(v.Secret.SecretName)
		for _, source := range v.Projected.Sources {
			add(source.Secret.Name)
		}
	}
	return names
}

// pod examines a pod: the values written in it, and the Secrets that had another value when it started.
func (o Options) pod(p pod, holding map[string]where.Holder, changed map[string]time.Time) (where.Holder, bool) {
	if p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return where.Holder{}, false
	}
	var found where.Found
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		for _, e := range c.Env {
			found.Note(e.Name, o.Matcher.Find(e.Name, e.Value))
		}
		for _, word := range slices.Concat(c.Command, c.Args) {
			found.Note("command line", o.Matcher.Find("", word))
		}
	}
	started := p.Status.StartTime
	if started.IsZero() {
		started = p.Metadata.CreationTimestamp
	}
	for _, name := range p.takes() {
		id := p.Metadata.Namespace + "/" + name
		holder, ok := holding[id]
		if !ok {
			continue
		}
		state, part := holder.State, "secret "+name
		if started.Before(changed[id]) {
			state, part = where.Old, "secret "+name+", changed after the pod started"
		}
		for _, key := range holder.Keys {
			found.Note(part, []where.Match{{Name: key, State: state}})
		}
	}
	if found.Empty() {
		return where.Holder{}, false
	}
	h := found.Holder(where.KindPod, p.Metadata.Name)
	h.Project, h.Status = p.Metadata.Namespace, strings.ToLower(p.Status.Phase)
	if h.State == where.Old {
		h.Fix = podFix(p)
	}
	return h, true
}

// podFix returns what restarts a pod.
func podFix(p pod) string {
	namespace := "kubectl -n " + shellquote.Word(p.Metadata.Namespace)
	for _, owner := range p.Metadata.OwnerReferences {
		switch owner.Kind {
		case "ReplicaSet": // of a Deployment, whose name it has before the hash of the template
			if name, ok := strings.CutSuffix(owner.Name, "-"+p.Metadata.Labels["pod-template-hash"]); ok && name != "" {
				return namespace + " rollout restart deployment/" + shellquote.Word(name)
			}
		case "StatefulSet", "DaemonSet":
			return namespace + " rollout restart " + strings.ToLower(owner.Kind) + "/" + shellquote.Word(owner.Name)
		}
	}
	return namespace + " delete pod " + shellquote.Word(p.Metadata.Name)
}
