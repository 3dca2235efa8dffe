package probe

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ragenv/ragenv/pkg/validate"
)

// manifestTypes are the manifest types that Docker accepts.
const manifestTypes = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

// RegistryPull asks the registry whether key may pull image, as Docker does: it gets the manifest's
// challenge, a token for the key, then the manifest with the token. It downloads no part of the image.
//
// The token request always carries the key: without one, nvcr.io issues tokens for public images, which
// would prove nothing.
func (c *Client) RegistryPull(ctx context.Context, key string, image Image) Result {
	if reason := unfit(key, image); reason != "" {
		return unknown(reason)
	}
	base, err := c.base(c.Registry, image.Host)
	if err != nil {
		return unknown(err.Error())
	}
	manifest := base.JoinPath("v2", image.Repository, "manifests", image.reference())

	a, err := c.do(ctx, http.MethodGet, manifest, "", http.Header{"Accept": {manifestTypes}}, false)
	if err != nil {
		return unknown(err.Error())
	}
	switch a.status {
	case http.StatusUnauthorized:
	case http.StatusOK:
		return unknown(a.host + " gives this image to everybody, so the key was not tested")
	case http.StatusNotFound:
		return unknown(noSuchImage(a))
	default: // no key was sent yet
		return unknown(a.describe())
	}
	token, result := c.pullToken(ctx, key, image, a)
	if token == "" {
		return result
	}

	a, err = c.do(ctx, http.MethodGet, manifest, "", http.Header{"Accept": {manifestTypes}, "Authorization": {"Bearer " + token}}, false)
	if err != nil {
		return unknown(err.Error())
	}
	switch a.status {
	case http.StatusOK:
		return Result{Outcome: Valid, Detail: "the key may pull this image"}
	case http.StatusUnauthorized:
		return Result{Outcome: LacksRights, Detail: a.host + " accepts the key, but not for this image"}
	case http.StatusNotFound:
		return unknown(noSuchImage(a))
	}
	return refusal(a)
}

// unfit returns why a key is not sent to the registry of image, "" if it is.
func unfit(key string, image Image) (reason string) {
	keyType := validate.Identify(key)
	switch {
	case key == "":
		return "there is no key to ask with"
	case keyType == validate.CyborgDBKey, keyType == validate.CyborgDBUser, keyType == validate.DockerAuth:
		return "it is not an NGC key, so it was not sent to NVIDIA"
	case image.Host != production.registry && image.Host != staging.registry:
		return "the image is not NVIDIA's, so the key was not sent to its registry"
	case keyType == validate.NGCStaging && image.Host != staging.registry:
		return "it is a key for staging, which " + image.Host + " does not take, so it was not sent there"
	case keyType != validate.NGCStaging && image.Host == staging.registry:
		return "it is not a key for staging, so it was not sent to " + image.Host
	}
	return ""
}

// pullToken returns a token for pulling image, to which the registry answered with a challenge. If token is
// empty, the result says why.
func (c *Client) pullToken(ctx context.Context, key string, image Image, challenge answer) (token string, result Result) {
	asked, ok := parseChallenge(challenge.header.Values("WWW-Authenticate"))
	if !ok {
		return "", unknown(challenge.host + " does not say where to get a token, as a registry does; a proxy may stand in between")
	}
	realm, err := c.realm(asked.realm, environmentOf(key))
	if err != nil {
		return "", unknown(challenge.host + err.Error())
	}
	query := realm.Query()
	query.Set("scope", "repository:"+image.Repository+":pull") // another scope would be for another image
	if asked.service != "" {
		query.Set("service", asked.service)
	}
	realm.RawQuery = query.Encode()

	a, err := c.do(ctx, http.MethodGet, realm, "", http.Header{"Authorization": {basic(key)}, "Accept": {"application/json"}}, true)
	if err != nil {
		return "", unknown(err.Error())
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return "", Result{Outcome: Invalid, Detail: a.host + " rejects this key: it is wrong or has expired"}
	default:
		return "", refusal(a)
	}
	if token = a.token(); token == "" {
		return "", unknown(a.host + " gave an answer without a token; a proxy or a login page may stand in between")
	}
	return token, Result{}
}

// refusal interprets the statuses by which the registry denies an image to a known key.
func refusal(a answer) Result {
	switch a.status {
	case http.StatusForbidden:
		return Result{Outcome: LacksRights, Detail: a.host + " answered 403: the key's account has no entitlement to this image"}
	case http.StatusPaymentRequired:
		return Result{Outcome: LacksRights, Detail: a.host + " answered 402: this image needs a license that the key's account lacks"}
	case http.StatusUnavailableForLegalReasons:
		return Result{Outcome: LacksRights, Detail: a.host + " answered 451: this image is withheld for legal reasons; its terms may need to be accepted first"}
	}
	return unknown(a.describe())
}

func noSuchImage(a answer) string {
	return a.host + " answered 404: no such image, or none that the key may see"
}

// realm checks the address to which a challenge asks to send the key: a host of the key's own environment,
// or the origin of a base URL set by the user. The error's text continues a sentence that starts with the
// registry's host.
func (c *Client) realm(realm string, env environment) (*url.URL, error) {
	u, err := url.Parse(realm)
	if err != nil || u.User != nil || u.Opaque != "" {
		return nil, message(" asked for the key at an invalid address, so it was not sent")
	}
	host := strings.ToLower(u.Hostname())
	switch port := u.Port(); {
	case u.Scheme == "https" && (port == "" || port == "443") && (host == env.registry || host == env.authn):
		return u, nil
	case c.AllowLoopback && OnThisMachine(c.Registry) && // only a registry here may send the key here
		(u.Scheme == "https" || u.Scheme == "http") && isLoopback(host):
		return u, nil
	}
	for _, own := range []string{c.Registry, c.Authn} {
		base, err := url.Parse(own)
		if err == nil && own != "" && u.Scheme == "https" && base.Scheme == "https" && strings.EqualFold(base.Host, u.Host) {
			return u, nil
		}
	}
	return nil, message(" wants the key sent to a host other than NVIDIA's, which was not done")
}
