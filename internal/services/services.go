// Package services checks keys with the services that they are for.
package services

import (
	"context"
	"net/url"
	"os"
	"os/signal"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// Environment variables that replace NVIDIA's services, for example with a proxy of your organization. Keys
// are sent there, with a warning.
const (
	EnvAPIURL      = "RAGENV_NGC_API_URL"
	EnvAuthnURL    = "RAGENV_NGC_AUTHN_URL"
	EnvRegistryURL = "RAGENV_NGC_REGISTRY_URL"
)

// Services are the services that keys are for.
type Services struct {
	getenv func(string) string
	print  ui.Printer
	client *probe.Client
}

// New returns NVIDIA's services, or those that environment variables name.
func New(getenv func(string) string, print ui.Printer) *Services {
	return &Services{getenv: getenv, print: print}
}

// Client returns the client for the services. The first call warns about each service that a variable
// names.
func (s *Services) Client() *probe.Client {
	if s.client != nil {
		return s.client
	}
	client := &probe.Client{API: s.getenv(EnvAPIURL), Authn: s.getenv(EnvAuthnURL), Registry: s.getenv(EnvRegistryURL)}
	for _, own := range []struct{ variable, base string }{{EnvAPIURL, client.API}, {EnvAuthnURL, client.Authn}, {EnvRegistryURL, client.Registry}} {
		client.AllowLoopback = client.AllowLoopback || probe.OnThisMachine(own.base)
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

// Ask checks an item with the service that it is for.
func (s *Services) Ask(ctx context.Context, item keychain.Item) probe.Result {
	client := s.Client() // first, because it may warn
	defer s.print.Working("Checking " + item.Name)()
	switch secrets.KindOf(item.Name) {
	case validate.NGC:
		return client.NGC(ctx, item.Secret.Reveal())
	case validate.CyborgDB:
		return client.CyborgDB(ctx, item.Secret.Reveal())
	}
	return probe.Result{Outcome: probe.Unknown, Detail: "no service can be asked about it"}
}

// BlueprintImage is the image that the RAG Blueprint pulls first.
const BlueprintImage = "nvcr.io/nvidia/blueprint/rag-server:2.6.0"

// Verdict is one line of the output of verify.
type Verdict struct {
	Name  string `json:"name"`
	Image string `json:"image,omitempty"`
	probe.Result
}

// Refused returns an error for the first key that a service refused.
func Refused(verdicts []Verdict) error {
	for _, v := range verdicts {
		switch v.Outcome {
		case probe.Invalid:
			return ui.Errorf("ragenv rotate "+v.Name, "%s was refused: %s", v.Name, v.Detail)
		case probe.LacksRights:
			known, _ := secrets.Lookup(v.Name)
			return ui.Errorf("create a key that has them at "+known.Docs+", then: ragenv rotate "+v.Name, "%s lacks rights: %s", v.Name, v.Detail)
		}
	}
	return nil
}

// AskInterruptibly is Ask, but Ctrl-C stops it, with an unknown result.
func (s *Services) AskInterruptibly(item keychain.Item) probe.Result {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return s.Ask(ctx, item)
}
