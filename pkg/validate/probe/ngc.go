package probe

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/ragenv/ragenv/pkg/validate"
)

// products are the NGC services that the RAG Blueprint uses. Without the first, no image can be pulled.
var products = []Missing{
	{"artifact-catalog", "NGC Catalog", "pulls from nvcr.io fail"},
	{"ai-foundations", "Public API Endpoints", "NVIDIA-hosted models refuse it"},
}

// NGC asks NVIDIA whether an NGC API key is valid. It sends nothing that does not have the format of one.
//
// For personal and service keys, the Outcome is LacksRights if the key does not include the NGC Catalog;
// Missing lists every service it lacks. A legacy key has no list of services, so its Outcome is never
// LacksRights.
func (c *Client) NGC(ctx context.Context, key string) Result {
	switch validate.Identify(key) {
	case validate.NGCPersonal, validate.NGCStaging:
		return c.callerInfo(ctx, key)
	case validate.NGCLegacy:
		return c.legacyToken(ctx, key)
	}
	return unknown("it does not look like an NGC key, so it was not sent to NVIDIA")
}

// callerInfo posts the key as a form: this endpoint accepts no Authorization header.
func (c *Client) callerInfo(ctx context.Context, key string) Result {
	base, err := c.base(c.API, environmentOf(key).api)
	if err != nil {
		return unknown(err.Error())
	}
	form := url.Values{"credentials": {key}}.Encode()
	a, err := c.do(ctx, http.MethodPost, base.JoinPath("v3/keys/get-caller-info"), form, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
	}, true)
	if err != nil {
		return unknown(err.Error())
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return Result{Outcome: Invalid, Detail: "NVIDIA does not know this key, or it has expired"}
	default:
		return unknown(a.describe())
	}

	// The answer's "user" (name, email, roles) is deliberately not decoded.
	var info struct {
		Type     string          `json:"type"`
		Org      string          `json:"orgName"`
		Products json.RawMessage `json:"products"`
	}
	if json.Unmarshal(a.body, &info) != nil || info.Type == "" && info.Org == "" && info.Products == nil {
		return unknown(a.host + " gave an answer that is not a key's description; a proxy or a login page may stand in between")
	}
	r := Result{Outcome: Valid, Detail: "NVIDIA accepts this key", KeyType: clean(info.Type, key), Org: clean(info.Org, key)}
	var names []string
	if json.Unmarshal(info.Products, &names) != nil || names == nil {
		return r // no list, so nothing is known to be missing
	}
	for _, name := range names {
		if name = clean(name, key); name != "" {
			r.Products = append(r.Products, name)
		}
	}
	for _, p := range products {
		if !slices.Contains(r.Products, p.Product) {
			r.Missing = append(r.Missing, p)
		}
	}
	if !slices.Contains(r.Products, products[0].Product) {
		r.Outcome = LacksRights
		r.Detail = "the key is alive, but was not made for the service \"" + products[0].Title + "\": " + products[0].Effect
	}
	return r
}

// legacyToken exchanges a legacy key for a token, and discards it.
func (c *Client) legacyToken(ctx context.Context, key string) Result {
	base, err := c.base(c.Authn, production.authn)
	if err != nil {
		return unknown(err.Error())
	}
	u := base.JoinPath("token")
	u.RawQuery = "service=ngc"
	a, err := c.do(ctx, http.MethodGet, u, "", http.Header{"Authorization": {basic(key)}, "Accept": {"application/json"}}, true)
	if err != nil {
		return unknown(err.Error())
	}
	switch a.status {
	case http.StatusOK:
		if a.token() == "" {
			return unknown(a.host + " gave an answer without a token; a proxy or a login page may stand in between")
		}
		return Result{Outcome: Valid, Detail: "NVIDIA accepts this key", KeyType: KeyLegacy}
	case http.StatusUnauthorized:
		return Result{Outcome: Invalid, Detail: "NVIDIA does not know this key, or it has expired", KeyType: KeyLegacy}
	}
	r := unknown(a.describe())
	r.KeyType = KeyLegacy
	return r
}

// clean returns a name from an answer if it is safe to show, else "": at most 64 bytes of letters, digits
// and " ._-", without any six characters of the key. An answer may contain escape sequences, email
// addresses or secrets.
func clean(name, key string) string {
	if len(name) > 64 {
		return ""
	}
	for i := 0; i+6 <= len(name); i++ {
		if strings.Contains(key, name[i:i+6]) {
			return ""
		}
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-", r) {
			return ""
		}
	}
	return strings.TrimSpace(name)
}
