// Package https makes the requests of the packages that send a key: over TLS, and without net/http's texts
// in errors.
package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// Message is an error whose whole text is safe to show. net/http's errors are not: they may quote an
// address with a password, from a proxy or a redirect.
type Message string

func (m Message) Error() string { return string(m) }

// Transport returns a transport for requests to host, through the proxy that the environment names. roots
// replaces the system's certificate authorities if not nil. maxHeader is in bytes.
func Transport(host string, roots *x509.CertPool, maxHeader int64) *http.Transport {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		DisableKeepAlives:      true,
		DisableCompression:     true, // no decompressed data to limit
		MaxResponseHeaderBytes: maxHeader,
		Protocols:              new(http.Protocols),
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			switch resp.StatusCode {
			case http.StatusOK:
				return nil
			case http.StatusProxyAuthRequired:
				return Message("the proxy that the environment names wants a login, so " + host + " was not asked")
			}
			return Message("the proxy that the environment names answered " + strconv.Itoa(resp.StatusCode) + ", so " + host + " was not asked")
		},
	}
	transport.Protocols.SetHTTP1(true) // no HTTP/2: an environment variable makes it log headers, keys included
	return transport
}

// Trouble describes a status that says something about the server, not about the request: the end of a
// sentence, or "" for any other status.
func Trouble(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return ": too many requests at the moment"
	case status >= http.StatusInternalServerError:
		return ": it has trouble of its own"
	}
	return ""
}

// Explain returns why host gave no answer. It uses the types of err, never its text.
func Explain(ctx context.Context, host string, err error) Message {
	var (
		dns     *net.DNSError
		op      *net.OpError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		expired x509.CertificateInvalidError
		name    x509.HostnameError
		timeout net.Error
		proxy   Message
	)
	switch {
	case errors.As(err, &proxy):
		return proxy
	case errors.Is(ctx.Err(), context.Canceled):
		return Message("it was interrupted before " + host + " answered")
	case ctx.Err() != nil:
		return Message(host + " did not answer in time")
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return Message("the proxy that the environment names cannot be reached, so " + host + " was not asked")
	case errors.As(err, &dns):
		return Message("the name " + host + " cannot be resolved; this machine may be offline")
	case errors.As(err, &unknown):
		return Message(host + " shows a certificate of an authority that this machine does not know; a proxy may stand in between")
	case errors.As(err, &name):
		return Message(host + " shows a certificate of another host; a proxy or a login page may stand in between")
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return Message(host + " shows a certificate that is not valid today; this machine's clock may be wrong")
	case errors.As(err, &cert):
		return Message(host + " shows a certificate that does not hold")
	case errors.As(err, &record):
		return Message(host + " does not speak TLS; a proxy or a login page may stand in between")
	case errors.As(err, &timeout) && timeout.Timeout():
		return Message(host + " did not answer in time")
	case errors.As(err, &op) && op.Op == "dial":
		return Message(host + " cannot be reached from this machine")
	}
	return Message(host + " could not be asked: the connection broke")
}
