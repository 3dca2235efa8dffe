package probe

import (
	"crypto/x509"
	"time"
)

// SetTimeout limits each request.
func (c *Client) SetTimeout(d time.Duration) { c.timeout = d }

// SetRootCAs replaces the system's certificate authorities.
func (c *Client) SetRootCAs(roots *x509.CertPool) { c.rootCAs = roots }
