package kubernetes

import (
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

type container struct {
	Name          string
	Command, Args []string
	Env           []struct {
		Name, Value string
		ValueFrom   struct{ SecretKeyRef struct{ Name, Key string } }
	}
	EnvFrom []struct{ SecretRef struct{ Name string } }
}

type containerStatus struct {
	Name  string
	State struct {
		Running *struct{ StartedAt time.Time }
	}
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
		StartTime                                time.Time
		Phase                                    string
		ContainerStatuses, InitContainerStatuses []containerStatus
	}
}

// reference is a Secret, or one key of it, that a pod read at some time.
type reference struct {
	secret, key string    // key is "" for all keys
	taken       time.Time // zero if it has not been read yet
}

// references returns the Secrets that a pod reads, except those for pulling its images.
func (p pod) references() (all []reference) {
	started := p.Status.StartTime
	if started.IsZero() {
		started = p.Metadata.CreationTimestamp
	}
	statuses := slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses)
	add := func(name, key string, taken time.Time) {
		if name != "" {
			all = append(all, reference{name, key, taken})
		}
	}
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		taken := started // a restarted container has read its variables again
		if i := slices.IndexFunc(statuses, func(s containerStatus) bool { return s.Name == c.Name }); i >= 0 {
			if taken = (time.Time{}); statuses[i].State.Running != nil {
				taken = statuses[i].State.Running.StartedAt
			}
		}
		for _, e := range c.Env {
			add(e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Key, taken)
		}
		for _, e := range c.EnvFrom {
			add(e.SecretRef.Name, "", taken)
		}
	}
	for _, v := range p.Spec.Volumes {
		add(v.Secret.SecretName, "", started)
		for _, source := range v.Projected.Sources {
			add(source.Secret.Name, "", started)
		}
	}
	return all
}

// written is a value in the pod's own specification.
type written struct{ variable, key string } // variable is "" for the command line

// pod examines a pod: the values written in it, and the Secrets that had another value when it started.
func (o Options) pod(p pod, holding map[string]where.Holder, changed map[string]time.Time) (where.Holder, bool) {
	if p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return where.Holder{}, false
	}
	var found where.Found
	var own []written
	note := func(part, variable string, matches []where.Match) {
		found.Note(part, matches)
		for _, m := range matches {
			if m.State == where.Old {
				own = append(own, written{variable, m.Name})
			}
		}
	}
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		for _, e := range c.Env {
			note(e.Name, e.Name, o.Matcher.Find(e.Name, e.Value))
		}
		for _, word := range slices.Concat(c.Command, c.Args) {
			note("command line", "", o.Matcher.Find("", word))
		}
	}
	for _, r := range p.references() {
		id := p.Metadata.Namespace + "/" + r.secret
		holder, ok := holding[id]
		if !ok || r.key != "" && !slices.Contains(holder.Where, r.key) {
			continue
		}
		state, part := holder.State, "secret "+r.secret
		if !r.taken.IsZero() && r.taken.Before(changed[id]) {
			state, part = where.Old, "secret "+r.secret+", changed after the pod started"
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
		h.Fix = o.podFix(p, own)
	}
	return h, true
}

// podFix returns how to give a pod the stored key: an edit of the values written in it, or a restart.
func (o Options) podFix(p pod, own []written) string {
	namespace := "kubectl -n " + shellquote.Word(p.Metadata.Namespace)
	name := shellquote.Word(p.Metadata.Name)
	if len(own) > 0 {
		return o.rewrite(namespace, p, own)
	}
	switch workload := p.workload(); {
	case workload != "":
		return namespace + " rollout restart " + workload
	case len(p.Metadata.OwnerReferences) == 0: // nothing would recreate it
		return namespace + " get pod " + name + " -o yaml | " + namespace + " replace --force -f -"
	}
	return namespace + " delete pod " + name
}

// rewrite returns how to replace values that are written in a pod's template.
func (o Options) rewrite(namespace string, p pod, own []written) string {
	workload := p.workload()
	if workload == "" {
		return "after its manifest or its owner has the stored key: " + namespace + " delete pod " + shellquote.Word(p.Metadata.Name)
	}
	var commands []string
	for _, w := range own {
		if w.variable == "" || o.Matcher.Stored(w.key) == "" {
			return namespace + " edit " + workload
		}
		command := "ragenv get" + o.Profile + " " + w.key + " | sed 's/^/" + w.variable + "=/' | " + namespace + " set env " + workload + " -e -"
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, " && ")
}

// workload returns the pod's owner that kubectl can restart, as "deployment/NAME", "" for none.
func (p pod) workload() string {
	for _, owner := range p.Metadata.OwnerReferences {
		switch owner.Kind {
		case "ReplicaSet": // of a Deployment, whose name precedes the template's hash
			if name, ok := strings.CutSuffix(owner.Name, "-"+p.Metadata.Labels["pod-template-hash"]); ok && name != "" {
				return "deployment/" + shellquote.Word(name)
			}
		case "StatefulSet", "DaemonSet":
			return strings.ToLower(owner.Kind) + "/" + shellquote.Word(owner.Name)
		}
	}
	return ""
}
