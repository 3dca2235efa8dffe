package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
)

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
	Data       map[string][]byte `json:"data"` // encoding/json writes []byte in base64, as the API requires
}

type kubeMetadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// dockerConfig is the data of a kubernetes.io/dockerconfigjson Secret, with the fields and their order as
// written by kubectl create secret docker-registry.
type dockerConfig struct {
	Auths map[string]dockerAuth `json:"auths"`
}

type dockerAuth struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     []byte `json:"auth"` // base64 of username:password
}

// kubernetes writes a List of Secrets as JSON, which kubectl reads like YAML:
//
//	ragenv export --format kubernetes | kubectl apply --server-side -f -
//
// With --server-side, no key is left in the last-applied-configuration annotation. With the pipe, no key is
// in argv.
//
// The Secrets are those that the chart reads (secrets.Chart), once for each of opts.Namespaces. Values in
// none of them go into an Opaque Secret named opts.Name, or are omitted if that is empty: see Unplaced.
// Values may be any bytes, but those in a dockerconfigjson must be UTF-8.
func kubernetes(w *bytes.Buffer, values []Value, opts Options) error {
	if err := checkKubernetes(opts); err != nil {
		return err
	}
	byName := make(map[string]string, len(values))
	for _, v := range values {
		byName[v.Name] = v.Value
	}
	var objects []kubeSecret
	for _, shape := range secrets.Chart() {
		data, err := chartData(shape, byName, opts.Selected)
		if err != nil {
			return err
		}
		if data != nil {
			objects = append(objects, kubeSecret{Type: shape.Type, Data: data, Metadata: kubeMetadata{Name: shape.Name}})
		}
	}
	if unplaced := Unplaced(values); opts.Name != "" && len(unplaced) > 0 {
		data := map[string][]byte{}
		for _, name := range unplaced {
			data[name] = []byte(byName[name])
		}
		objects = append(objects, kubeSecret{Type: secrets.KubernetesOpaque, Data: data, Metadata: kubeMetadata{Name: opts.Name}})
	}
	namespaces := opts.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	list := kubeList{APIVersion: "v1", Kind: "List", Items: []kubeSecret{}}
	for _, namespace := range namespaces {
		for _, object := range objects {
			object.APIVersion, object.Kind = "v1", "Secret"
			object.Metadata.Namespace = namespace
			object.Metadata.Labels = map[string]string{managedBy: "ragenv"}
			if opts.HelmRelease != "" {
				object.Metadata.Labels = map[string]string{managedBy: "Helm"}
				object.Metadata.Annotations = map[string]string{
					"meta.helm.sh/release-name":      opts.HelmRelease,
					"meta.helm.sh/release-namespace": namespace,
					"helm.sh/resource-policy":        "keep",
				}
			}
			list.Items = append(list.Items, object)
		}
	}
	return encodeJSON(w, list)
}

const managedBy = "app.kubernetes.io/managed-by"

// Unplaced returns the names of the values that no Secret of the chart contains, in the order of values.
func Unplaced(values []Value) []string {
	has := func(name string) bool {
		return slices.ContainsFunc(values, func(v Value) bool { return v.Name == name })
	}
	placed := map[string]bool{}
	for _, shape := range secrets.Chart() {
		if shape.Of != "" && !has(shape.Of) {
			continue
		}
		placed[shape.Of] = true
		for _, key := range shape.Keys {
			placed[key] = true
		}
	}
	var names []string
	for _, v := range values {
		if !placed[v.Name] {
			names = append(names, v.Name)
		}
	}
	return names
}

// chartData returns the data of one of the chart's Secrets, nil if it is not wanted. It fills in an empty
// key of ngc-api in the same way as a command's empty alias.
func chartData(shape secrets.KubernetesSecret, byName map[string]string, selected bool) (map[string][]byte, error) {
	var fallback string
	if shape.Of != "" {
		value, ok := byName[shape.Of]
		if !ok {
			return nil, nil
		}
		fallback = value
	}
	if shape.Type == secrets.KubernetesDockerConfig {
		if err := requireUTF8("kubernetes", []Value{{shape.Of, fallback}}); err != nil {
			return nil, err
		}
		of, _ := secrets.Lookup(shape.Of)
		config, err := dockerConfigJSON(of, fallback)
		return map[string][]byte{".dockerconfigjson": config}, err
	}
	data, any := map[string][]byte{}, false
	for _, key := range shape.Keys {
		own, ok := byName[key]
		any = any || ok
		data[key] = []byte(cmp.Or(own, fallback))
	}
	if selected && !any {
		return nil, nil
	}
	return data, nil
}

func checkKubernetes(opts Options) error {
	if opts.Name != "" && !dnsSubdomain(opts.Name) {
		return &OptionError{"name", opts.Name, `lower-case letters, digits, "-" and ".", at most 253`}
	}
	for _, shape := range secrets.Chart() {
		if shape.Name == opts.Name {
			return &OptionError{"name", opts.Name, "the chart reads a Secret of that name"}
		}
	}
	for i, namespace := range opts.Namespaces {
		if !dnsLabel(namespace) {
			return &OptionError{"namespace", namespace, `lower-case letters, digits and "-", at most 63`}
		}
		if slices.Contains(opts.Namespaces[:i], namespace) {
			return &OptionError{"namespace", namespace, "it is given twice"}
		}
	}
	switch {
	case opts.HelmRelease == "":
	case !dnsSubdomain(opts.HelmRelease) || len(opts.HelmRelease) > maxRelease:
		return &OptionError{"helm-release", opts.HelmRelease, `lower-case letters, digits, "-" and ".", at most 53`}
	case len(opts.Namespaces) == 0:
		return &OptionError{"helm-release", opts.HelmRelease, "it needs the release's --namespace"}
	}
	return nil
}

// maxRelease is Helm's limit on a release name's length (helm.sh/helm, pkg/chartutil, ValidateReleaseName).
const maxRelease = 53

func dockerConfigJSON(s secrets.Secret, password string) ([]byte, error) {
	auths := map[string]dockerAuth{}
	for _, registry := range s.Registries {
		auths[registry] = dockerAuth{Username: s.Username, Password: password, Auth: []byte(s.Username + ":" + password)}
	}
	return json.Marshal(dockerConfig{auths})
}

// dnsLabel reports whether s is one DNS label, as a namespace is. The name of a Secret is DNS labels joined
// by dots (RFC 1123, lower case; Kubernetes documentation, "Object Names and IDs").
func dnsLabel(s string) bool { return len(s) <= 63 && !strings.Contains(s, ".") && dnsSubdomain(s) }

func dnsSubdomain(s string) bool {
	const label = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	ok, err := regexp.MatchString(`^`+label+`(\.`+label+`)*$`, s)
	return ok && err == nil && len(s) <= 253
}
