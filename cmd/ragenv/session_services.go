package main

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
	envAPIURL      = "RAGENV_NGC_API_URL"
	envAuthnURL    = "RAGENV_NGC_AUTHN_URL"
	envRegistryURL = "RAGENV_NGC_REGISTRY_URL"
)

// services returns the other sides of the keys, after a warning for each that a variable names.
func (p *program) services() *probe.Client {
	client := &probe.Client{API: p.getenv(envAPIURL), Authn: p.getenv(envAuthnURL), Registry: p.getenv(envRegistryURL)}
	for _, own := range []struct{ variable, base string }{{envAPIURL, client.API}, {envAuthnURL, client.Authn}, {envRegistryURL, client.Registry}} {
		client.AllowLoopback = client.AllowLoopback || isLoopback(own.base)
		if own.base == "" || p.warned {
			continue
		}
		host := "what it names"
		if u, err := url.Parse(own.base); err == nil && u.Host != "" {
			host = u.Host
		}
		p.printer(false).Warn("%s is set: the NGC key is sent to %s", own.variable, host)
	}
	p.warned = true
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

// ask asks the service that a key is for.
func (s *session) ask(ctx context.Context, item keychain.Item) probe.Result {
	services := s.services() // may warn, so it comes first
	defer s.print.Working("Checking " + item.Name)()
	switch secrets.KindOf(item.Name) {
	case validate.NGC:
		return services.NGC(ctx, item.Secret.Reveal())
	case validate.CyborgDB:
		return services.CyborgDB(ctx, item.Secret.Reveal())
	}
	return probe.Result{Outcome: probe.Unknown, Detail: "no service can be asked about it"}
}

// doctorImage is what the RAG Blueprint pulls first.
const doctorImage = "nvcr.io/nvidia/blueprint/rag-server:2.6.0"

// verdict is one line of what verify found.
type verdict struct {
	Name  string `json:"name"`
	Image string `json:"image,omitempty"`
	probe.Result
}

// refused is the error for the first key that a service did not take.
func refused(verdicts []verdict) error {
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

// askInterruptibly asks a key's service. Ctrl-C ends the asking, with an unknown outcome.
func (s *session) askInterruptibly(item keychain.Item) probe.Result {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return s.ask(ctx, item)
}
