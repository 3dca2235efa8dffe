package keyfile

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ragenv/ragenv/internal/secrets"
)

// helmRepositories returns Helm's repositories.yaml for HELM_REPOSITORY_CONFIG. It lists the existing
// repositories, with the key added to those on the key's own host, and the repositories that the Blueprint
// needs. It is JSON, which YAML parsers accept.
//
// The fields are those of Entry in helm.sh/helm, pkg/repo.
func helmRepositories(k Key) ([]byte, error) {
	of, err := login(k, "helm-repositories")
	if err == nil && of.ChartHost == "" {
		err = &Error{Name: k.Name, Format: "helm-repositories", Reason: "it opens no repository of charts"}
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Repositories []map[string]any `yaml:"repositories"`
	}
	if err := yaml.Unmarshal(k.Repositories, &file); err != nil {
		return nil, &Error{Name: k.Name, Format: "helm-repositories", Reason: "Helm's repositories.yaml is no such YAML", Err: err}
	}
	entries := slices.DeleteFunc(file.Repositories, func(entry map[string]any) bool { return entry == nil })
	names, urls := map[string]bool{}, map[string]bool{}
	for _, entry := range entries {
		address, _ := entry["url"].(string)
		name, _ := entry["name"].(string)
		names[name], urls[strings.TrimRight(address, "/")] = true, true
		if u, err := url.Parse(address); err == nil && u.Scheme == "https" && u.Host == of.ChartHost && u.User == nil {
			open(entry, of.Username, k.Value)
		}
	}
	for _, repository := range secrets.ChartRepositories() {
		if urls[repository.URL] {
			continue
		}
		name := repository.Name
		if names[name] {
			name = "ngc-" + name
		}
		entry := map[string]any{"name": name, "url": repository.URL}
		open(entry, of.Username, k.Value)
		entries = append(entries, entry)
	}
	return json.Marshal(map[string]any{"apiVersion": "", "generated": "0001-01-01T00:00:00Z", "repositories": entries})
}

// open adds the key to a repository and removes settings that would send the key to another host or over an
// unverified connection.
func open(entry map[string]any, user, password string) {
	entry["username"], entry["password"] = user, password
	entry["pass_credentials_all"], entry["insecure_skip_tls_verify"] = false, false
}
