package secrets_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
)

func TestChartTable(t *testing.T) {
	names := map[string]bool{}
	for _, k := range secrets.Chart() {
		if k.Name == "" || names[k.Name] || strings.ToLower(k.Name) != k.Name || strings.Contains(k.Name, "_") {
			t.Errorf("Secret %q", k.Name)
		}
		names[k.Name] = true
		of, known := secrets.Lookup(k.Of)
		if k.Of != "" && !known {
			t.Errorf("%s is of %s, which the table does not have", k.Name, k.Of)
		}
		switch k.Type {
		case secrets.KubernetesDockerConfig:
			if len(k.Keys) > 0 || len(of.Registries) == 0 {
				t.Errorf("%s: a dockerconfigjson has no keys, and its secret opens a registry", k.Name)
			}
		case secrets.KubernetesOpaque:
			if k.Of != "" && !slices.Contains(k.Keys, k.Of) {
				t.Errorf("%s lacks %s", k.Name, k.Of)
			}
			for i, key := range k.Keys {
				if _, ok := secrets.Lookup(key); !ok || slices.Contains(k.Keys[:i], key) {
					t.Errorf("%s: %s is twice in it, or not in the table", k.Name, key)
				}
				if k.Of != "" && key != k.Of && !slices.Contains(of.Aliases, key) {
					t.Errorf("%s: %s is neither %s nor an alias of it", k.Name, key, k.Of)
				}
			}
		default:
			t.Errorf("%s: type %q", k.Name, k.Type)
		}
	}
}

// TestChartReferences checks that the table has exactly the Secrets and keys that the chart's templates
// reference.
func TestChartReferences(t *testing.T) {
	file, err := os.Open("testdata/chart-references.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	want := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			want[line] = true
		}
	}
	have := map[string]bool{}
	for _, k := range secrets.Chart() {
		keys := k.Keys
		if k.Type == secrets.KubernetesDockerConfig {
			keys = []string{".dockerconfigjson"}
		}
		for _, key := range keys {
			have[k.Name+" "+key] = true
		}
	}
	for reference := range want {
		if !have[reference] {
			t.Errorf("the chart references %s, which is not exported", reference)
		}
	}
	for reference := range have {
		if !want[reference] {
			t.Errorf("%s is exported, and the chart does not reference it", reference)
		}
	}
}
