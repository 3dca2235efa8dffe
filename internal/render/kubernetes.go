package render

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
)

// DefaultName is what kubernetes calls the Secret of the values that no other Secret holds.
const DefaultName = "ragenv"

type kubeList struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Items      []kubeSecret `json:"items"`
}

type kubeSecret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   kubeMetadata      `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"` // encoding/json writes []byte in base64, as the API wants it
}

type kubeMetadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"`
	Labels    map[string]string `json:"labels"`
}

// dockerConfig is the data of a kubernetes.io/dockerconfigjson Secret, field for field and in the order that
// kubectl create secret docker-registry writes it.
type dockerConfig struct {
	Auths map[string]dockerAuth `json:"auths"`
}

type dockerAuth struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     []byte `json:"auth"` // base64 of username:password
}

// kubernetes writes a List of Secrets, as JSON, which kubectl takes like YAML:
//
//	ragenv export --format kubernetes | kubectl apply --server-side -f -
//
// With --server-side no key lies in the last-applied-configuration annotation, and by the pipe none is in argv.
//
// Each secret that the table of package secrets gives Kubernetes shapes becomes those Secrets: NGC_API_KEY becomes ngc-secret
// and ngc-api. Where a key of ngc-api is also a value of its own (a second key stored as NVIDIA_API_KEY), that value
// is used. All other values go into one Opaque Secret, named opts.Name. Values may be any bytes, but what goes into a
// dockerconfigjson must be UTF-8.
func kubernetes(w *bytes.Buffer, values []Value, opts Options) error {
	if opts.Name == "" {
		opts.Name = DefaultName
	}
	if !dnsSubdomain(opts.Name) {
		return &OptionError{"name", opts.Name, `lower-case letters, digits, "-" and ".", at most 253`}
	}
	if opts.Namespace != "" && !dnsLabel(opts.Namespace) {
		return &OptionError{"namespace", opts.Namespace, `lower-case letters, digits and "-", at most 63`}
	}
	for _, s := range secrets.All() {
		for _, shape := range s.Kubernetes {
			if shape.Name == opts.Name {
				return &OptionError{"name", opts.Name, "that Secret holds " + s.Name}
			}
		}
	}

	byName := make(map[string]string, len(values))
	for _, v := range values {
		byName[v.Name] = v.Value
	}
	list := kubeList{APIVersion: "v1", Kind: "List", Items: []kubeSecret{}}
	add := func(name, kind string, data map[string][]byte) {
		list.Items = append(list.Items, kubeSecret{
			APIVersion: "v1", Kind: "Secret", Type: kind, Data: data,
			Metadata: kubeMetadata{Name: name, Namespace: opts.Namespace, Labels: map[string]string{"app.kubernetes.io/managed-by": "ragenv"}},
		})
	}
	placed := map[string]bool{}
	for _, s := range secrets.All() {
		value, ok := byName[s.Name]
		if !ok {
			continue
		}
		for _, shape := range s.Kubernetes {
			placed[s.Name] = true
			if shape.Type == secrets.KubernetesDockerConfig {
				if err := requireUTF8("kubernetes", []Value{{s.Name, value}}); err != nil {
					return err
				}
				config, err := dockerConfigJSON(s, value)
				if err != nil {
					return err
				}
				add(shape.Name, shape.Type, map[string][]byte{".dockerconfigjson": config})
				continue
			}
			data := map[string][]byte{}
			for _, key := range shape.Keys {
				own, ok := byName[key]
				if !ok || own == "" { // an empty alias is filled in, as for a command
					own = value
				}
				data[key], placed[key] = []byte(own), true
			}
			add(shape.Name, shape.Type, data)
		}
	}
	rest := map[string][]byte{}
	for _, v := range values {
		if !placed[v.Name] {
			rest[v.Name] = []byte(v.Value)
		}
	}
	if len(rest) > 0 {
		add(opts.Name, secrets.KubernetesOpaque, rest)
	}
	return encodeJSON(w, list)
}

func dockerConfigJSON(s secrets.Secret, password string) ([]byte, error) {
	auths := map[string]dockerAuth{}
	for _, registry := range s.Registries {
		auths[registry] = dockerAuth{Username: s.Username, Password: password, Auth: []byte(s.Username + ":" + password)}
	}
	return json.Marshal(dockerConfig{auths})
}

// A namespace is one DNS label, and a Secret's name is labels joined by dots (RFC 1123, in lower case; Kubernetes
// documentation, "Object Names and IDs").
func dnsLabel(s string) bool { return len(s) <= 63 && !strings.Contains(s, ".") && dnsSubdomain(s) }

func dnsSubdomain(s string) bool {
	const label = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	ok, err := regexp.MatchString(`^`+label+`(\.`+label+`)*$`, s)
	return ok && err == nil && len(s) <= 253
}
