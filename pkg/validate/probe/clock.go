package probe

import (
	"context"
	"net/http"
	"time"
)

// Clock returns the registry's time from the Date header of its answer (RFC 9110, section 6.6.1), in whole
// seconds. It sends no key. Its error's text is safe to show.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	base, err := c.base(c.Registry, production.registry)
	if err != nil {
		return time.Time{}, err
	}
	a, err := c.do(ctx, http.MethodGet, base.JoinPath("v2/"), "", http.Header{}, false)
	if err != nil {
		return time.Time{}, err
	}
	at, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return time.Time{}, message(a.host + " does not say what time it is")
	}
	return at, nil
}
