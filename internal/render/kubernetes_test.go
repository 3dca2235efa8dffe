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

func TestKubernetes(t *testing.T) {
	key, second := "nvapi-"+rand.Text(), "nvapi-"+rand.Text()
	same := map[string][]byte{"NGC_API_KEY": []byte(key), "NGC_CLI_API_KEY": []byte(key), "NVIDIA_API_KEY": []byte(key)}
	own := map[string][]byte{"NGC_API_KEY": []byte(key), "NGC_CLI_API_KEY": []byte(key), "NVIDIA_API_KEY": []byte(second)}
	for _, test := range []struct {
		doc    string
		values []render.Value
		want   map[string]map[string][]byte // but for ngc-secret
	}{
		{"nothing", nil, map[string]map[string][]byte{}},
		{"only the key", []render.Value{{"NGC_API_KEY", key}}, map[string]map[string][]byte{"ngc-api": same}},
		{"with its aliases", []render.Value{{"NGC_API_KEY", key}, {"NVIDIA_API_KEY", key}, {"NGC_CLI_API_KEY", key}}, map[string]map[string][]byte{"ngc-api": same}},
		{"an empty alias", []render.Value{{"NGC_API_KEY", key}, {"NVIDIA_API_KEY", ""}}, map[string]map[string][]byte{"ngc-api": same}},
		{"a second key", []render.Value{{"NGC_API_KEY", key}, {"NVIDIA_API_KEY", second}}, map[string]map[string][]byte{"ngc-api": own}},
		{"the rest", []render.Value{{"NGC_API_KEY", key}, {"CYBORGDB_API_KEY", "c\xff"}, {"X", ""}},
			map[string]map[string][]byte{"ngc-api": same, "mine": {"CYBORGDB_API_KEY": []byte("c\xff"), "X": {}}}},
		{"without the key", []render.Value{{"NVIDIA_API_KEY", second}}, map[string]map[string][]byte{"mine": {"NVIDIA_API_KEY": []byte(second)}}},
	} {
		t.Run(test.doc, func(t *testing.T) {
			output := mustRender(t, "kubernetes", test.values, render.Options{Namespace: "rag", Name: "mine"})
			got := map[string]map[string][]byte{}
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
		})
	}
	if output := mustRender(t, "kubernetes", []render.Value{{"X", "1"}}, render.Options{}); readList(t, output)["ragenv"].Kind == "" || bytes.Contains(output, []byte("namespace")) {
		t.Errorf("without options: %s", output)
	}
}

// TestKubernetesAsKubectl: the Secrets hold, byte for byte, what kubectl would have put there.
func TestKubernetesAsKubectl(t *testing.T) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip("kubectl is not installed")
	}
	// The server is the client's own machine, where nothing answers: --dry-run=client asks nobody.
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
		got := readList(t, mustRender(t, "kubernetes", []render.Value{{"NGC_API_KEY", key}, {"OTHER", key}}, render.Options{Namespace: "rag"}))
		for _, want := range []manifest{
			kubectl("create", "secret", "docker-registry", "ngc-secret", "--docker-server=nvcr.io", "--docker-username=$oauthtoken", "--docker-password="+key),
			kubectl("create", "secret", "generic", "ngc-api", "--from-literal=NGC_API_KEY="+key, "--from-literal=NGC_CLI_API_KEY="+key, "--from-literal=NVIDIA_API_KEY="+key),
			kubectl("create", "secret", "generic", "ragenv", "--from-literal=OTHER="+key),
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
	for _, opts := range []render.Options{
		{Namespace: "Rag"}, {Namespace: "a.b"}, {Namespace: "-a"}, {Namespace: strings.Repeat("a", 64)}, {Namespace: "a\n"},
		{Name: "A"}, {Name: "a..b"}, {Name: ".a"}, {Name: "a-"}, {Name: "a_b"}, {Name: strings.Repeat("a", 254)}, {Name: "ngc-api"}, {Name: "ngc-secret"},
	} {
		err := render.Render(&bytes.Buffer{}, "kubernetes", []render.Value{{"X", "1"}}, opts)
		if !errors.As(err, new(*render.OptionError)) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	for _, opts := range []render.Options{{Namespace: strings.Repeat("a", 63), Name: "a.b-c.9"}, {Name: strings.Repeat("a", 253)}} {
		mustRender(t, "kubernetes", []render.Value{{"X", "1"}}, opts)
	}
}
