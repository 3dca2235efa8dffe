package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	credentialproviderv1 "k8s.io/kubelet/pkg/apis/credentialprovider/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

const helper = "docker-credential-ngc"

// codecs decodes strictly: an unknown or duplicate field is an error.
var codecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	if err := credentialproviderv1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict)
}()

func encodeRequest(t *testing.T, request *credentialproviderv1.CredentialProviderRequest) string {
	t.Helper()
	info, _ := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	data, err := runtime.Encode(codecs.EncoderForVersion(info.Serializer, credentialproviderv1.SchemeGroupVersion), request)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestKubeletTypes(t *testing.T) {
	h := newHome(t)
	key := newKey()
	h.store("NGC_API_KEY", key)
	for _, test := range []struct {
		doc     string
		request credentialproviderv1.CredentialProviderRequest
		want    string // the only key in auth
	}{
		{"an image", credentialproviderv1.CredentialProviderRequest{Image: "nvcr.io/nim/nvidia/nemotron"}, "nvcr.io"},
		{"with a port", credentialproviderv1.CredentialProviderRequest{Image: "nvcr.io:443/nim/nvidia/nemotron"}, "nvcr.io:443"},
		{"for a service account", credentialproviderv1.CredentialProviderRequest{
			Image: "nvcr.io/nim/nvidia/nemotron", ServiceAccountToken: "header.payload.signature",
			ServiceAccountAnnotations: map[string]string{"example.com/team": "rag"},
		}, "nvcr.io"},
		{"elsewhere", credentialproviderv1.CredentialProviderRequest{Image: "ghcr.io/nim/nvidia/nemotron"}, ""},
		{"alike", credentialproviderv1.CredentialProviderRequest{Image: "nvcr.io.example.com/nim/nvidia/nemotron"}, ""},
	} {
		t.Run(test.doc, func(t *testing.T) {
			output := h.must(encodeRequest(t, &test.request), helper, "kubelet")
			object, kind, err := codecs.UniversalDeserializer().Decode([]byte(output), nil, nil)
			if err != nil {
				t.Fatal("the response does not decode") // the error may quote the secret, so it is not logged
			}
			response, ok := object.(*credentialproviderv1.CredentialProviderResponse)
			if !ok || kind.GroupVersion() != credentialproviderv1.SchemeGroupVersion {
				t.Fatalf("the answer is a %s", kind)
			}
			if response.CacheKeyType != credentialproviderv1.RegistryPluginCacheKeyType {
				t.Errorf("cacheKeyType is %q", response.CacheKeyType)
			}
			if d := response.CacheDuration; d == nil || d.Duration <= 0 || d.Duration > 5*time.Minute {
				t.Errorf("cacheDuration is %v, not within the kubelet's longest wait between pulls", d)
			}
			if test.want == "" {
				if response.Auth != nil {
					t.Error("auth is not null")
				}
				return
			}
			if auth := response.Auth[test.want]; len(response.Auth) != 1 || auth.Username != "$oauthtoken" || auth.Password != key {
				t.Errorf("%d entries in auth, or a wrong one", len(response.Auth))
			}
		})
	}
}

// TestKubeletPlugin lets the kubelet's own code read the example configuration, run the helper in the
// environment of a kubelet started by systemd, and find the key for its pulls.
func TestKubeletPlugin(t *testing.T) {
	h := newHome(t)
	key := newKey()
	h.store("NGC_API_KEY", key)
	example, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", "credential-provider-config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Replace(string(example), "value: /root\n", "value: "+h.dir+"\n", 1)
	if config == string(example) {
		t.Fatal("the example names no home")
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "NGC_API_KEY"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := plugin.RegisterCredentialProviderPlugins(path, bin, nil, nil); err != nil {
		t.Fatal(err)
	}
	lookup := func(image string) []credentialprovider.TrackedAuthConfig {
		found, _ := plugin.NewExternalCredentialProviderDockerKeyring("rag", "rag-server-0", "uid", "default").Lookup(image)
		return found
	}
	for _, image := range []string{"nvcr.io/nvidia/blueprint/rag-server", "nvcr.io/nim/nvidia/nemotron"} {
		if found := lookup(image); len(found) != 1 || found[0].AuthConfig.Username != "$oauthtoken" || found[0].AuthConfig.Password != key {
			t.Errorf("%s: %d credentials, or a wrong one", image, len(found))
		}
	}
	for _, image := range []string{"ghcr.io/nvidia/x", "nvcr.io.example.com/nim/x", "nvcr.io:5000/nim/x", "docker.io/library/nvcr.io"} {
		if found := lookup(image); len(found) != 0 {
			t.Errorf("%s: %d credentials", image, len(found))
		}
	}
}
