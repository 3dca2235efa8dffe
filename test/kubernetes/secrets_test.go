package kubernetes

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	credentialsecrets "k8s.io/kubernetes/pkg/credentialprovider/secrets"
)

// cluster is a namespace on the API server of test/worlds/kube-world.
type cluster struct {
	t         *testing.T
	namespace string
}

// clusterOrSkip skips the test without an API server.
func clusterOrSkip(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_KUBERNETES") == "" {
		t.Skip("scripts/e2e-kubernetes runs this with an API server")
	}
}

// clusterEnv returns the variables with which programs find the API server.
func clusterEnv() []string {
	return []string{"KUBECONFIG=" + os.Getenv("KUBECONFIG"), "KUBECACHEDIR=" + os.Getenv("KUBECACHEDIR")}
}

// newCluster creates a namespace for the test. It skips the test without an API server.
func newCluster(t *testing.T, namespace string) cluster {
	t.Helper()
	clusterOrSkip(t)
	c := cluster{t, namespace}
	c.kubectl("", "create", "namespace", namespace)
	return c
}

func (c cluster) run(stdin string, args ...string) (string, error) {
	cmd := exec.Command("kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		c.t.Logf("kubectl: %s", &stderr)
	}
	return stdout.String(), err
}

func (c cluster) kubectl(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.run(stdin, args...)
	if err != nil {
		c.t.Fatalf("kubectl %s: %v", args[0], err)
	}
	return out
}

// secret returns a stored Secret. Its JSON must have no field that is unknown to the API's type.
func (c cluster) secret(name string) corev1.Secret {
	c.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(c.kubectl("", "get", "secret", name, "--namespace", c.namespace, "--output=json", "--show-managed-fields")))
	decoder.DisallowUnknownFields()
	var secret corev1.Secret
	if err := decoder.Decode(&secret); err != nil {
		c.t.Fatalf("secret %s does not decode", name)
	}
	return secret
}

func TestExportedSecrets(t *testing.T) {
	c := newCluster(t, "rag")
	h := newHome(t)
	former, key, cyborg := newKey(), newKey(), "cyborg_"+newKey()[6:38]
	h.store("NGC_API_KEY", former)
	h.store("CYBORGDB_API_KEY", cyborg)
	export := func() string {
		return h.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace, "--name", "other-keys")
	}
	apply := func(manifest string) {
		t.Helper()
		c.kubectl(manifest, "apply", "--server-side", "--validate=strict", "-f", "-")
	}
	apply(export())
	apply(export()) // applying it again must not conflict
	h.store("NGC_API_KEY", key)
	apply(export())

	// The kubelet's own code must find the credentials for its pulls in it.
	pull := c.secret("ngc-secret")
	keyring, err := credentialsecrets.MakeDockerKeyring([]corev1.Secret{pull}, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		t.Fatal("the kubelet cannot read the Secret")
	}
	found, _ := keyring.Lookup("nvcr.io/nim/nvidia/nemotron")
	if len(found) != 1 || found[0].AuthConfig.Username != "$oauthtoken" || found[0].AuthConfig.Password != key {
		t.Errorf("the kubelet finds %d credentials, or a wrong one", len(found))
	}
	if found, _ := keyring.Lookup("ghcr.io/nim/nvidia/nemotron"); len(found) != 0 {
		t.Error("it finds credentials for another registry")
	}

	// kubectl must create the same Secret. It takes the key only as an argument, so this key is not a real
	// one.
	c.kubectl("", "create", "secret", "docker-registry", "reference", "--namespace", c.namespace,
		"--docker-server=nvcr.io", "--docker-username=$oauthtoken", "--docker-password="+key)
	reference := c.secret("reference")
	if pull.Type != reference.Type || len(pull.Data) != 1 || !bytes.Equal(pull.Data[corev1.DockerConfigJsonKey], reference.Data[corev1.DockerConfigJsonKey]) {
		t.Errorf("type %s and %d data keys, or other bytes, than kubectl create secret docker-registry makes", pull.Type, len(pull.Data))
	}

	for name, want := range map[string]map[string]string{
		"ngc-api":    {"NGC_API_KEY": key, "NGC_CLI_API_KEY": key, "NVIDIA_API_KEY": key},
		"other-keys": {"CYBORGDB_API_KEY": cyborg},
	} {
		secret := c.secret(name)
		if secret.Type != corev1.SecretTypeOpaque || len(secret.Data) != len(want) {
			t.Errorf("%s: type %s, %d data keys", name, secret.Type, len(secret.Data))
		}
		for field, value := range want {
			if string(secret.Data[field]) != value {
				t.Errorf("%s: %s is another value", name, field)
			}
		}
	}

	// Neither the current nor the former key is in other fields than data, such as an annotation.
	for _, name := range []string{"ngc-secret", "ngc-api", "other-keys"} {
		secret := c.secret(name)
		if _, ok := secret.Annotations[corev1.LastAppliedConfigAnnotation]; ok || len(secret.Annotations) > 0 {
			t.Errorf("%s has %d annotations", name, len(secret.Annotations))
		}
		secret.Data = nil
		rest, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{key, former, cyborg} {
			if bytes.Contains(rest, []byte(value)) {
				t.Errorf("%s holds a key outside data", name)
			}
		}
	}
}

// TestExportedSecretsByDefault checks that without options the Secrets go to the namespace that kubectl
// uses.
func TestExportedSecretsByDefault(t *testing.T) {
	c := newCluster(t, "elsewhere")
	h := newHome(t)
	h.store("NGC_API_KEY", newKey())
	h.store("APP_LLM_APIKEY", "sk-1")
	manifest := h.must("", "ragenv", "export", "--format", "kubernetes")
	c.kubectl(manifest, "apply", "--server-side", "--validate=strict", "--namespace", c.namespace, "-f", "-")
	c.secret("ngc-secret")
	keys := c.secret("rag-api-keys").Data
	if string(keys["APP_LLM_APIKEY"]) != "sk-1" || len(keys) != 12 {
		t.Errorf("rag-api-keys has %d keys, or another value", len(keys))
	}
	if empty, ok := keys["APP_VLM_APIKEY"]; !ok || len(empty) > 0 { // a reference that is not optional needs an empty value
		t.Error("a service key that is not stored is missing or not empty")
	}

	// kubectl refuses to apply a Secret that names a namespace to another one.
	manifest = h.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace)
	if _, err := c.run(manifest, "apply", "--server-side", "--namespace", "default", "-f", "-"); err == nil {
		t.Error("the namespace of the Secrets gave way")
	}
}
