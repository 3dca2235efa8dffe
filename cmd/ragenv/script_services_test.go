package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/internal/services"
)

// ngcServices starts local services that answer as NVIDIA's do, and points ragenv to them. Each argument is
// VAR=ANSWER: the answer to the key in that variable, which is "valid", "lacking" (without the catalog),
// "nopull" (403 at the registry), or a status for every request. They do not know other keys.
func ngcServices(ts *testscript.TestScript, _ bool, args []string) {
	answers := map[string]string{}
	for _, arg := range args {
		name, answer, _ := strings.Cut(arg, "=")
		answers[ts.Getenv(name)] = answer
	}
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(mux)
	mux.HandleFunc("POST /v3/keys/get-caller-info", func(w http.ResponseWriter, r *http.Request) {
		products := []string{"artifact-catalog", "ai-foundations"}
		switch answer := answers[r.FormValue("credentials")]; answer {
		case "":
			w.WriteHeader(http.StatusUnauthorized)
			return
		case "lacking":
			products = products[1:]
		case "valid", "nopull":
		default:
			status, err := strconv.Atoi(answer)
			ts.Check(err)
			w.WriteHeader(status)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"type": "PERSONAL_KEY", "orgName": "example", "products": products,
			"user": map[string]string{"name": "Somebody Private", "email": "somebody@example.com"},
		})
	})
	mux.HandleFunc("GET /v2/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer granted" {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = fmt.Fprint(w, "{}")
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/proxy_auth",scope="repository:nim/a/b:pull"`, server.URL))
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("GET /proxy_auth", func(w http.ResponseWriter, r *http.Request) {
		user, key, _ := r.BasicAuth()
		switch answer := answers[key]; {
		case user != "$oauthtoken" || answer == "":
			w.WriteHeader(http.StatusUnauthorized)
		case answer == "nopull":
			w.WriteHeader(http.StatusForbidden)
		default:
			_, _ = fmt.Fprint(w, `{"token":"granted","expires_in":300}`)
		}
	})
	server.Start()
	ts.Defer(server.Close)
	for _, name := range []string{services.EnvAPIURL, services.EnvAuthnURL, services.EnvRegistryURL} {
		ts.Setenv(name, server.URL)
	}
}
