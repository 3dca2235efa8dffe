package e2e

import "os"

func devcontainerFeature(h *home, image string) result {
	h.t.Helper()
	return h.with("NODE_EXTRA_CA_CERTS="+os.Getenv("SSL_CERT_FILE")).run("", "devcontainer", "features", "info", "manifest", image, "--log-level", "trace")
}
