package render_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/secrets"
)

type manifest struct {
	APIVersion, Kind string
	Metadata         struct{ Name, Namespace string }
	Type             string
	Data             map[string][]byte
}

// readList returns the Secrets by name.
func readList(t *testing.T, output []byte) map[string]manifest {
	t.Helper()
	var list struct {
		APIVersion, Kind string
		Items            []manifest
	}
	if err := json.Unmarshal(output, &list); err != nil {
		t.Fatal(err)
	}
	if list.APIVersion != "v1" || list.Kind != "List" || list.Items == nil {
		t.Fatalf("not a List: %s", output)
	}
	byName := map[string]manifest{}
	for _, m := range list.Items {
		if m.APIVersion != "v1" || m.Kind != "Secret" || byName[m.Metadata.Name].Kind != "" {
			t.Errorf("%+v", m.Metadata)
		}
		byName[m.Metadata.Name] = m
	}
	return byName
}

// serviceKeys returns the data of rag-api-keys: all its keys, empty except those in set.
func serviceKeys(set map[string]string) map[string][]byte {
	data := map[string][]byte{}
	for _, shape := range secrets.Chart() {
		if shape.Name == "rag-api-keys" {
			for _, key := range shape.Keys {
				data[key] = []byte(set[key])
			}
		}
	}
	return data
}

func TestKubernetes(t *testing.T) {
	key, second := "nvapi-"+rand.Text(), "nvapi-"+rand.Text()
	same := map[string][]byte{"NGC_API_KEY": []byte(key), "NGC_CLI_API_KEY": []byte(key), "NVIDIA_API_KEY": []byte(key)}
	own := map[string][]byte{"NGC_API_KEY": []byte(key), "NGC_CLI_API_KEY": []byte(key), "NVIDIA_API_KEY": []byte(second)}
	unset := serviceKeys(nil)
	type data = map[string]map[string][]byte
	ngc := render.Value{"NGC_API_KEY", key}
	for _, test := range []struct {
		doc      string
		values   []render.Value
		name     string
		selected bool
		want     data // except ngc-secret
		unplaced []string
	}{
		{"nothing", nil, "mine", false, data{"rag-api-keys": unset}, nil},
		{"nothing of a selection", nil, "mine", true, data{}, nil},
		{"only the key", []render.Value{ngc}, "mine", false, data{"ngc-api": same, "rag-api-keys": unset}, nil},
		{"the key selected", []render.Value{ngc}, "mine", true, data{"ngc-api": same}, nil},
		{"with its aliases", []render.Value{ngc, {"NVIDIA_API_KEY", key}, {"NGC_CLI_API_KEY", key}}, "mine", true, data{"ngc-api": same}, nil},
		{"an empty alias", []render.Value{ngc, {"NVIDIA_API_KEY", ""}}, "mine", true, data{"ngc-api": same}, nil},
		{"a second key", []render.Value{ngc, {"NVIDIA_API_KEY", second}}, "mine", true, data{"ngc-api": own}, nil},
		{"service keys", []render.Value{ngc, {"APP_LLM_APIKEY", "sk"}, {"APP_VLM_APIKEY", ""}}, "mine", false,
			data{"ngc-api": same, "rag-api-keys": serviceKeys(map[string]string{"APP_LLM_APIKEY": "sk"})}, nil},
		{"a service key selected", []render.Value{{"SUMMARY_LLM_APIKEY", "sk"}}, "mine", true,
			data{"rag-api-keys": serviceKeys(map[string]string{"SUMMARY_LLM_APIKEY": "sk"})}, nil},
		{"the rest", []render.Value{ngc, {"CYBORGDB_API_KEY", "c\xff"}, {"X", ""}}, "mine", true,
			data{"ngc-api": same, "mine": {"CYBORGDB_API_KEY": []byte("c\xff"), "X": {}}}, []string{"CYBORGDB_API_KEY", "X"}},
		{"the rest unnamed", []render.Value{ngc, {"X", "1"}}, "", true, data{"ngc-api": same}, []string{"X"}},
		{"without the key", []render.Value{{"NVIDIA_API_KEY", second}}, "mine", true,
			data{"mine": {"NVIDIA_API_KEY": []byte(second)}}, []string{"NVIDIA_API_KEY"}},
	} {
		t.Run(test.doc, func(t *testing.T) {
			output := mustRender(t, "kubernetes", test.values, render.Options{Namespaces: []string{"rag"}, Name: test.name, Selected: test.selected})
			got := data{}
			for name, m := range readList(t, output) {
				if m.Metadata.Namespace != "rag" {
					t.Errorf("%s is in namespace %q", name, m.Metadata.Namespace)
				}
				if name == "ngc-secret" {
					continue
				}
				if m.Type != "Opaque" {
					t.Errorf("%s is of type %s", name, m.Type)
				}
				got[name] = m.Data
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.unplaced, render.Unplaced(test.values)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if output := mustRender(t, "kubernetes", []render.Value{ngc}, render.Options{}); bytes.Contains(output, []byte(`"namespace"`)) || bytes.Contains(output, []byte("annotations")) {
		t.Error("without options there are a namespace or annotations")
	}
}

// TestKubernetesMetadata checks that each Secret is written once per namespace, with Helm's ownership
// metadata if a release is named.
func TestKubernetesMetadata(t *testing.T) {
	values := []render.Value{{"NGC_API_KEY", "nvapi-" + rand.Text()}}
	for _, release := range []string{"", "rag"} {
		output := mustRender(t, "kubernetes", values, render.Options{Namespaces: []string{"one", "two"}, HelmRelease: release})
		var list struct {
			Items []struct {
				Metadata struct {
					Name, Namespace     string
					Labels, Annotations map[string]string
				}
			}
		}
		if err := json.Unmarshal(output, &list); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range list.Items {
			m := item.Metadata
			got = append(got, m.Namespace+"/"+m.Name)
			labels, annotations := map[string]string{"app.kubernetes.io/managed-by": "ragenv"}, map[string]string(nil)
			if release != "" {
				labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
				annotations = map[string]string{
					"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": m.Namespace, "helm.sh/resource-policy": "keep",
				}
			}
			if diff := cmp.Diff(labels, m.Labels) + cmp.Diff(annotations, m.Annotations); diff != "" {
				t.Errorf("%s, release %q:\n%s", m.Name, release, diff)
			}
		}
		want := []string{"one/ngc-secret", "one/ngc-api", "one/rag-api-keys", "two/ngc-secret", "two/ngc-api", "two/rag-api-keys"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestKubernetesAsKubectl checks that the Secrets are byte for byte those that kubectl creates.
func TestKubernetesAsKubectl(t *testing.T) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip("kubectl is not installed")
	}
	// The server is this machine, where nothing answers: --dry-run=client sends no requests.
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl := func(args ...string) manifest {
		t.Helper()
		cmd := exec.Command("kubectl", append(args, "--dry-run=client", "--output=json", "--namespace=rag")...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+config)
		out, err := cmd.Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				t.Fatalf("kubectl: %v\n%s", err, exit.Stderr)
			}
			t.Fatal(err)
		}
		var m manifest
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, key := range []string{"nvapi-" + rand.Text(), `<"quoted"&\>`, "é😀\u2028", "a\nb"} {
		got := readList(t, mustRender(t, "kubernetes", []render.Value{{"NGC_API_KEY", key}, {"OTHER", key}}, render.Options{Namespaces: []string{"rag"}, Name: "others"}))
		for _, want := range []manifest{
			kubectl("create", "secret", "docker-registry", "ngc-secret", "--docker-server=nvcr.io", "--docker-username=$oauthtoken", "--docker-password="+key),
			kubectl("create", "secret", "generic", "ngc-api", "--from-literal=NGC_API_KEY="+key, "--from-literal=NGC_CLI_API_KEY="+key, "--from-literal=NVIDIA_API_KEY="+key),
			kubectl("create", "secret", "generic", "others", "--from-literal=OTHER="+key),
		} {
			is := got[want.Metadata.Name]
			if want.Type == "" {
				want.Type = "Opaque" // the API's default
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("%s (-kubectl +render):\n%s", want.Metadata.Name, diff)
			}
		}
	}
}

func TestKubernetesOptions(t *testing.T) {
	in := func(namespaces ...string) render.Options { return render.Options{Namespaces: namespaces} }
	release := func(name string) render.Options {
		return render.Options{Namespaces: []string{"rag"}, HelmRelease: name}
	}
	for _, opts := range []render.Options{
		in("Rag"), in("a.b"), in("-a"), in(strings.Repeat("a", 64)), in("a\n"), in(""), in("a", ""), in("a", "b", "a"),
		{Name: "A"}, {Name: "a..b"}, {Name: ".a"}, {Name: "a-"}, {Name: "a_b"}, {Name: strings.Repeat("a", 254)},
		{Name: "ngc-api"}, {Name: "ngc-secret"}, {Name: "rag-api-keys"},
		{HelmRelease: "rag"}, release("Rag"), release("a b"), release(strings.Repeat("a", 54)),
	} {
		err := render.Render(&bytes.Buffer{}, "kubernetes", []render.Value{{"X", "1"}}, opts)
		if !errors.As(err, new(*render.OptionError)) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	for _, opts := range []render.Options{
		{Namespaces: []string{strings.Repeat("a", 63)}, Name: "a.b-c.9"}, {Name: strings.Repeat("a", 253)}, release(strings.Repeat("a", 53)), release("a.b"),
	} {
		mustRender(t, "kubernetes", []render.Value{{"X", "1"}}, opts)
	}
}
