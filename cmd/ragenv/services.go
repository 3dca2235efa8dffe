package main

import (
	"net"
	"net/url"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// Environment variables that name other services than NVIDIA's own: a mirror, or a test's.
const (
	envAPIURL      = "RAGENV_NGC_API_URL"
	envAuthnURL    = "RAGENV_NGC_AUTHN_URL"
	envRegistryURL = "RAGENV_NGC_REGISTRY_URL"
)

// services returns the other sides of the keys. A service on this machine may be asked only when a variable names it.
func (p *program) services() *probe.Client {
	client := &probe.Client{API: p.getenv(envAPIURL), Authn: p.getenv(envAuthnURL), Registry: p.getenv(envRegistryURL)}
	for _, base := range []string{client.API, client.Authn, client.Registry} {
		client.AllowLoopback = client.AllowLoopback || isLoopback(base)
	}
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
