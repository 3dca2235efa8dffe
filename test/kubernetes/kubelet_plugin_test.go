//go:build kubeletplugin

package kubernetes

import (
	"os"
	"testing"

	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

// TestKubeletPlugin lets the kubelet's own code read the example configuration, run the helper in the
// environment of a kubelet started by systemd, and find the key for its pulls.
func TestKubeletPlugin(t *testing.T) {
	h := newHome(t)
	key := newKey()
	h.store("NGC_API_KEY", key)
	path := providerConfig(t, h)
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
	for image, ours := range kubeletImages {
		found := lookup(image)
		if !ours && len(found) != 0 {
			t.Errorf("%s: %d credentials", image, len(found))
		} else if ours && (len(found) != 1 || found[0].AuthConfig.Username != "$oauthtoken" || found[0].AuthConfig.Password != key) {
			t.Errorf("%s: %d credentials, or a wrong one", image, len(found))
		}
	}
}
