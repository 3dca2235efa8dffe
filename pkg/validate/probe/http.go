package probe

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/pkg/internal/https"
	"github.com/ragenv/ragenv/pkg/validate"
)

const (
	maxBody   = 64 << 10 // limit of an answer's body in bytes; real ones are below 4 KiB
	maxHeader = 32 << 10
)

// message is an error whose whole text is safe to show.
type message = https.Message

// answer is a service's response.
type answer struct {
	host   string // the host that was asked
	status int
	header http.Header
	body   []byte // only of a 200, if do was told to read it
}

// do sends one request, and reads the body of a 200 if read is set. It follows no redirect, which would
// send the key, in a header or a form, to another address. Its error is a message.
func (c *Client) do(ctx context.Context, method string, u *url.URL, body string, header http.Header, read bool) (answer, error) {
	timeout := c.timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return answer{}, message("its address cannot be asked")
	}
	req.Header = header
	req.Header.Set("User-Agent", "ragenv")

	transport := https.Transport(u.Hostname(), c.rootCAs, maxHeader)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{}, https.Explain(ctx, u.Hostname(), err)
	}
	defer func() { _ = resp.Body.Close() }()

	a := answer{host: u.Hostname(), status: resp.StatusCode, header: resp.Header}
	if !read || resp.StatusCode != http.StatusOK {
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, https.Explain(ctx, u.Hostname(), err)
	}
	if len(a.body) > maxBody {
		return answer{}, message(a.host + " gave an answer that is too long to be its own")
	}
	return a, nil
}

// describe returns a text for a status that proves nothing about the key.
func (a answer) describe() string {
	text := a.host + " answered " + strconv.Itoa(a.status)
	if trouble := https.Trouble(a.status); trouble != "" {
		return text + trouble
	}
	if a.status >= 300 && a.status < 400 {
		return text + ": it wants the key sent elsewhere, which was not done"
	}
	return text + ", which says nothing about the key"
}

// token returns the token in a token service's answer, or "" if there is none that a header may contain.
func (a answer) token() string {
	var t struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(a.body, &t) != nil {
		return ""
	}
	if t.Token == "" {
		t.Token = t.AccessToken
	}
	for i := range len(t.Token) {
		if c := t.Token[i]; c <= ' ' || c > '~' {
			return ""
		}
	}
	return t.Token
}

// basic returns the value of the Authorization header for a key.
func basic(key string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(validate.OAuthUser+":"+key))
}

// base returns the base URL of a service: own if set, else https and host. Its error is a message.
func (c *Client) base(own, host string) (*url.URL, error) {
	if own == "" {
		return &url.URL{Scheme: "https", Host: host}, nil
	}
	u, err := url.Parse(own)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, message("the address that was set for the service is not https://HOST")
	case u.Scheme == "https" && (c.AllowLoopback || !isLoopback(u.Hostname())), u.Scheme == "http" && c.AllowLoopback && isLoopback(u.Hostname()):
		return u, nil
	case isLoopback(u.Hostname()):
		return nil, message("the address that was set for the service is this machine's own")
	}
	return nil, message("the address that was set for the service is not https, so the key was not sent")
}

// OnThisMachine reports whether a base URL names this machine: localhost, or a loopback address with or
// without a zone.
func OnThisMachine(base string) bool {
	u, err := url.Parse(base)
	return err == nil && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
