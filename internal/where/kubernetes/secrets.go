package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

type secret struct {
	Metadata metadata
	Type     string
	Data     map[string]string // base64
}

// lastApplied is where client-side apply keeps a copy of the whole object (k8s.io/api/core/v1,
// LastAppliedConfigAnnotation).
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

const dockerConfigKey = ".dockerconfigjson"

// changed returns when a Secret's data was last written.
func (s secret) changed() time.Time {
	latest := s.Metadata.CreationTimestamp
	for _, f := range s.Metadata.ManagedFields {
		if _, data := f.FieldsV1["f:data"]; data && f.Time.After(latest) {
			latest = f.Time
		}
	}
	return latest
}

// secret examines a Secret, which may be a Helm release.
func (o Options) secret(s secret) (where.Holder, bool) {
	if s.Type == helmReleaseType {
		return o.release(s)
	}
	var found where.Found
	var old []field
	for key, value := range s.Data {
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			continue
		}
		matches := o.Matcher.Find(key, string(decoded))
		found.Note(key, matches)
		for _, m := range matches {
			if m.State == where.Old {
				old = append(old, field{key, string(decoded), m.Name})
			}
		}
	}
	var annotations []string
	for name, value := range s.Metadata.Annotations {
		if matches := o.Matcher.Find("", value); len(matches) > 0 {
			found.Note("annotation "+name, matches)
			if slices.ContainsFunc(matches, func(m where.Match) bool { return m.State == where.Old }) {
				annotations = append(annotations, shellquote.Word(name+"-"))
			}
		}
	}
	if found.Empty() {
		return where.Holder{}, false
	}
	h := found.Holder(where.KindSecret, s.Metadata.Name)
	slices.Sort(h.Where)
	h.Project = s.Metadata.Namespace
	if h.State == where.Old {
		slices.SortFunc(old, func(a, b field) int { return strings.Compare(a.key, b.key) })
		if len(old) > 0 {
			h.Fix = o.secretFix(s, old)
		} else {
			slices.Sort(annotations)
			h.Fix = "kubectl -n " + shellquote.Word(s.Metadata.Namespace) + " annotate secret " + shellquote.Word(s.Metadata.Name) + " " + strings.Join(annotations, " ")
		}
	}
	return h, true
}

// field is a key of a Secret's data with an old value.
type field struct{ key, text, name string }

const apply = " | kubectl apply --server-side --force-conflicts -f -"

// secretFix returns how to write the stored key into a Secret without changing its other data.
func (o Options) secretFix(s secret, old []field) string {
	namespace, name := shellquote.Word(s.Metadata.Namespace), shellquote.Word(s.Metadata.Name)
	edit := "kubectl -n " + namespace + " edit secret " + name
	for _, owner := range s.Metadata.OwnerReferences {
		return "give " + owner.Kind + " " + owner.Name + " the stored key, as it writes this Secret"
	}
	if slices.ContainsFunc(old, func(f field) bool { return o.Matcher.Stored(f.name) == "" }) {
		return edit
	}
	for _, shape := range secrets.Chart() {
		if shape.Name != s.Metadata.Name {
			continue
		}
		options := ""
		if shape.Of != "" {
			options = " --only " + shape.Of
		}
		if release := s.Metadata.Annotations["meta.helm.sh/release-name"]; release != "" {
			options += " --helm-release " + shellquote.Word(release)
		}
		return "ragenv export" + o.Profile + " --format kubernetes --namespace " + namespace + options + apply
	}
	if command, ok := o.patch(s, old); ok {
		return command
	}
	return edit
}

// marker stands for the key in a patch.
const marker = "@KEY@"

// patch returns a command that replaces the fields with the stored key. No argument contains the key,
// because printf is built into the shell. ok is false if a field contains more than the key.
func (o Options) patch(s secret, old []field) (command string, ok bool) {
	data := map[string]string{}
	for _, f := range old {
		if f.name != old[0].name {
			return "", false
		}
		switch {
		case slices.ContainsFunc(o.Matcher.Whole(f.key, f.text), func(m where.Match) bool { return m.Name == f.name }):
			data[f.key] = marker
		case s.Type == secrets.KubernetesDockerConfig && f.key == dockerConfigKey:
			if data[f.key], ok = dockerLogin(f); !ok {
				return "", false
			}
		default:
			return "", false
		}
	}
	if strings.ContainsFunc(o.Matcher.Stored(old[0].name), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return "", false // it would need an escape in JSON
	}
	body := map[string]any{"stringData": data}
	if _, kept := s.Metadata.Annotations[lastApplied]; kept {
		body["metadata"] = map[string]any{"annotations": map[string]any{lastApplied: nil}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return "", false
	}
	words := ""
	for i, part := range strings.Split(string(text), marker) {
		if i > 0 {
			words += ` "$key"`
		}
		words += " " + shellquote.Word(part)
	}
	return "(key=$(ragenv get" + o.Profile + " " + old[0].name + ") && printf %s" + words + " | kubectl -n " + shellquote.Word(s.Metadata.Namespace) +
		" patch secret " + shellquote.Word(s.Metadata.Name) + " --patch-file /dev/stdin)", true
}

// dockerLogin returns a .dockerconfigjson with the key's login to the same registries. It returns false if
// there are other registries.
func dockerLogin(f field) (string, bool) {
	var config struct{ Auths map[string]any }
	known, _ := secrets.Lookup(f.name)
	if json.Unmarshal([]byte(f.text), &config) != nil || len(config.Auths) == 0 {
		return "", false
	}
	type login struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	auths := map[string]login{}
	for server := range config.Auths {
		if !slices.Contains(known.Registries, server) {
			return "", false
		}
		auths[server] = login{known.Username, marker}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	return string(text), err == nil
}
