// Package probe asks a key's service whether the key is valid. Only this package and charts send a key over
// HTTP.
//
// A key goes to its own service's hosts and nowhere else: no redirect is followed, and a registry's
// challenge cannot send it to another host. A Result never contains an answer's text or data about the
// key's owner.
//
// The services' answers are known from NVIDIA's documentation and the NGC command line
// (v3/keys/get-caller-info, the token service's "service=ngc", nvcr.io's Bearer challenge as of the Docker
// registry token specification).
package probe

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/ragenv/ragenv/pkg/validate"
)

// Outcome is the result of asking about a key.
type Outcome string

// The outcomes.
const (
	Valid       Outcome = "valid"        // the service accepts the key
	Invalid     Outcome = "invalid"      // the service does not know the key, or it has expired
	LacksRights Outcome = "lacks-rights" // the service accepts the key, but not for this purpose
	Unknown     Outcome = "unknown"      // nothing is proven; Detail says why
)

// The key types in a Result. KeyPersonal and KeyService are NVIDIA's names.
const (
	KeyPersonal = "PERSONAL_KEY"
	KeyService  = "SERVICE_KEY"
	KeyLegacy   = "LEGACY_KEY"
)

// Result is the answer for one key. Its texts contain no part of the key and no personal data, and are safe
// to print.
type Result struct {
	Outcome  Outcome   `json:"outcome"`
	Detail   string    `json:"detail"`             // why, in one line: lower case, no full stop
	KeyType  string    `json:"type,omitempty"`     // KeyPersonal, KeyService, KeyLegacy or an unknown type
	Org      string    `json:"org,omitempty"`      // the NGC organization's name
	Products []string  `json:"products,omitempty"` // the services the key includes, by NGC's names
	Missing  []Missing `json:"missing,omitempty"`  // services that the RAG Blueprint uses and the key lacks
}

// Missing is a service that a key lacks.
type Missing struct {
	Product string `json:"product"` // its name in NGC's API: "artifact-catalog"
	Title   string `json:"title"`   // its name on the page for creating keys: "NGC Catalog"
	Effect  string `json:"effect"`  // what does not work without it
}

// Client asks the services. Its zero value uses NVIDIA's.
type Client struct {
	// Base URLs, without a trailing path. "" means NVIDIA's, or its staging service for a staging key. They
	// must use https, and the user must trust them with the key.
	API      string // default https://api.ngc.nvidia.com
	Authn    string // default https://authn.nvidia.com
	Registry string // default https://nvcr.io

	// AllowLoopback allows base URLs, and the challenges of a registry there, to name this machine, also
	// without TLS: see OnThisMachine. It is for tests and local proxies.
	AllowLoopback bool

	// For tests:
	timeout time.Duration  // for each request; 0 is defaultTimeout
	rootCAs *x509.CertPool // replaces the system's certificate authorities if not nil
}

// defaultTimeout limits each request, including its answer. A probe sends at most three.
const defaultTimeout = 10 * time.Second

// The hosts that may receive an NGC key, and those for a staging key (constants of the NGC command line).
var (
	production = environment{api: "api.ngc.nvidia.com", authn: "authn.nvidia.com", registry: "nvcr.io"}
	staging    = environment{api: "api.stg.ngc.nvidia.com", authn: "stg.authn.nvidia.com", registry: "stg.nvcr.io"}
)

type environment struct{ api, authn, registry string }

func environmentOf(key string) environment {
	if validate.Identify(key) == validate.NGCStaging {
		return staging
	}
	return production
}

// CyborgDB returns Unknown: no documented request validates a CyborgDB API key. A service's health page
// needs no key, and create-demo-key creates a new one.
func (*Client) CyborgDB(context.Context, string) Result {
	return unknown("CyborgDB offers no way to check a key without using it")
}

func unknown(detail string) Result { return Result{Outcome: Unknown, Detail: detail} }
