package kubernetes

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kubeletconfigv1 "k8s.io/kubelet/config/v1"
	credentialproviderv1 "k8s.io/kubelet/pkg/apis/credentialprovider/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
)

const helper = "docker-credential-ngc"

// codecs decodes strictly: an unknown or duplicate field is an error.
var codecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	if err := errors.Join(credentialproviderv1.AddToScheme(scheme), kubeletconfigv1.AddToScheme(scheme)); err != nil {
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

// providerConfig writes the example configuration, with the user's home in place of root's, and returns the file.
func providerConfig(t *testing.T, h home) string {
	t.Helper()
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
	return path
}

// Images, and whether the provider has their key.
var kubeletImages = map[string]bool{
	"nvcr.io/nvidia/blueprint/rag-server": true,
	"nvcr.io/nim/nvidia/nemotron":         true,
	"ghcr.io/nvidia/x":                    false,
	"nvcr.io.example.com/nim/x":           false,
	"nvcr.io:5000/nim/x":                  false,
	"docker.io/library/nvcr.io":           false,
}

// TestKubeletConfig reads the example configuration with the kubelet's types, matches images as the kubelet does,
// and runs the helper with nothing but the configured environment, since the kubelet of systemd has no HOME.
// TestKubeletPlugin lets the kubelet's own code do all that.
func TestKubeletConfig(t *testing.T) {
	h := newHome(t)
	key := newKey()
	h.store("NGC_API_KEY", key)
	data, err := os.ReadFile(providerConfig(t, h))
	if err != nil {
		t.Fatal(err)
	}
	object, _, err := codecs.UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, ok := object.(*kubeletconfigv1.CredentialProviderConfig)
	if !ok || len(config.Providers) != 1 {
		t.Fatalf("%T: %+v", object, object)
	}
	provider := config.Providers[0]
	if provider.APIVersion != credentialproviderv1.SchemeGroupVersion.String() {
		t.Errorf("the provider speaks %s", provider.APIVersion)
	}
	if d := provider.DefaultCacheDuration; d == nil || d.Duration <= 0 {
		t.Errorf("defaultCacheDuration is %v", d)
	}
	for image, ours := range kubeletImages {
		matched := false
		for _, pattern := range provider.MatchImages {
			match, err := credentialprovider.URLsMatchStr(pattern, image)
			if err != nil {
				t.Fatal(err)
			}
			matched = matched || match
		}
		if matched != ours {
			t.Errorf("%s: asked is %v", image, matched)
		}
		if !matched {
			continue
		}
		helper := exec.Command(filepath.Join(bin, provider.Name), provider.Args...)
		helper.Env = []string{}
		for _, v := range provider.Env {
			helper.Env = append(helper.Env, v.Name+"="+v.Value)
		}
		helper.Stdin = strings.NewReader(encodeRequest(t, &credentialproviderv1.CredentialProviderRequest{Image: image}))
		output, err := helper.Output()
		var response credentialproviderv1.CredentialProviderResponse
		if errors.Join(err, json.Unmarshal(output, &response)) != nil {
			t.Fatal("the helper fails, or its response does not decode") // the error may quote the secret
		}
		if auth := response.Auth["nvcr.io"]; auth.Username != "$oauthtoken" || auth.Password != key {
			t.Errorf("%s: %d credentials, or a wrong one", image, len(response.Auth))
		}
	}
}
