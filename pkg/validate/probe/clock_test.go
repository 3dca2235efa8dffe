package probe_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

func TestClock(t *testing.T) {
	want := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	date := want.Format(http.TimeFormat)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = []string{date}
		w.WriteHeader(http.StatusUnauthorized)
	})
	c := &probe.Client{Registry: s.URL, AllowLoopback: true}
	got, err := c.Clock(t.Context())
	if err != nil || !got.Equal(want) {
		t.Errorf("%v, %v", got, err)
	}
	if asked := s.asked(); len(asked) != 1 || asked[0].URL.Path != "/v2/" || asked[0].Header.Get("Authorization") != "" {
		t.Errorf("%d requests", len(asked))
	}
	date = "yesterday"
	if _, err := c.Clock(t.Context()); err == nil || !strings.Contains(err.Error(), "does not say what time it is") {
		t.Errorf("%v", err)
	}
	s.Close()
	if _, err := c.Clock(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("%v", err)
	}
}
