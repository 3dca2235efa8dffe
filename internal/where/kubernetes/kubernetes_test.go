package kubernetes

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newValue() string { return "nvapi-" + rand.Text() + rand.Text() }

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// helmRelease returns the data of a Secret in which Helm keeps a release.
func helmRelease(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b64(b64(packed.String()))
}

func TestSecretsAndPods(t *testing.T) {
	old, current := newValue(), newValue()
	o := Options{Matcher: where.NewMatcher([]where.Key{{Name: "NGC_API_KEY", Current: keychain.NewSecret(current), Former: []keychain.Secret{keychain.NewSecret(old)}}})}
	metadata := `"metadata":{"name":%q,"namespace":"rag","creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{"time":"2026-03-01T00:00:00Z","fieldsV1":{"f:data":{}}},{"time":"2026-09-01T00:00:00Z","fieldsV1":{"f:metadata":{}}}]`
	decode := func(text string) (s secret) {
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	login := `{"auths":{"nvcr.io":{"auth":"` + b64("$oauthtoken:"+old) + `"}}}`
	for name, c := range map[string]struct {
		secret string
		state  where.State
		kind   string
		fix    string
	}{
		"the chart's": {fmt.Sprintf(`{`+metadata+`},"type":"Opaque","data":{"NGC_API_KEY":%q}}`, "ngc-api", b64(old)), where.Old, where.KindSecret, "ragenv export --format kubernetes --namespace rag --only NGC_API_KEY | kubectl apply --server-side"},
		"a login":     {fmt.Sprintf(`{`+metadata+`},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":%q}}`, "ngc-secret", b64(login)), where.Old, where.KindSecret, "ragenv export"},
		"one's own":   {fmt.Sprintf(`{`+metadata+`},"type":"Opaque","data":{"token":%q}}`, "mine", b64(old)), where.Old, where.KindSecret, `(key=$(ragenv get NGC_API_KEY) && printf %s '{"stringData":{"token":"' "$key" '"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"up to date":  {fmt.Sprintf(`{`+metadata+`},"type":"Opaque","data":{"token":%q}}`, "mine", b64(current)), where.Current, where.KindSecret, ""},
		"a release": {fmt.Sprintf(`{`+metadata+`,"labels":{"name":"rag","version":"2","status":"superseded"}},"type":"helm.sh/release.v1","data":{"release":%q}}`, "sh.helm.release.v1.rag.v2",
			helmRelease(t, `{"manifest":"data:\n  NGC_API_KEY: `+b64(old)+`\n"}`)), where.Old, where.KindHelmRelease, "kubectl -n rag delete secret sh.helm.release.v1.rag.v2"},
	} {
		h, ok := o.secret(decode(c.secret))
		if !ok || h.State != c.state || h.Kind != c.kind || !strings.HasPrefix(h.Fix, c.fix) || (c.fix == "") != (h.Fix == "") {
			t.Errorf("%s: %t, %+v", name, ok, h)
		}
	}
	if _, ok := o.secret(decode(fmt.Sprintf(`{`+metadata+`},"type":"Opaque","data":{"token":%q}}`, "other", b64(newValue())))); ok {
		t.Error("another key is found")
	}

	updated := decode(fmt.Sprintf(`{`+metadata+`},"type":"Opaque","data":{"NGC_API_KEY":%q}}`, "ngc-api", b64(current)))
	holder, _ := o.secret(updated)
	holding := map[string]where.Holder{"rag/ngc-api": holder}
	changed := updated.changed()
	for started, want := range map[string]where.State{"2026-02-01T00:00:00Z": where.Old, "2026-04-01T00:00:00Z": where.Current} {
		var p pod
		if err := json.Unmarshal([]byte(`{"metadata":{"name":"server-5d4f-x","namespace":"rag","labels":{"pod-template-hash":"5d4f"},"ownerReferences":[{"kind":"ReplicaSet","name":"server-5d4f"}]},
			"spec":{"containers":[{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"ngc-api","key":"NGC_API_KEY"}}}]}]},"status":{"phase":"Running","startTime":"`+started+`"}}`), &p); err != nil {
			t.Fatal(err)
		}
		h, ok := o.pod(p, holding, map[string]time.Time{"rag/ngc-api": changed})
		if !ok || h.State != want || (want == where.Old) != (h.Fix == "kubectl -n rag rollout restart deployment/server") {
			t.Errorf("started %s: %t, %+v", started, ok, h)
		}
	}
}
