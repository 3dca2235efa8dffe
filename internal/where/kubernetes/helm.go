package kubernetes

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// helmReleaseType is the type of the Secrets in which Helm keeps the revisions of a release (helm.sh/helm,
// pkg/storage/driver/secrets.go).
const helmReleaseType = "helm.sh/release.v1"

const maxRelease = 64 << 20 // bytes of one revision, unpacked

var errRelease = errors.New("not a release of Helm's")

// decodeRelease returns the JSON of a release: the user's values and the manifest. In the Secret's data it
// is base64 of base64 of gzip (helm.sh/helm, pkg/storage/driver/util.go).
func decodeRelease(data string) (string, error) {
	once, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return "", errRelease
	}
	twice, err := base64.StdEncoding.DecodeString(string(once))
	if err != nil {
		return "", errRelease
	}
	if !bytes.HasPrefix(twice, []byte{0x1f, 0x8b}) { // from an old Helm
		return string(twice), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(twice))
	if err != nil {
		return "", errRelease
	}
	text, err := io.ReadAll(io.LimitReader(r, maxRelease+1))
	if err != nil || len(text) > maxRelease {
		return "", errRelease
	}
	return string(text), nil
}

// release examines a revision of a release.
func (o Options) release(s secret) (where.Holder, bool) {
	text, err := decodeRelease(s.Data["release"])
	if err != nil {
		return where.Holder{}, false
	}
	var found where.Found
	found.Note("its values and manifest", o.Matcher.Find("", text))
	if found.Empty() {
		return where.Holder{}, false
	}
	name, version, status := s.Metadata.Labels["name"], s.Metadata.Labels["version"], s.Metadata.Labels["status"]
	h := found.Holder(where.KindHelmRelease, name+" revision "+version)
	h.Project, h.Status = s.Metadata.Namespace, status
	if h.State != where.Old {
		return h, true
	}
	h.Fix = "kubectl -n " + shellquote.Word(s.Metadata.Namespace) + " delete secret " + shellquote.Word(s.Metadata.Name)
	if status == "deployed" {
		h.Fix = o.upgrade(s, text) + " && " + h.Fix
	}
	return h, true
}

// upgrade returns the command that upgrades a release to values without the key. It first takes over the
// chart's Secrets, because Helm deletes what a revision no longer has. The record of a release does not say
// where its chart comes from.
func (o Options) upgrade(s secret, text string) string {
	var release struct {
		Config map[string]any
		Chart  struct {
			Metadata struct{ Name, Version string }
		}
	}
	_ = json.Unmarshal([]byte(text), &release) // a record of another shape has no values to name
	namespace, name := shellquote.Word(s.Metadata.Namespace), shellquote.Word(s.Metadata.Labels["name"])
	settings := o.settings("", release.Config)
	command := ""
	for _, secret := range chartSecrets {
		if i := slices.Index(settings, secret+".password="); i >= 0 {
			settings = slices.Insert(settings, i, secret+".create=false")
			command = "ragenv export" + o.Profile + " --format kubernetes --namespace " + namespace + " --only " + secrets.NGCAPIKey + " --helm-release " + name + apply + " && "
		}
	}
	command += "helm -n " + namespace + " upgrade " + name
	command += fmt.Sprintf(` "${CHART:?%s, from where it was installed}"`, strings.TrimSpace(plain(release.Chart.Metadata.Name)+" "+plain(release.Chart.Metadata.Version)))
	command += " --reset-then-reuse-values"
	for _, setting := range settings {
		command += " --set " + shellquote.Word(setting)
	}
	return command
}

// chartSecrets are the values with which NVIDIA's charts make Helm create a Secret from a password.
var chartSecrets = []string{"imagePullSecret", "ngcApiSecret"}

// settings returns the arguments for "helm --set" that empty each value with a key.
func (o Options) settings(path string, value any) (all []string) {
	switch value := value.(type) {
	case string:
		if len(o.Matcher.Find(path, value)) > 0 {
			all = append(all, path+"=")
		}
	case []any:
		for i, entry := range value {
			all = append(all, o.settings(fmt.Sprintf("%s[%d]", path, i), entry)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := setEscapes.Replace(key)
			if path != "" {
				inner = path + "." + inner
			}
			all = append(all, o.settings(inner, value[key])...)
		}
	}
	return all
}

// setEscapes escapes a key in "--set" (helm.sh/helm, pkg/strvals).
var setEscapes = strings.NewReplacer(`\`, `\\`, ".", `\.`, ",", `\,`, "=", `\=`, "[", `\[`)

// plain drops characters that names and versions do not have and that a shell might expand.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.+", r) {
			return r
		}
		return -1
	}, text)
}
