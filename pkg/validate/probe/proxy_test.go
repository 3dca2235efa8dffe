package probe_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// TestProxy probes NVIDIA's own addresses in a process whose environment names a local proxy, because
// net/http reads that environment once. The proxy sees the host's name, but nothing of the key.
func TestProxy(t *testing.T) {
	if os.Getenv("PROBE_TEST_CHILD") != "" {
		key, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		c := probe.Client{}
		results := []probe.Result{
			c.NGC(t.Context(), strings.TrimSpace(key)),
			c.RegistryPull(t.Context(), strings.TrimSpace(key), mustParse(t, "nvcr.io/nim/nvidia/x:1")),
		}
		if err := json.NewEncoder(os.Stderr).Encode(results); err != nil {
			t.Fatal(err)
		}
		return
	}

	for _, tc := range []struct{ answer, detail string }{
		{"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", "wants a login"},
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered 403"},
		{"", "the connection broke"},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan string, 8)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					close(heard)
					return
				}
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err == nil {
					heard <- r.Method + " " + r.Host + " " + r.Header.Get("Authorization")
				}
				_, _ = conn.Write([]byte(tc.answer))
				_ = conn.Close()
			}
		}()

		key := newKey()
		cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$")
		cmd.Env = append(os.Environ(), "PROBE_TEST_CHILD=1", "https_proxy=", "no_proxy=", "NO_PROXY=", "REQUEST_METHOD=",
			"HTTPS_PROXY=http://somebody:hunter2@"+listener.Addr().String()) // last: Windows has one https_proxy
		cmd.Stdin = strings.NewReader(key + "\n")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("the child: %v", err)
		}
		_ = listener.Close()

		var asked []string
		for s := range heard {
			asked = append(asked, strings.TrimSpace(s))
		}
		if got := strings.Join(asked, ", "); got != "CONNECT api.ngc.nvidia.com:443, CONNECT nvcr.io:443" {
			t.Errorf("the proxy was asked: %s", got)
		}
		var results []probe.Result
		if err := json.Unmarshal([]byte(stderr.String()), &results); err != nil || len(results) != 2 {
			t.Fatalf("%v, %d results", err, len(results))
		}
		for _, r := range results {
			check(t, key, r, probe.Unknown, tc.detail)
			if strings.Contains(r.Detail, "hunter2") || strings.Contains(r.Detail, "somebody") {
				t.Error("the proxy's password is shown")
			}
		}
	}
}
