package kubernetes

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// helmReleaseType is the type of the Secrets in which Helm keeps each revision of a release (helm.sh/helm,
// pkg/storage/driver/secrets.go).
const helmReleaseType = "helm.sh/release.v1"

const maxRelease = 64 << 20 // bytes of one, unpacked

var errRelease = errors.New("not a release of Helm's")

// decodeRelease returns the JSON of a release: the values that were set, and the manifest. In the Secret's data it is base64 of
// base64 of gzip (helm.sh/helm, pkg/storage/driver/util.go).
func decodeRelease(data string) (string, error) {
	once, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return "", errRelease
	}
	twice, err := base64.StdEncoding.DecodeString(string(once))
	if err != nil {
		return "", errRelease
	}
	if !bytes.HasPrefix(twice, []byte{0x1f, 0x8b}) { // of an old Helm
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
	namespace := shellquote.Word(s.Metadata.Namespace)
	if status == "deployed" {
		h.Fix = "helm -n " + namespace + " upgrade " + shellquote.Word(name) + " CHART --reset-then-reuse-values --set " +
			"imagePullSecret.create=false,imagePullSecret.password=,ngcApiSecret.create=false,ngcApiSecret.password=" +
			", then delete this revision: kubectl -n " + namespace + " delete secret " + shellquote.Word(s.Metadata.Name)
	} else {
		h.Fix = "kubectl -n " + namespace + " delete secret " + shellquote.Word(s.Metadata.Name)
	}
	return h, true
}
