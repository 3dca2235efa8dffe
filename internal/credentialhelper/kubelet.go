package credentialhelper

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// actionKubelet answers the kubelet of a Kubernetes node as an image credential provider. The types below
// are copied from k8s.io/kubelet/pkg/apis/credentialprovider/v1, because that module is larger than the
// program.
const actionKubelet = "kubelet"

const (
	kubeletAPI          = "credentialprovider.kubelet.k8s.io/v1"
	kubeletRequestKind  = "CredentialProviderRequest"
	kubeletResponseKind = "CredentialProviderResponse"
)

// kubeletCache is how long the kubelet may reuse an answer. One minute covers the images of a starting pod.
// After a rotation the old key is dropped early in the kubelet's retries of a failed pull, which are 10
// seconds to 5 minutes apart.
const kubeletCache = time.Minute

// kubeletRequest omits serviceAccountToken and serviceAccountAnnotations: the answer does not depend on the
// pod.
type kubeletRequest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Image      string `json:"image"`
}

type kubeletResponse struct {
	APIVersion    string                 `json:"apiVersion"`
	Kind          string                 `json:"kind"`
	CacheKeyType  string                 `json:"cacheKeyType"`
	CacheDuration string                 `json:"cacheDuration"` // in time.Duration's format
	Auth          map[string]kubeletAuth `json:"auth,omitempty"`
}

type kubeletAuth struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// serveKubelet reads one request and writes its response.
//
// It answers only for registries opened by one of the table's secrets (nvcr.io), because the kubelet pulls
// for every pod of the node, and root's other logins are not theirs. Any other image gets no auth, so the
// kubelet tries its other sources.
//
// On an error the kubelet logs stderr, caches nothing, and pulls without this provider. So a missing or
// unreadable key is an error; an empty answer would leave no trace.
func serveKubelet(h *helper, in io.Reader, out io.Writer) error {
	image, err := readImage(in)
	if err != nil {
		return err
	}
	response := kubeletResponse{
		APIVersion: kubeletAPI, Kind: kubeletResponseKind,
		CacheKeyType: "Registry", CacheDuration: kubeletCache.String(),
	}
	host, registry, known, isKnown := openedBy(image)
	if isKnown {
		auth, fresh, err := h.kubeletAuth(image, registry, known)
		if err != nil {
			return err
		}
		// The host as spelled in the image: the kubelet matches the port and letter case exactly.
		response.Auth = map[string]kubeletAuth{host: auth}
		response.CacheDuration = fresh.String()
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(response)
}

// readImage returns the image of a request. Errors contain no input except the version and the kind,
// because it may contain a service account's token.
func readImage(in io.Reader) (string, error) {
	data, err := readAll(in)
	if err != nil {
		return "", err
	}
	var request kubeletRequest
	err = json.Unmarshal(data, &request)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err != nil && !errors.As(err, &mistyped):
		return "", ui.Errorf(kubeletHint, "the input is not a kubelet's "+kubeletRequestKind+" in JSON")
	case request.APIVersion != kubeletAPI:
		return "", ui.Errorf("set apiVersion: "+kubeletAPI+" for the provider "+Program+" in the kubelet's CredentialProviderConfig",
			"the kubelet speaks %.80q, and this program only %q", request.APIVersion, kubeletAPI)
	case request.Kind != kubeletRequestKind:
		return "", ui.Errorf(kubeletHint, "the input is a %.80q, not a "+kubeletRequestKind, request.Kind)
	case err != nil || request.Image == "":
		return "", ui.Errorf(kubeletHint, "the "+kubeletRequestKind+" names no image")
	}
	return request.Image, nil
}

const kubeletHint = "the kubelet runs this, when its CredentialProviderConfig names " + Program + " with args: [" + actionKubelet + "]"

// openedBy returns an image's registry, as spelled and canonical, and the secret that opens it. ok is false
// if there is none, as for Docker Hub's images ("ubuntu", "library/ubuntu"), which may omit the registry.
func openedBy(image string) (host, registry string, known secrets.Secret, ok bool) {
	host, path, _ := strings.Cut(image, "/")
	if path == "" {
		return "", "", secrets.Secret{}, false
	}
	registry, err := serverurl.Canonical(host)
	if err != nil {
		return "", "", secrets.Secret{}, false
	}
	known, ok = secrets.ForRegistry(registry)
	return host, registry, known, ok
}

// kubeletAuth returns a secret's stored value in the kubelet's format, and how long it may be cached.
func (h *helper) kubeletAuth(image, registry string, known secrets.Secret) (kubeletAuth, time.Duration, error) {
	request, err := json.Marshal(kubeletRequest{APIVersion: kubeletAPI, Kind: kubeletRequestKind, Image: image})
	if err != nil {
		return kubeletAuth{}, 0, err
	}
	v, item, err := h.find(registry, actionKubelet, string(request))
	if errors.Is(err, keychain.ErrNotFound) {
		value, err := h.fromEnvironment(known)
		switch {
		case err != nil:
			return kubeletAuth{}, 0, err
		case value != "":
			return kubeletAuth{known.Username, value}, kubeletCache, nil
		case errors.Is(v.absent, config.ErrNoHome):
			return kubeletAuth{}, 0, ui.Errorf("set HOME to the home of the store's owner (/root) under env: in the kubelet's CredentialProviderConfig",
				"no key is stored as %s: %w", known.Name, v.absent)
		}
		return kubeletAuth{}, 0, h.missing(known, v)
	}
	if errors.Is(err, keychain.ErrLocked) { // "ragenv unlock" would last for hours, and a node runs for months
		return kubeletAuth{}, 0, ui.Errorf("add LoadCredentialEncrypted="+passphrase.CredentialName+" to the kubelet's unit, or "+
			passphrase.EnvFile+" under env: in its CredentialProviderConfig", "%w", err)
	}
	if err != nil {
		return kubeletAuth{}, 0, h.explain(err)
	}
	c, err := asCredential(item)
	if err != nil {
		return kubeletAuth{}, 0, err
	}
	return kubeletAuth{c.Username, c.Secret}, freshFor(item.Expires, time.Now()), nil
}

// freshFor limits the cache time by a key's expiry; the zero time means none. An expired key is still
// answered, because its date may be mistyped, but not cached, so that the next pull gets its replacement.
func freshFor(expires, now time.Time) time.Duration {
	if expires.IsZero() {
		return kubeletCache
	}
	return max(0, min(kubeletCache, expires.Sub(now).Truncate(time.Second)))
}
