package kubernetes

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func matcher(old, current string) *where.Matcher {
	key := where.Key{Name: "NGC_API_KEY", Current: keychain.NewSecret(current)}
	if old != "" {
		key.Former = []keychain.Secret{keychain.NewSecret(old)}
	}
	return where.NewMatcher([]where.Key{key})
}

func decodeAs[T any](t *testing.T, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// What a pod has depends on when its containers read a Secret. The Secret has the current value since 12:00.
func TestPodReadsSecret(t *testing.T) {
	old, current := newValue(), newValue()
	o := Options{Matcher: matcher(old, current)}
	at := func(hour int) string { return fmt.Sprintf(`"2026-03-01T%02d:00:00Z"`, hour) }
	holding := map[string]where.Holder{"rag/s": {State: where.Current, Keys: []string{"NGC_API_KEY"}, Where: []string{"K"}}}
	changed := map[string]time.Time{"rag/s": time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	const variable = `{"name":"c","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"K"}}}]}`
	running := func(hour int) string {
		return `[{"name":"other"},{"name":"c","state":{"running":{"startedAt":` + at(hour) + `}}}]`
	}
	for name, test := range map[string]struct {
		spec, status string
		want         where.State // "" for no key
	}{
		"before":                {`"containers":[` + variable + `]`, `"phase":"Running","startTime":` + at(11), where.Old},
		"at that time":          {`"containers":[` + variable + `]`, `"phase":"Running","startTime":` + at(12), where.Current},
		"created before":        {`"containers":[` + variable + `]`, `"phase":"Pending"`, where.Old},
		"restarted":             {`"containers":[` + variable + `]`, `"startTime":` + at(11) + `,"containerStatuses":` + running(13), where.Current},
		"another one restarted": {`"containers":[` + variable + `]`, `"startTime":` + at(11) + `,"containerStatuses":[{"name":"other","state":{"running":{"startedAt":` + at(13) + `}}}]`, where.Old},
		"waits to start":        {`"containers":[` + variable + `]`, `"startTime":` + at(11) + `,"containerStatuses":[{"name":"c"}]`, where.Current},
		"init container":        {`"initContainers":[` + variable + `]`, `"startTime":` + at(11) + `,"initContainerStatuses":` + running(11), where.Old},
		"all variables":         {`"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"s"}},{"configMapRef":{}}]}]`, `"startTime":` + at(11), where.Old},
		"another key":           {`"containers":[{"env":[{"valueFrom":{"secretKeyRef":{"name":"s","key":"other"}}}]}]`, `"startTime":` + at(11), ""},
		"another Secret":        {`"containers":[{"env":[{"valueFrom":{"secretKeyRef":{"name":"other","key":"K"}}}]}]`, `"startTime":` + at(11), ""},
		"volume":                {`"volumes":[{"emptyDir":{}},{"secret":{"secretName":"s"}}]`, `"startTime":` + at(11), where.Old},
		"projected":             {`"volumes":[{"projected":{"sources":[{"configMap":{}},{"secret":{"name":"s"}}]}}]`, `"startTime":` + at(11), where.Old},
		"succeeded":             {`"containers":[` + variable + `]`, `"phase":"Succeeded","startTime":` + at(11), ""},
		"failed":                {`"containers":[` + variable + `]`, `"phase":"Failed","startTime":` + at(11), ""},
	} {
		p := decodeAs[pod](t, `{"metadata":{"name":"p","namespace":"rag","creationTimestamp":`+at(10)+`},"spec":{`+test.spec+`},"status":{`+test.status+`}}`)
		h, ok := o.pod(p, holding, changed)
		if ok != (test.want != "") || h.State != test.want {
			t.Errorf("%s: %t, %q, want %q", name, ok, h.State, test.want)
		}
		if want := slices.Contains(h.Where, "secret s, changed after the pod started"); ok && want != (h.State == where.Old) {
			t.Errorf("%s: in %q", name, h.Where)
		}
	}
}

func TestPodFixes(t *testing.T) {
	old, current := newValue(), newValue()
	const replicas = `"labels":{"pod-template-hash":"5d4f"},"ownerReferences":[{"kind":"ReplicaSet","name":"server-5d4f"}]`
	written := `"containers":[{"env":[{"name":"A","value":"` + old + `"},{"name":"A","value":"` + old + `"},{"name":"B","value":"x"}]}]`
	const get = "ragenv get --profile p NGC_API_KEY | sed 's/^/A=/' | kubectl -n rag set env "
	for name, test := range map[string]struct{ metadata, spec, stored, want string }{
		"deployment":         {replicas, written, current, get + "deployment/server -e -"},
		"stateful set":       {`"ownerReferences":[{"kind":"StatefulSet","name":"db"}]`, written, current, get + "statefulset/db -e -"},
		"another owner":      {`"ownerReferences":[{"kind":"Job","name":"j"}]`, written, current, "after its manifest or its owner has the stored key: kubectl -n rag delete pod p"},
		"a hash alone":       {`"labels":{"pod-template-hash":"5d4f"},"ownerReferences":[{"kind":"ReplicaSet","name":"-5d4f"}]`, written, current, "after its manifest or its owner has the stored key: kubectl -n rag delete pod p"},
		"arguments":          {replicas, `"containers":[{"args":["--key=` + old + `"]}]`, current, "kubectl -n rag edit deployment/server"},
		"command":            {replicas, `"initContainers":[{"command":["` + old + `"]}]`, current, "kubectl -n rag edit deployment/server"},
		"nothing stored":     {replicas, written, "", "kubectl -n rag edit deployment/server"},
		"no owner":           {`"labels":{}`, `"volumes":[{"secret":{"secretName":"s"}}]`, current, "kubectl -n rag get pod p -o yaml | kubectl -n rag replace --force -f -"},
		"a Secret, owned":    {replicas, `"volumes":[{"secret":{"secretName":"s"}}]`, current, "kubectl -n rag rollout restart deployment/server"},
		"a Secret, of a job": {`"ownerReferences":[{"kind":"Job","name":"j"}]`, `"volumes":[{"secret":{"secretName":"s"}}]`, current, "kubectl -n rag delete pod p"},
		"a current value":    {replicas, `"containers":[{"env":[{"name":"A","value":"` + current + `"}]}]`, current, ""},
	} {
		o := Options{Matcher: matcher(old, test.stored), Profile: " --profile p"}
		p := decodeAs[pod](t, `{"metadata":{"name":"p","namespace":"rag",`+test.metadata+`},"spec":{`+test.spec+`},"status":{"phase":"Running"}}`)
		h, ok := o.pod(p, map[string]where.Holder{"rag/s": {State: where.Old, Keys: []string{"NGC_API_KEY"}, Where: []string{"K"}}}, nil)
		if !ok || h.Fix != test.want || h.Status != "running" || h.Project != "rag" {
			t.Errorf("%s: %t\n\t%s\nwant\t%s", name, ok, h.Fix, test.want)
		}
	}
}

func TestSecretFixes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the words are quoted for PowerShell there")
	}
	old, current, other := newValue(), newValue(), newValue()
	two := where.NewMatcher([]where.Key{
		{Name: "NGC_API_KEY", Current: keychain.NewSecret(current), Former: []keychain.Secret{keychain.NewSecret(old)}},
		{Name: "CYBORGDB_API_KEY", Current: keychain.NewSecret(current + "x"), Former: []keychain.Secret{keychain.NewSecret(other)}},
	})
	login := func(servers ...string) string {
		auths := map[string]any{}
		for _, server := range servers {
			auths[server] = map[string]string{"password": old}
		}
		text, err := json.Marshal(map[string]any{"auths": auths})
		if err != nil {
			t.Fatal(err)
		}
		return b64(string(text))
	}
	const edit, loginType = "kubectl -n rag edit secret mine", `"type":"kubernetes.io/dockerconfigjson"`
	for name, test := range map[string]struct {
		name, metadata, data string
		matcher              *where.Matcher
		want                 string
	}{
		"another key of the object": {"mine", "", `"data":{"a":"` + b64(old) + `","b":"` + b64(other) + `"}`, two, edit},
		"both of one key": {"mine", "", `"data":{"a":"` + b64(old) + `","b":"` + b64(old) + `"}`, two,
			`(key=$(ragenv get -p x NGC_API_KEY) && printf %s '{"stringData":{"a":"' "$key" '","b":"' "$key" '"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"one is current":       {"mine", "", `"data":{"a":"` + b64(old) + `","b":"` + b64(current) + `"}`, two, `(key=$(ragenv get -p x NGC_API_KEY) && printf %s '{"stringData":{"a":"' "$key" '"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"more than the key":    {"mine", "", `"data":{"a":"` + b64("key: "+old) + `"}`, two, edit},
		"nothing stored":       {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, ""), edit},
		"a quote in the key":   {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, current+`"`), edit},
		"a backslash":          {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, current+`\`), edit},
		"a control character":  {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, current+"\x1f"), edit},
		"beyond ASCII":         {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, current+"\x7f"), edit},
		"a space and a tilde":  {"mine", "", `"data":{"a":"` + b64(old) + `"}`, matcher(old, current+" ~"), `(key=$(ragenv get -p x NGC_API_KEY) && printf %s '{"stringData":{"a":"' "$key" '"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"owned":                {"mine", `,"ownerReferences":[{"kind":"ExternalSecret","name":"e"}]`, `"data":{"a":"` + b64(old) + `"}`, two, "give ExternalSecret e the stored key, as it writes this Secret"},
		"of a release":         {"ngc-api", `,"annotations":{"meta.helm.sh/release-name":"rag"}`, `"data":{"a":"` + b64(old) + `"}`, two, "ragenv export -p x --format kubernetes --namespace rag --only NGC_API_KEY --helm-release rag | kubectl apply --server-side --force-conflicts -f -"},
		"the services' keys":   {"rag-api-keys", "", `"data":{"a":"` + b64(old) + `"}`, two, "ragenv export -p x --format kubernetes --namespace rag | kubectl apply --server-side --force-conflicts -f -"},
		"an annotation":        {"mine", `,"annotations":{"b":"` + old + `","a":"` + old + `","c":"` + current + `"}`, `"data":{}`, two, "kubectl -n rag annotate secret mine a- b-"},
		"the former manifest":  {"mine", `,"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"x"}`, `"data":{"a":"` + b64(old) + `"}`, two, `(key=$(ragenv get -p x NGC_API_KEY) && printf %s '{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":null}},"stringData":{"a":"' "$key" '"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"a login":              {"mine", "", loginType + `,"data":{".dockerconfigjson":"` + login("nvcr.io") + `"}`, two, `(key=$(ragenv get -p x NGC_API_KEY) && printf %s '{"stringData":{".dockerconfigjson":"{\"auths\":{\"nvcr.io\":{\"username\":\"$oauthtoken\",\"password\":\"' "$key" '\"}}}"}}' | kubectl -n rag patch secret mine --patch-file /dev/stdin)`},
		"a login elsewhere":    {"mine", "", loginType + `,"data":{".dockerconfigjson":"` + login("ghcr.io") + `"}`, two, edit},
		"two logins":           {"mine", "", loginType + `,"data":{".dockerconfigjson":"` + login("nvcr.io", "ghcr.io") + `"}`, two, edit},
		"a login, other field": {"mine", "", loginType + `,"data":{"x":"` + login("nvcr.io") + `"}`, two, edit},
		"a login, other type":  {"mine", "", `"data":{".dockerconfigjson":"` + login("nvcr.io") + `"}`, two, edit},
		"no login":             {"mine", "", loginType + `,"data":{".dockerconfigjson":"` + b64(`{"x":"`+old+`"}`) + `"}`, two, edit},
		"not base64":           {"mine", "", `"data":{"b":"*","a":"` + b64("key: "+old) + `"}`, two, edit},
	} {
		s := decodeAs[secret](t, `{"metadata":{"name":"`+test.name+`","namespace":"rag"`+test.metadata+`},`+test.data+`}`)
		h, ok := Options{Matcher: test.matcher, Profile: " -p x"}.secret(s)
		if !ok || h.State != where.Old || h.Fix != test.want {
			t.Errorf("%s: %t, %s\n\t%s\nwant\t%s", name, ok, h.State, h.Fix, test.want)
		}
	}
	h, ok := Options{Matcher: two}.secret(decodeAs[secret](t, `{"metadata":{"name":"m","annotations":{"c":"`+current+`"}}}`))
	if !ok || h.State != where.Current || h.Fix != "" {
		t.Errorf("a current value: %t, %+v", ok, h)
	}
}

func TestReleases(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the words are quoted for PowerShell there")
	}
	old, current := newValue(), newValue()
	o := Options{Matcher: matcher(old, current), Profile: " -p x"}
	values := `{"chart":{"metadata":{"name":"rag$(x)","version":"1.2-z+ZA.90"}},"config":{"imagePullSecret":{"password":"` + old + `"},"a.b":{"list":["x","` + old + `"]},"c":"x","z":{"y":"` + current + `"}}}`
	const remove = "kubectl -n rag delete secret r"
	for name, test := range map[string]struct{ status, data, want string }{
		"superseded": {"superseded", helmRelease(t, values), remove},
		"deployed": {"deployed", helmRelease(t, values), "ragenv export -p x --format kubernetes --namespace rag --only NGC_API_KEY --helm-release rag | kubectl apply --server-side --force-conflicts -f - && " +
			`helm -n rag upgrade rag "${CHART:?ragx 1.2-z+ZA.90, from where it was installed}" --reset-then-reuse-values --set 'a\.b.list[1]=' --set imagePullSecret.create=false --set imagePullSecret.password= --set z.y= && ` + remove},
		"one value": {"deployed", helmRelease(t, `{"config":{"ngcApiSecret":{"password":"`+old+`"}}}`), "ragenv export -p x --format kubernetes --namespace rag --only NGC_API_KEY --helm-release rag | kubectl apply --server-side --force-conflicts -f - && " +
			`helm -n rag upgrade rag "${CHART:?, from where it was installed}" --reset-then-reuse-values --set ngcApiSecret.create=false --set ngcApiSecret.password= && ` + remove},
		"the manifest alone": {"deployed", helmRelease(t, `{"manifest":"`+old+`"}`), `helm -n rag upgrade rag "${CHART:?, from where it was installed}" --reset-then-reuse-values && ` + remove},
		"not packed":         {"superseded", b64(b64(values)), remove},
		"not base64":         {"superseded", "*", ""},
		"base64 of none":     {"superseded", b64("*"), ""},
		"cut":                {"superseded", b64(b64("\x1f\x8b")), ""},
		"without a key":      {"superseded", helmRelease(t, "{}"), ""},
	} {
		s := decodeAs[secret](t, `{"type":"helm.sh/release.v1","metadata":{"name":"r","namespace":"rag","labels":{"name":"rag","version":"2","status":"`+test.status+`"}},"data":{"release":"`+test.data+`"}}`)
		if h, ok := o.secret(s); ok != (test.want != "") || h.Fix != test.want {
			t.Errorf("%s: %t\n\t%s\nwant\t%s", name, ok, h.Fix, test.want)
		}
	}
	s := decodeAs[secret](t, `{"type":"helm.sh/release.v1","metadata":{"name":"r"},"data":{"release":"`+helmRelease(t, current)+`"}}`)
	if h, ok := o.secret(s); !ok || h.State != where.Current || h.Fix != "" {
		t.Errorf("the current value: %t, %+v", ok, h)
	}
}

func TestReleaseIsBounded(t *testing.T) {
	pack := func(size int) string {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(make([]byte, size)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return packed.String()
	}
	const part = 1 << 20
	full := strings.Repeat(pack(part), maxRelease/part) // gzip's parts may follow each other
	if text, err := decodeRelease(b64(b64(full))); err != nil || len(text) != maxRelease {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if _, err := decodeRelease(b64(b64(full + pack(1)))); err == nil {
		t.Error("a byte more was read")
	}
}

// kubectl is a script that prints the file named as its first arguments.
func TestSearch(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for kubectl is a shell script")
	}
	current := newValue()
	item := func(namespace string) string {
		return `{"metadata":{"name":"s","namespace":"` + namespace + `"},"data":{"K":"` + b64(current) + `"}}`
	}
	namespaces := func(n int) string {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, "namespace/n%d\n", i)
		}
		return b.String()
	}
	const contexts = `{"current-context":"b","contexts":[{"name":"a","context":{"cluster":"c","namespace":"one"}},{"name":"b","context":{"cluster":"c"}},{"name":"d","context":{"cluster":"other","namespace":"two"}},{"name":"e","context":{"cluster":"c","namespace":"one"}}]}`
	for name, test := range map[string]struct {
		files            map[string]string
		holders          int
		searched, unread string
	}{
		"everything": {map[string]string{"get secrets --all-namespaces": `{"items":[` + item("a") + `,` + item("b") + `]}`,
			"get pods --all-namespaces": `{"items":[{"metadata":{"name":"p","namespace":"a"},"spec":{"volumes":[{"secret":{"secretName":"s"}}]}},{"metadata":{"name":"p","namespace":"c"},"spec":{"volumes":[{"secret":{"secretName":"s"}}]}}]}`},
			3, "Kubernetes secrets in all namespaces, Kubernetes pods in all namespaces", ""},
		"no JSON": {map[string]string{"get secrets --all-namespaces": "[", "get pods --all-namespaces": "{}"}, 0, "Kubernetes pods in all namespaces",
			"Kubernetes secrets: kubectl get secrets: the answer is not as expected"},
		"one namespace is refused": {map[string]string{"get namespaces": namespaces(2), "get secrets --namespace=n1": `{"items":[` + item("n1") + `]}`, "get pods --all-namespaces": "{}"},
			1, "Kubernetes secrets in n1, Kubernetes pods in all namespaces", "Kubernetes secrets of 1 namespaces: this user may not list them"},
		"none is refused": {map[string]string{"get namespaces": namespaces(2), "get secrets --namespace=n1": `{}`, "get secrets --namespace=n0": `{}`, "get pods --all-namespaces": "{}"},
			0, "Kubernetes secrets in n0 and n1, Kubernetes pods in all namespaces", ""},
		"all are refused": {map[string]string{"get namespaces": namespaces(1), "get pods --all-namespaces": "{}"},
			0, "Kubernetes pods in all namespaces", "Kubernetes secrets: kubectl get secrets fails"},
		"those of the contexts": {map[string]string{"config view": contexts, "get secrets --namespace=one": `{"items":[` + item("one") + `]}`, "get secrets --namespace=default": `{}`, "get secrets --namespace=two": `{}`, "get pods --all-namespaces": "{}"},
			1, "Kubernetes secrets in default and one, Kubernetes pods in all namespaces", "Kubernetes secrets of other namespaces: this user may not list them"},
		"no contexts": {map[string]string{"config view": "[", "get secrets --namespace=default": `{}`, "get pods --all-namespaces": "{}"},
			0, "Kubernetes secrets in default, Kubernetes pods in all namespaces", "Kubernetes secrets of other namespaces: this user may not list them"},
	} {
		dir := t.TempDir()
		for file, text := range test.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kubectl := filepath.Join(dir, "kubectl")
		script := "#!/bin/sh\ncase \"$2\" in namespaces | view) name=\"$1 $2\" ;; *) name=\"$1 $2 $3\" ;; esac\nexec cat \"$(dirname \"$0\")/$name\" 2>/dev/null\n"
		if err := os.WriteFile(kubectl, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		report := Search(t.Context(), Options{Matcher: matcher("", current), Environ: os.Environ(), LookPath: func(string) (string, error) { return kubectl, nil }})
		var unread []string
		for _, u := range report.Unread {
			unread = append(unread, u.What+": "+u.Reason)
		}
		if len(report.Holders) != test.holders || strings.Join(report.Searched, ", ") != test.searched || strings.Join(unread, ", ") != test.unread {
			t.Errorf("%s: %d holders, searched %q, unread %q", name, len(report.Holders), report.Searched, unread)
		}
	}

	dir := t.TempDir()
	kubectl := filepath.Join(dir, "kubectl")
	if err := os.WriteFile(kubectl, []byte("#!/bin/sh\nexec cat \"$(dirname \"$0\")/names\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]bool{maxNamespaces - 1: true, maxNamespaces: true, maxNamespaces + 1: false} {
		if err := os.WriteFile(filepath.Join(dir, "names"), []byte(namespaces(n)), 0o600); err != nil {
			t.Fatal(err)
		}
		c := client{ctx: t.Context(), kubectl: kubectl, environ: os.Environ()}
		if names, all := c.namespaces(); all != want || len(names) != min(n, maxNamespaces) {
			t.Errorf("of %d namespaces %d, all %v", n, len(names), all)
		}
	}
	report := Search(t.Context(), Options{LookPath: func(string) (string, error) { return "", errors.New("none") }})
	if len(report.Unread) != 1 || report.Unread[0].Reason != "kubectl is not on PATH" {
		t.Errorf("without kubectl: %+v", report.Unread)
	}
}
