package registry

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// tokenLifetime is the lifetime of a token, as the token endpoint announces it.
const tokenLifetime = 5 * time.Minute

// TokenGate protects a registry and lets requests with a bearer token through, as nvcr.io does: the
// challenge has a realm and, for a repository, a scope, but never a service. The token endpoint only
// supports GET.
type TokenGate struct {
	Realm    string        // URL of the token endpoint, which the gate serves
	Username string        // the only user
	Password func() string // returns the accepted password; called for each token, so that it can change
	Public   func(repository string) bool

	mu     sync.Mutex
	tokens map[string]grant
}

// grant is what a token allows.
type grant struct {
	password string // the password used to get the token; empty for an anonymous token
	access   []access
	expires  time.Time
}

type access struct{ repository, action string }

// Wrap returns a handler that protects next with the gate.
func (g *TokenGate) Wrap(next http.Handler) http.Handler {
	_, realmPath, _ := strings.Cut(strings.TrimPrefix(g.Realm, "https://"), "/")
	mux := http.NewServeMux()
	mux.HandleFunc("/"+realmPath, g.serveToken)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		needed := neededAccess(r)
		verdict := g.check(r, needed)
		if verdict == admitted {
			next.ServeHTTP(w, r)
			return
		}
		challenge := `Bearer realm="` + g.Realm + `"`
		if needed.repository != "" {
			challenge += `,scope="repository:` + needed.repository + ":" + scopeActions(needed.action) + `"`
		}
		switch verdict {
		case staleToken:
			// Without it BuildKit of Engine 20.10 sends the same token again and again.
			challenge += `,error="invalid_token"`
		case narrowToken:
			challenge += `,error="insufficient_scope"`
		}
		refuse(w, challenge)
	})
	return mux
}

type verdict int

const (
	admitted verdict = iota
	noToken
	staleToken  // unknown, expired, or given for a password that is no longer accepted
	narrowToken // for another scope
)

func (g *TokenGate) check(r *http.Request, needed access) verdict {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return noToken
	}
	g.mu.Lock()
	granted, known := g.tokens[token]
	g.mu.Unlock()
	switch {
	case !known, time.Now().After(granted.expires):
		return staleToken
	case granted.password != "" && granted.password != g.Password():
		return staleToken
	case needed.repository == "" || slices.Contains(granted.access, needed):
		return admitted
	}
	return narrowToken
}

// serveToken answers GET realm?scope=repository:NAME:pull. Public repositories need no Basic credentials.
func (g *TokenGate) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	granted := grant{expires: time.Now().Add(tokenLifetime)}
	asked := scopes(r.URL.Query()["scope"])
	username, password, authenticated := r.BasicAuth()
	switch {
	case authenticated && sameCredentials(username, password, g.Username, g.Password()):
		granted.password, granted.access = password, asked
	case !authenticated && len(asked) > 0 && g.allPublic(asked):
		granted.access = asked
	default:
		// nvcr.io does not use the registry API's JSON here, so the engine says "unauthorized:
		// authentication required".
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	token := rand.Text()
	g.mu.Lock()
	if g.tokens == nil {
		g.tokens = map[string]grant{}
	}
	g.tokens[token] = granted
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": int(tokenLifetime.Seconds())})
}

func (g *TokenGate) allPublic(asked []access) bool {
	for _, a := range asked {
		if a.action != "pull" || g.Public == nil || !g.Public(a.repository) {
			return false
		}
	}
	return true
}

// scopes parses scopes of the form "repository:NAME:ACTION,ACTION". A parameter may hold several, separated
// by spaces.
func scopes(parameters []string) []access {
	var asked []access
	for _, scope := range strings.Fields(strings.Join(parameters, " ")) {
		kind, rest, _ := strings.Cut(scope, ":")
		colon := strings.LastIndex(rest, ":")
		if kind != "repository" || colon < 0 {
			continue
		}
		for action := range strings.SplitSeq(rest[colon+1:], ",") {
			asked = append(asked, access{rest[:colon], action})
		}
	}
	return asked
}

// neededAccess returns the access that a request of the distribution API requires. It is empty for /v2/
// itself.
func neededAccess(r *http.Request) access {
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	for _, resource := range []string{"/manifests/", "/blobs/", "/tags/"} {
		if i := strings.LastIndex(path, resource); i > 0 {
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				return access{path[:i], "pull"}
			}
			return access{path[:i], "push"}
		}
	}
	return access{}
}

// scopeActions returns the actions that a challenge asks for: a push needs to read, too.
func scopeActions(action string) string {
	if action == "push" {
		return "pull,push"
	}
	return action
}

// BasicGate protects an ordinary registry, which expects a user name and a password with each request.
type BasicGate struct {
	Username string
	Password func() string
}

// Wrap returns a handler that protects next with the gate.
func (g *BasicGate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		username, password, found := r.BasicAuth()
		if !found || !sameCredentials(username, password, g.Username, g.Password()) {
			refuse(w, `Basic realm="registry"`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameCredentials never accepts an empty password: a password file is empty while it is being written.
func sameCredentials(username, password, wantUsername, wantPassword string) bool {
	return wantPassword != "" && username == wantUsername && password == wantPassword
}

// refuse answers 401 in the format of the distribution specification.
func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}` + "\n"))
}
