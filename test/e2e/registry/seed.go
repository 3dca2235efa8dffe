package registry

import (
	"archive/tar"
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

//go:embed images.txt
var imageList string

// Images returns the references of the images that every world starts with, including the registry host.
func Images() []string {
	var references []string
	for lines := bufio.NewScanner(strings.NewReader(imageList)); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			references = append(references, line)
		}
	}
	return references
}

// NewImage returns an image whose only program is app, a static Linux executable, at /app. The reference is
// added as a label, so that images with different names have different digests.
func NewImage(app []byte, architecture, reference string) (v1.Image, error) {
	var layerTar bytes.Buffer
	w := tar.NewWriter(&layerTar)
	for _, f := range []struct {
		name string
		mode int64
		data []byte
	}{
		{"app", 0o755, app},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/app\nnvs:x:1000:1000:nvs:/:/app\n")},
		{"etc/group", 0o644, []byte("root:x:0:\nnvs:x:1000:\n")},
	} {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layerTar.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Config.Entrypoint = []string{"/app"}
	config.Config.Env = []string{"PATH=/"}
	config.Config.Labels = map[string]string{"org.opencontainers.image.ref.name": reference}
	return mutate.ConfigFile(image, config)
}

// seed writes the image under its name directly to the registry's handler, bypassing the gate.
func seed(handler http.Handler, reference string, image v1.Image) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, image, remote.WithTransport(direct{handler})); err != nil {
		return fmt.Errorf("seed %s: %w", reference, err)
	}
	return nil
}

// direct is an http.RoundTripper that calls a handler in this process.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}
