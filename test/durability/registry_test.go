//go:build unix

package durability

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// loginServers starts two registries that accept every login, and returns their addresses. Docker uses
// plain HTTP for loopback addresses.
func loginServers(t *testing.T) []string {
	t.Helper()
	var addresses []string
	for range 2 {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := r.BasicAuth(); !ok {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		t.Cleanup(server.Close)
		addresses = append(addresses, strings.TrimPrefix(server.URL, "http://"))
	}
	return addresses
}
