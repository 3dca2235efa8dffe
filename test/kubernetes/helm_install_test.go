package kubernetes

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestHelmInstall runs the documented commands with real Helm and a real API server. Helm creates no
// Secret, and its release records hold no key, before and after a rotation. An install with the key in its
// values can be taken over.
func TestHelmInstall(t *testing.T) {
	clusterOrSkip(t)
	chart, err := filepath.Abs("testdata/chart")
	if err != nil {
		t.Fatal(err)
	}
	for name, helm := range helms(t) {
		t.Run(name, func(t *testing.T) {
			t.Run("new", func(t *testing.T) { newInstall(t, newCluster(t, name+"-new"), helm, chart) })
			t.Run("taken over", func(t *testing.T) { takenOver(t, newCluster(t, name+"-over"), helm, chart) })
		})
	}
}

// withoutSecrets keeps the chart from creating its Secrets.
var withoutSecrets = []string{"--set", "imagePullSecret.create=false", "--set", "ngcApiSecret.create=false", "--set", "apiKeysSecret.existingSecret=rag-api-keys"}

func newInstall(t *testing.T, c cluster, helm, chart string) {
	p := newPerson(t, helm, clusterEnv()...)
	former, key := newKey(), newKey()
	p.store("NGC_API_KEY", former)
	apply := func() {
		t.Helper()
		c.kubectl(p.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace), "apply", "--server-side", "--validate=strict", "-f", "-")
	}
	install := append([]string{"upgrade", "--install", "rag", chart, "--namespace", c.namespace}, withoutSecrets...)
	apply()
	// Without these options the chart's Secrets conflict with the existing ones, which Helm does not own.
	p.fails("invalid ownership metadata", helm, "install", "other", chart, "--namespace", c.namespace, "--set", "imagePullSecret.password=x", "--set", "ngcApiSecret.password=x")
	p.ok(helm, install...)
	c.satisfied()
	c.noKeyInReleases(former)
	p.store("NGC_API_KEY", key)
	apply()
	p.ok(helm, install...)
	if got := c.secret("ngc-api").Data["NVIDIA_API_KEY"]; string(got) != key {
		t.Error("the rotated key is not in the cluster")
	}
	c.noKeyInReleases(former)
	c.noKeyInReleases(key)
}

func takenOver(t *testing.T, c cluster, helm, chart string) {
	p := newPerson(t, helm, clusterEnv()...)
	former, key := newKey(), newKey()
	p.ok(helm, "install", "rag", chart, "--namespace", c.namespace, "--set", "imagePullSecret.password="+former, "--set", "ngcApiSecret.password="+former)
	if c.keysInReleases(former) == 0 {
		t.Error("the search finds no key in a release that has it")
	}
	p.store("NGC_API_KEY", key)
	manifest := p.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace, "--helm-release", "rag")
	if out, err := c.run(manifest, "apply", "--server-side", "-f", "-"); err == nil {
		t.Errorf("no conflict: %s", out)
	}
	c.kubectl(manifest, "apply", "--server-side", "--force-conflicts", "-f", "-")
	p.ok(helm, append([]string{"upgrade", "rag", chart, "--namespace", c.namespace, "--reset-values"}, withoutSecrets...)...)
	c.satisfied()
	if got := c.secret("ngc-api").Data["NVIDIA_API_KEY"]; string(got) != key {
		t.Error("the key is not in the cluster after the upgrade")
	}
	c.noKeyInReleases(key)
	p.ok(helm, append([]string{"upgrade", "rag", chart, "--namespace", c.namespace}, withoutSecrets...)...)
	c.satisfied()
	// Helm takes them for the release's own: the chart can create its Secrets again.
	p.ok(helm, "upgrade", "rag", chart, "--namespace", c.namespace, "--reset-values", "--dry-run=server", "--set", "imagePullSecret.password=x", "--set", "ngcApiSecret.password=x")
}

// satisfied fails the test for each missing Secret key that a Deployment refers to.
func (c cluster) satisfied() {
	c.t.Helper()
	const references = `{range .items[*].spec.template.spec}{range .imagePullSecrets[*]}{.name} .dockerconfigjson{"\n"}{end}{range .containers[*].env[*]}{.valueFrom.secretKeyRef.name} {.valueFrom.secretKeyRef.key}{"\n"}{end}{end}`
	out := c.kubectl("", "get", "deployments", "--namespace", c.namespace, "--output=jsonpath="+references)
	n := 0
	for line := range strings.Lines(out) {
		name, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" {
			continue
		}
		n++
		if _, ok := c.secret(name).Data[key]; !ok {
			c.t.Errorf("%s has no %s", name, key)
		}
	}
	if n < 3 {
		c.t.Errorf("%d references: %s", n, out)
	}
}

func (c cluster) noKeyInReleases(key string) {
	c.t.Helper()
	if n := c.keysInReleases(key); n > 0 {
		c.t.Errorf("Helm's records hold the key %d times", n)
	}
}

// keysInReleases counts the occurrences of a key, plain and in base64, in Helm's release records, which are
// base64-encoded gzipped JSON.
func (c cluster) keysInReleases(key string) int {
	c.t.Helper()
	out := c.kubectl("", "get", "secrets", "--namespace", c.namespace, "--selector=owner=helm", `--output=jsonpath={range .items[*]}{.data.release}{"\n"}{end}`)
	count, releases := 0, 0
	for line := range strings.Lines(out) {
		releases++
		inner, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil {
			c.t.Fatal(err)
		}
		zipped, err := base64.StdEncoding.DecodeString(string(inner))
		if err != nil {
			c.t.Fatal(err)
		}
		reader, err := gzip.NewReader(bytes.NewReader(zipped))
		if err != nil {
			c.t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			c.t.Fatal(err)
		}
		count += strings.Count(string(text), key) + strings.Count(string(text), base64.StdEncoding.EncodeToString([]byte(key)))
	}
	if releases == 0 {
		c.t.Error("Helm has no record")
	}
	return count
}
