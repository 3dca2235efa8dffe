package registry

import (
	"encoding/json"
	"net/http"
	"sync"
)

// Request is one request that a registry answered. It records the kind of authorization only.
type Request struct {
	Host   string `json:"host"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Auth   string `json:"auth"` // "", "Basic" or "Bearer"
	User   string `json:"user,omitempty"`
	Agent  string `json:"agent,omitempty"`
	Status int    `json:"status"`
}

// Journal records every request in the order of the answers. The zero value is ready to use.
type Journal struct {
	mu       sync.Mutex
	requests []Request
}

// Wrap returns a handler that calls next and records its requests under a host's name.
func (j *Journal) Wrap(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		entry := Request{
			Host: host, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
			Agent: r.UserAgent(), Status: recorder.status,
		}
		if username, _, ok := r.BasicAuth(); ok {
			entry.Auth, entry.User = "Basic", username
		} else if r.Header.Get("Authorization") != "" {
			entry.Auth = "Bearer"
		}
		j.mu.Lock()
		j.requests = append(j.requests, entry)
		j.mu.Unlock()
	})
}

// ServeHTTP is the control endpoint: GET /requests returns a JSON array of Request, DELETE /requests clears
// the journal.
func (j *Journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/requests" {
		http.NotFound(w, r)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		if j.requests == nil {
			j.requests = []Request{}
		}
		_ = json.NewEncoder(w).Encode(j.requests)
	case http.MethodDelete:
		j.requests = nil
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
