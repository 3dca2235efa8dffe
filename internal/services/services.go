// Package services asks the services that keys are for, and says which ones they are.
package services

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/signal"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// Environment variables that name other services than NVIDIA's own, such as a proxy of one's organization. The key is sent
// there, which a warning says.
const (
	EnvAPIURL      = "RAGENV_NGC_API_URL"
	EnvAuthnURL    = "RAGENV_NGC_AUTHN_URL"
	EnvRegistryURL = "RAGENV_NGC_REGISTRY_URL"
)

// Services are the other sides of the keys.
type Services struct {
	getenv func(string) string
	print  ui.Printer
	client *probe.Client
}

// New returns NVIDIA's services, or those that variables of the environment name.
func New(getenv func(string) string, print ui.Printer) *Services {
	return &Services{getenv: getenv, print: print}
}

// Client returns what asks the services, the first time after a warning for each that a variable names.
func (s *Services) Client() *probe.Client {
	if s.client != nil {
		return s.client
	}
	client := &probe.Client{API: s.getenv(EnvAPIURL), Authn: s.getenv(EnvAuthnURL), Registry: s.getenv(EnvRegistryURL)}
	for _, own := range []struct{ variable, base string }{{EnvAPIURL, client.API}, {EnvAuthnURL, client.Authn}, {EnvRegistryURL, client.Registry}} {
		client.AllowLoopback = client.AllowLoopback || isLoopback(own.base)
		if own.base == "" {
			continue
		}
		host := "what it names"
		if u, err := url.Parse(own.base); err == nil && u.Host != "" {
			host = u.Host
		}
		s.print.Warn("%s is set: the NGC key is sent to %s", own.variable, host)
	}
	s.client = client
	return client
}

func isLoopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Ask asks the service that a key is for.
func (s *Services) Ask(ctx context.Context, item keychain.Item) probe.Result {
	client := s.Client() // may warn, so it comes first
	defer s.print.Working("Checking " + item.Name)()
	switch secrets.KindOf(item.Name) {
	case validate.NGC:
		return client.NGC(ctx, item.Secret.Reveal())
	case validate.CyborgDB:
		return client.CyborgDB(ctx, item.Secret.Reveal())
	}
	return probe.Result{Outcome: probe.Unknown, Detail: "no service can be asked about it"}
}

// BlueprintImage is what the RAG Blueprint pulls first.
const BlueprintImage = "nvcr.io/nvidia/blueprint/rag-server:2.6.0"

// Verdict is one line of what verify found.
type Verdict struct {
	Name  string `json:"name"`
	Image string `json:"image,omitempty"`
	probe.Result
}

// Refused is the error for the first key that a service did not take.
func Refused(verdicts []Verdict) error {
	for _, v := range verdicts {
		switch v.Outcome {
		case probe.Invalid:
			return ui.Errorf("ragenv rotate "+v.Name, "%s is not taken: %s", v.Name, v.Detail)
		case probe.LacksRights:
			known, _ := secrets.Lookup(v.Name)
			return ui.Errorf("create a key that has them at "+known.Docs+", then: ragenv rotate "+v.Name, "%s lacks rights: %s", v.Name, v.Detail)
		}
	}
	return nil
}

// AskInterruptibly asks a key's service. Ctrl-C ends the asking, with an unknown outcome.
func (s *Services) AskInterruptibly(item keychain.Item) probe.Result {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return s.Ask(ctx, item)
}
