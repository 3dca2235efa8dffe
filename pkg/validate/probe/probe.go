// Package probe asks a key's service whether it takes the key. It is the one place that speaks HTTP.
//
// A key goes to its own service's hosts and nowhere else: no redirect is followed, and a registry's challenge cannot send
// it to another host. No answer's text, and nothing about the user a key belongs to, gets into a Result.
//
// What the services answer is taken from NVIDIA's documentation and the NGC command line (v3/keys/get-caller-info, the
// token service's "service=ngc", nvcr.io's Bearer challenge as of the Docker registry token specification).
package probe

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/ragenv/ragenv/pkg/validate"
)

// Outcome is what is known of a key after asking.
type Outcome string

// The outcomes.
const (
	Valid       Outcome = "valid"        // the service takes the key
	Invalid     Outcome = "invalid"      // the service does not know the key, or it has expired
	LacksRights Outcome = "lacks-rights" // the service takes the key, but not for what was asked
	Unknown     Outcome = "unknown"      // nothing is proved either way: Detail says why
)

// The key types a Result names. KeyPersonal and KeyService are the service's own words.
const (
	KeyPersonal = "PERSONAL_KEY"
	KeyService  = "SERVICE_KEY"
	KeyLegacy   = "LEGACY_KEY"
)

// Result is the answer for one key. Its texts hold nothing of the key and no personal data, and are safe to print.
type Result struct {
	Outcome  Outcome   `json:"outcome"`
	Detail   string    `json:"detail"`             // why, in one line: lower case, no full stop
	KeyType  string    `json:"type,omitempty"`     // KeyPersonal, KeyService, KeyLegacy or a word new to this program
	Org      string    `json:"org,omitempty"`      // the NGC organization's name
	Products []string  `json:"products,omitempty"` // the services the key was made for, as NGC names them
	Missing  []Missing `json:"missing,omitempty"`  // services that the RAG Blueprint uses and the key was not made for
}

// Missing is a service that a key was not made for.
type Missing struct {
	Product string `json:"product"` // as NGC's API names it: "artifact-catalog"
	Title   string `json:"title"`   // as the page where keys are made names it: "NGC Catalog"
	Effect  string `json:"effect"`  // what will not work
}

// Client asks the services. The zero value asks NVIDIA's.
type Client struct {
	// Base URLs, without a trailing path; "" stands for NVIDIA's, of the staging services for a staging key. They must be
	// https, and are hosts the user trusts with the key.
	API      string // default https://api.ngc.nvidia.com
	Authn    string // default https://authn.nvidia.com
	Registry string // default https://nvcr.io

	// Timeout bounds each request with its answer; a probe makes at most three. 0 is 10 s.
	Timeout time.Duration
	// RootCAs replaces the system's certificate authorities if not nil.
	RootCAs *x509.CertPool
	// AllowLoopback lets base URLs name this machine, without TLS too, and the challenges of a registry that is on it. For
	// tests, and proxies on this machine.
	AllowLoopback bool
}

const defaultTimeout = 10 * time.Second

// The hosts that may be sent an NGC key, and those that may be sent one for staging (constants of the NGC command line).
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

// CyborgDB tells what can be known of a CyborgDB API key: nothing, as no request is documented that proves one. The health
// page of a service needs no key, and create-demo-key makes a new one.
func (*Client) CyborgDB(context.Context, string) Result {
	return unknown("CyborgDB offers no way to check a key without using it")
}

func unknown(detail string) Result { return Result{Outcome: Unknown, Detail: detail} }
