package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// fetchTo runs a program that writes an image into the directory layout in the home.
func (h *home) fetchTo(args ...string) result {
	h.t.Helper()
	if err := os.RemoveAll(h.path("layout")); err != nil {
		h.t.Fatal(err)
	}
	return h.run("", args...)
}

// layoutFetched reads the digest from an OCI image layout.
func layoutFetched(h *home, image string, _ result) {
	h.t.Helper()
	data, err := os.ReadFile(h.path("layout", "index.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	var index struct{ Manifests []struct{ Digest string } }
	if err := json.Unmarshal(data, &index); err != nil || len(index.Manifests) != 1 {
		h.t.Fatalf("index.json of the layout: %v, %d manifests", err, len(index.Manifests))
	}
	digest := index.Manifests[0].Digest
	h.wantDigest(image, digest)
	if _, err := os.Stat(h.path("layout", "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))); err != nil {
		h.t.Error(err)
	}
}

// dirFetched reads the manifest from a directory in the format of skopeo's "dir:".
func dirFetched(h *home, image string, _ result) {
	h.t.Helper()
	manifest, err := os.ReadFile(h.path("layout", "manifest.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.wantDigest(image, fmt.Sprintf("sha256:%x", sha256.Sum256(manifest)))
}

// ownLogin is a client with its own login command, with the helper calls of a login, a push of nimImage and
// a logout.
type ownLogin struct {
	login, push, logout []string // command lines; login reads the key from standard input
	calls               map[mode][3][]string
	keeps               map[mode]string // what the login writes in plain text
}

func (o ownLogin) operations() []operation {
	calls := func(i int) map[mode][]string {
		want := map[mode][]string{}
		for m, all := range o.calls {
			want[m] = all[i]
		}
		return want
	}
	return []operation{
		{name: "login with a key", want: calls(0), keeps: o.keeps, do: func(h *home) {
			h.ragenv("rm", "NGC_API_KEY").ok() // so that only the login's key can work for a push
			h.run(h.rightKey(), o.login...).ok()
		}},
		{name: "push", want: calls(1), keeps: o.keeps, do: func(h *home) {
			h.run("", o.push...).ok()
			wantPushed(h.t)
		}},
		{name: "logout", want: calls(2), do: func(h *home) { h.run("", o.logout...).ok(); h.wantNoKey() }},
	}
}

// wantPushed fails the test unless pushImage is now nimImage. It compares the configuration, which names
// the uncompressed layers, since Docker compresses layers again.
func wantPushed(t *testing.T) {
	t.Helper()
	if got, want := configDigest(t, pushImage), configDigest(t, nimImage); got != want {
		t.Errorf("%s has the configuration %s, want %s", pushImage, got, want)
	}
}

// remoteImage reads an image from the registry.
func remoteImage(t *testing.T, reference string) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref, remote.WithAuth(worldLogin(t, ref.Context().RegistryStr())))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func configDigest(t *testing.T, reference string) string {
	t.Helper()
	digest, err := remoteImage(t, reference).ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// clearPushed overwrites the image that operations push to.
func clearPushed(t *testing.T) {
	t.Helper()
	for _, reference := range []string{pushImage, pushedChart} {
		ref, err := name.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, empty.Image, remote.WithAuth(worldLogin(t, ref.Context().RegistryStr()))); err != nil {
			t.Fatal(err)
		}
	}
}

func podmanPull(h *home, image string) result {
	h.t.Helper()
	h.run("", "podman", "rmi", "--all", "--force").ok()
	return h.run("", "podman", "pull", image)
}

func podmanPulled(h *home, image string, _ result) {
	h.t.Helper()
	h.wantDigest(image, strings.TrimSpace(h.run("", "podman", "image", "inspect", "--format", "{{.Digest}}", image).ok().stdout))
}

func buildahPull(h *home, image string) result {
	h.t.Helper()
	h.run("", "buildah", "rmi", "--all", "--force").ok()
	return h.run("", "buildah", "pull", image)
}

func buildahPulled(h *home, image string, _ result) {
	h.t.Helper()
	h.wantDigest(image, strings.TrimSpace(h.run("", "buildah", "images", "--format", "{{.Digest}}", image).ok().stdout))
}

// The chart that every world serves for helm.
const (
	chartVersion = "0.1.0"
	nvcrChart    = "nvcr.io/org/charts/demo:" + chartVersion
	secondChart  = registry.Second + "/charts/demo:" + chartVersion
	pushedChart  = "nvcr.io/org/pushed/demo:" + chartVersion
)

// chartArchive returns a chart in the format of "helm package".
func chartArchive(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	text := "apiVersion: v2\nname: demo\nversion: " + chartVersion + "\n"
	err := files.WriteHeader(&tar.Header{Name: "demo/Chart.yaml", Mode: 0o644, Size: int64(len(text))})
	if err == nil {
		_, err = files.Write([]byte(text))
	}
	if err == nil {
		err = files.Close()
	}
	if err == nil {
		err = zipped.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// seedCharts stores a Helm chart in both registries.
func seedCharts(t *testing.T) {
	t.Helper()
	layer := static.NewLayer(chartArchive(t), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	chart, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.cncf.helm.config.v1+json"),
		mutate.Addendum{Layer: layer})
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{nvcrChart, secondChart} {
		ref, err := name.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, chart, remote.WithAuth(worldLogin(t, ref.Context().RegistryStr()))); err != nil {
			t.Fatal(err)
		}
	}
}

func helmPull(h *home, chart string) result {
	h.t.Helper()
	repository, version := chart[:strings.LastIndex(chart, ":")], chart[strings.LastIndex(chart, ":")+1:]
	return h.fetchTo("helm", "pull", "oci://"+repository, "--version", version, "--destination", h.dir)
}

func helmPulled(h *home, chart string, r result) {
	h.t.Helper()
	r.says("Digest: " + registryDigest(h.t, chart))
	got, err := os.ReadFile(h.path("demo-" + chartVersion + ".tgz"))
	if err != nil || !bytes.Equal(got, chartArchive(h.t)) {
		h.t.Errorf("the chart's archive is not the registry's: %v, %d bytes", err, len(got))
	}
	_ = os.Remove(filepath.Join(h.dir, "demo-"+chartVersion+".tgz"))
}

// helmKeeps is helm's own file for the logins of "helm registry login".
const helmKeeps = ".config/helm/registry/config.json"

var helmOperations = []operation{
	{
		name: "registry login with a key", want: inBoth(), keeps: map[mode]string{credHelpers: helmKeeps, credsStore: helmKeeps},
		do: func(h *home) {
			h.run(h.rightKey(), "helm", "registry", "login", registryHost, "--username", registry.NVCRUser, "--password-stdin").ok()
		},
	},
	{name: "registry logout", want: inBoth(), do: func(h *home) { h.run("", "helm", "registry", "logout", registryHost).ok() }},
	{name: "push", want: inBoth("get nvcr.io"), do: func(h *home) {
		before := registryDigest(h.t, pushedChart)
		h.write("demo.tgz", string(chartArchive(h.t)))
		r := h.run("", "helm", "push", "demo.tgz", "oci://nvcr.io/org/pushed").ok()
		after := registryDigest(h.t, pushedChart)
		if after == before {
			h.t.Error("the registry has no new chart")
		}
		r.says("Digest: " + after)
	}},
}
