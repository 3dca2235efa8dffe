package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/validate/probe"
	"github.com/ragenv/ragenv/test/scripttest"
)

// fakeServices gives preset answers.
type fakeServices struct {
	ngc, pull probe.Result
	at        time.Time
	err       error
}

func (f fakeServices) NGC(context.Context, string) probe.Result                       { return f.ngc }
func (f fakeServices) RegistryPull(context.Context, string, probe.Image) probe.Result { return f.pull }
func (f fakeServices) Clock(context.Context) (time.Time, error)                       { return f.at, f.err }

func TestNGCKeyOnline(t *testing.T) {
	missing := []probe.Missing{{Product: "ai-foundations", Title: "Public API Endpoints", Effect: "NVIDIA-hosted models refuse it"}}
	for _, c := range []struct {
		answer probe.Result
		status Status
		detail string
		hint   string
	}{
		{probe.Result{Outcome: probe.Valid, Detail: "takes it"}, OK, "NGC_API_KEY: takes it", ""},
		{probe.Result{Outcome: probe.Valid, Detail: "takes it", Missing: missing}, Warning, `"Public API Endpoints": NVIDIA-hosted models refuse it`, "create a key at https://"},
		{probe.Result{Outcome: probe.Invalid, Detail: "unknown there"}, Failed, "unknown there", "ragenv rotate NGC_API_KEY"},
		{probe.Result{Outcome: probe.LacksRights, Detail: "no catalog", Missing: missing}, Failed, "no catalog", "create a key at https://"},
		{probe.Result{Outcome: probe.Unknown, Detail: "nobody answers"}, Warning, "nobody answers", "later"},
	} {
		h := newHome(t)
		h.Services = fakeServices{ngc: c.answer, pull: c.answer}
		h.expect(h.ngcKeyOnline, c.status, c.detail, c.hint)
	}
}

func TestRegistryPullOnline(t *testing.T) {
	h := newHome(t)
	h.Services = fakeServices{pull: probe.Result{Outcome: probe.LacksRights, Detail: "no entitlement"}}
	h.Image = probe.Image{Host: "nvcr.io", Repository: "nim/a/b", Tag: "1"}
	h.expect(h.registryPullOnline, Failed, "no entitlement (nvcr.io/nim/a/b:1)", "ragenv rotate NGC_API_KEY")
}

func TestOnlineWithoutAKey(t *testing.T) {
	h := emptyHome(t)
	h.Services = fakeServices{ngc: probe.Result{Outcome: probe.Valid, Detail: "takes it"}}
	h.expect(h.ngcKeyOnline, Warning, "there is no NGC_API_KEY", "ragenv set NGC_API_KEY")
	h.env["NGC_API_KEY"] = scripttest.NewKey()
	h.expect(h.ngcKeyOnline, OK, "takes it", "")
	h = lockedHome(t)
	h.expect(h.ngcKeyOnline, Warning, "the keychain is locked", "ragenv unlock")
}

// The real client with a server on this machine.
func TestOnline(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", at.Format(http.TimeFormat))
		switch {
		case r.URL.Path == "/v2/" && r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v3/keys/get-caller-info":
			_, _ = w.Write([]byte(`{"type":"PERSONAL_KEY","orgName":"acme","products":["artifact-catalog","ai-foundations"],"user":{"email":"somebody@example.com"}}`))
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	h := newHome(t)
	h.Services = &probe.Client{API: server.URL, Registry: server.URL, AllowLoopback: true}
	h.Image = probe.Image{Host: "nvcr.io", Repository: "nim/a/b", Tag: "1"}
	names := ""
	for _, check := range Checks(h.World) {
		names += check.Name + " "
	}
	if !strings.HasSuffix(names, "ngc-key-online registry-pull-online ") {
		t.Error(names)
	}
	h.expect(h.ngcKeyOnline, OK, "NVIDIA accepts this key", "")
	h.expect(h.registryPullOnline, Warning, "403", "later")
	h.expect(h.clock, OK, "within 5m0s", "")
	at = at.Add(time.Hour)
	h.expect(h.clock, Failed, " behind that of nvcr.io", clockHint())
	at = at.Add(-2 * time.Hour)
	h.expect(h.clock, Failed, " ahead of that of nvcr.io", clockHint())
	h.Services = fakeServices{err: errors.New("this machine may be offline")}
	h.expect(h.clock, Warning, "not compared: this machine may be offline", "--online")
}
