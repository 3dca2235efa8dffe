// Package charts fetches Helm charts and repository indexes from NVIDIA's server with a key.
//
// The key is sent to that host only, over TLS: redirects are followed without it. This package and
// validate/probe are the only two that send a key over HTTP.
package charts

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ragenv/ragenv/pkg/internal/https"
)

// Scheme is the scheme of the addresses that this package accepts:
// ngc://helm.ngc.nvidia.com/nvidia/index.yaml means the same address with https.
const Scheme = "ngc"

// AddressError: an address does not belong to the host.
type AddressError struct {
	Host   string // the expected host
	Reason string
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("not an address of %s://%s: %s", Scheme, e.Host, e.Reason)
}

// StatusError: the server did not return the file.
type StatusError struct {
	Host   string // the host that answered, which differs from the client's after a redirect
	Status int    // the HTTP status
	Sent   bool   // the key was sent to that host
}

// KeyRefused reports whether the server rejected the key as wrong or expired.
func (e *StatusError) KeyRefused() bool { return e.Sent && e.Status == http.StatusUnauthorized }

// Forbidden reports whether the key may not fetch this chart.
func (e *StatusError) Forbidden() bool { return e.Sent && e.Status == http.StatusForbidden }

// NoSuchFile reports whether the server has no such chart or repository.
func (e *StatusError) NoSuchFile() bool { return e.Status == http.StatusNotFound }

func (e *StatusError) Error() string {
	text := e.Host + " answered " + strconv.Itoa(e.Status)
	switch {
	case e.KeyRefused():
		return e.Host + " does not take the key: it is wrong or has expired"
	case e.Forbidden():
		return e.Host + " takes the key, but not for this chart: the key's organization has no access, or its terms are not accepted"
	case e.NoSuchFile():
		return text + ": there is no such chart or repository"
	}
	return text + https.Trouble(e.Status)
}

// ErrTooLarge: the answer is larger than 256 MiB, so it is not a chart or an index.
var ErrTooLarge = errors.New("the answer is too long to be a chart")

// Client fetches from one host.
type Client struct {
	Host    string         // the only host that gets the key, on port 443
	User    string         // the user name that goes with the key
	RootCAs *x509.CertPool // replaces the system's certificate authorities if not nil

	// For tests:
	timeout time.Duration // for the whole file; 0 is defaultTimeout
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultTimeout = 10 * time.Minute
	answerTimeout  = 30 * time.Second // until the first byte of an answer
	maxHeader      = 64 << 10
	maxFile        = 256 << 20 // bytes; NVIDIA's charts are below 1 MB, its largest index about 10
	maxRedirects   = 5
)

// Fetch returns the file at an address of Scheme. Errors: *AddressError, *StatusError, ErrTooLarge, and an
// error whose text says why there was no answer. No error contains the key or a redirect's address.
//
// In an index, addresses of charts on the host are rewritten to Scheme, because Helm would fetch others
// without the key.
func (c *Client) Fetch(ctx context.Context, address, key string) ([]byte, error) {
	u, err := c.parse(address)
	if err != nil {
		return nil, err
	}
	timeout := c.timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := c.get(ctx, u, key)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(u.Path, "/index.yaml") {
		body = c.index(body)
	}
	return body, nil
}

func (c *Client) parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, &AddressError{c.Host, "it is not a URL"}
	case u.Scheme != Scheme:
		return nil, &AddressError{c.Host, "it does not start with " + Scheme + "://"}
	case u.User != nil:
		return nil, &AddressError{c.Host, "it has a user name"}
	case !strings.EqualFold(u.Host, c.Host):
		return nil, &AddressError{c.Host, fmt.Sprintf("the key is sent to no other host, such as %+.80q", u.Host)}
	case u.Fragment != "":
		return nil, &AddressError{c.Host, "it has a fragment"}
	}
	u.Scheme, u.Host = "https", c.Host
	return u, nil
}

// get sends the request and follows redirects. Redirected requests never carry the key, even to the same
// host, because the user did not choose their address.
func (c *Client) get(ctx context.Context, u *url.URL, key string) ([]byte, error) {
	for hop := range maxRedirects + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, &AddressError{c.Host, "it cannot be asked for"}
		}
		req.Header.Set("User-Agent", "ragenv")
		if hop == 0 {
			req.SetBasicAuth(c.User, key)
		}
		transport := https.Transport(u.Hostname(), c.RootCAs, maxHeader)
		transport.ResponseHeaderTimeout = answerTimeout
		transport.DialContext = c.dial
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return nil, https.Explain(ctx, u.Hostname(), err)
		}
		if resp.StatusCode == http.StatusOK {
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
			if err != nil {
				return nil, https.Explain(ctx, u.Hostname(), err)
			}
			if len(body) > maxFile {
				return nil, ErrTooLarge
			}
			return body, nil
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if resp.StatusCode < 300 || resp.StatusCode > 399 || err != nil {
			return nil, &StatusError{u.Hostname(), resp.StatusCode, hop == 0}
		}
		if next.Scheme != "https" {
			return nil, https.Message(u.Hostname() + " answered with the address of another server without TLS, which was not asked")
		}
		u = next
	}
	return nil, https.Message(c.Host + " answered with one other address after another")
}

// index rewrites the absolute addresses of the host's charts in an index to Scheme.
func (c *Client) index(body []byte) []byte {
	whole := regexp.MustCompile(`https://` + regexp.QuoteMeta(c.Host) + `(:443)?(/[^\s"',\]]*\.tgz)`)
	return whole.ReplaceAll(body, []byte(Scheme+"://"+c.Host+"$2"))
}
