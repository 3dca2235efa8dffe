package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// Variables that scripts/e2e-clients sets for TestClients.
const (
	envClients       = "E2E_CLIENTS"        // the file with the output of test/worlds/clients
	envClientsQuick  = "E2E_CLIENTS_QUICK"  // if not empty, only the quick clients
	envClientsReport = "E2E_CLIENTS_REPORT" // the file to write the tables to, in Markdown
)

// mode is a way of configuring the helper for a client.
type mode string

const (
	credHelpers    mode = "credHelpers"        // config.json, for nvcr.io
	credsStore     mode = "credsStore"         // config.json, for every registry
	registriesConf mode = "credential-helpers" // containers-registries.conf(5), for every registry
)

// state is what the keychain holds when a client fetches an image.
type state string

const (
	rightKey   state = "right key"
	wrongKey   state = "wrong key"
	noKey      state = "no key"
	locked     state = "locked store"
	secondHost state = "second registry" // with its login stored, in addition to nvcr.io's key
)

var states = []state{rightKey, wrongKey, noKey, locked, secondHost}

// client is a program that asks credential helpers, and its expected behavior.
type client struct {
	name  string // in test/worlds/clients
	label string // defaults to name
	quick bool   // part of the quick subset

	// install puts the program where a user would have it. If nil, the program is on PATH under its own
	// name.
	install func(h *home, programs map[string]obtained)
	// image and second are the images to fetch. They default to nimImage and secondImage.
	image, second string
	// fetch fetches an image, bypassing all caches. check fails the test unless the registry's content
	// arrived. verb is the usual name of this operation.
	verb  string
	fetch func(h *home, image string) result
	check func(h *home, image string, r result)

	// denied is the client's message when the registry refuses it.
	denied string
	// noToken means that it says noOAuth with a key, and noAnonymous without.
	noToken bool
	// parallel means that after a failure some calls may be missing. retries means that it asks again when
	// the helper fails.
	parallel, retries bool
	// mute means that it discards the helper's standard error, so the user does not see why there is no
	// login.
	mute bool
	// modes holds the helper calls of one fetch of image and of second, for the modes that the client
	// supports.
	modes map[mode]calls
	// ignores holds the reason for each mode that the client ignores. The test checks that it does.
	ignores map[mode]string

	operations []operation
}

// calls are the helper calls for a client to fetch its image or the second registry's, such as "get
// nvcr.io".
type calls struct {
	image, second []string
	alsoSecond    []string // for image, with the second registry's login stored, too; nil: as image
	noKey         []string // for image, with no key stored; nil: as image
	locked        []string // for image, with the store locked; nil: as image
	// silent means that without a key the client makes no call in which the helper could say how to store
	// one.
	silent bool
}

func (c calls) or(special []string) []string {
	if special == nil {
		return c.image
	}
	return special
}

func (c *client) title() string {
	if c.label != "" {
		return c.label
	}
	return c.name
}

// operation is a use of a client while the right key is stored.
type operation struct {
	name string
	do   func(h *home)
	want map[mode][]string // the helper calls
	// keeps names the file in the home where the client itself writes the key in plain text.
	keeps map[mode]string
}

// obtained is a line of the output of test/worlds/clients.
type obtained struct{ path, version string } // if path is "-", version is the reason

func obtainedClients(t *testing.T) map[string]obtained {
	t.Helper()
	file := os.Getenv(envClients)
	if file == "" {
		t.Skip("runs with the programs that scripts/e2e-clients obtains")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]obtained{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			t.Fatalf("%s: %q has %d fields, want 3", file, line, len(fields))
		}
		found[fields[0]] = obtained{fields[1], fields[2]}
	}
	return found
}

// TestClients runs every program that asks credential helpers, in every way to configure ours.
func TestClients(t *testing.T) {
	needWorld(t)
	programs := obtainedClients(t)
	started := time.Now()
	t.Cleanup(func() { report.finish(t, time.Since(started)) })
	seedCharts(t)
	for _, c := range clients() {
		if os.Getenv(envClientsQuick) != "" && !c.quick {
			continue
		}
		// With the newer engine the script lists only the clients that use it.
		if _, asked := programs[c.name]; !asked && fromContainerd() {
			continue
		}
		step(t, c.title(), func(t *testing.T) {
			program, asked := programs[c.name]
			if !asked {
				t.Fatalf("scripts/e2e-clients did not ask for %s", c.name)
			}
			if program.path == "-" {
				report.skipped(c, program.version)
				skip(t, program.version)
			}
			report.version(c, program.version)
			for _, m := range []mode{credHelpers, credsStore, registriesConf} {
				if want, ok := c.modes[m]; ok {
					step(t, string(m), func(t *testing.T) { testClient(t, c, programs, m, want) })
				} else if reason, ok := c.ignores[m]; ok {
					step(t, string(m)+" is ignored", func(t *testing.T) { testIgnored(t, c, programs, m, reason) })
				}
			}
		})
	}
	step(t, "64 gets at once", testParallelCalls)
	if os.Getenv(envClientsQuick) == "" {
		step(t, "100 registries", func(t *testing.T) { testManyRegistries(t, programs) })
		if _, asked := programs["podman"]; asked || !fromContainerd() {
			step(t, "configuration of podman", func(t *testing.T) { testPodmanConfiguration(t, programs) })
		}
	}
}

// clientHome is a home with a client, a locked store and a Docker configuration.
type clientHome struct {
	*home
	key, passphraseFile string
}

func newClientHome(t *testing.T, c *client, programs map[string]obtained, m mode) *clientHome {
	t.Helper()
	h := newHome(t)
	if err := os.MkdirAll(h.path("run"), 0o700); err != nil {
		t.Fatal(err)
	}
	// "podman login" writes its logins here. Otherwise all homes would share them.
	h = h.with("XDG_RUNTIME_DIR=" + h.path("run"))
	if c.install != nil {
		c.install(h, programs)
	} else {
		h.link(programs[c.name].path, "bin", filepath.Base(programs[c.name].path))
	}
	ch := &clientHome{home: h, key: h.acceptedKey()}
	ch.passphraseFile = h.newLockableStore()
	switch m {
	case credHelpers:
		h.ragenv("docker", "configure").ok()
	case credsStore:
		h.ragenv("docker", "configure", "--store").ok()
	case registriesConf:
		h.writeConfig(`{}`)
		h.ragenv("docker", "configure", "--podman").ok()
	}
	h.helperCalls()
	return ch
}

func (h *clientHome) unlock() {
	h.t.Helper()
	h.with("RAGENV_PASSPHRASE_FILE=" + h.passphraseFile).ragenv("unlock").ok()
}

// on returns the same home with failures reported to another test.
func (h *home) on(t *testing.T) *home {
	other := *h
	other.t = t
	return &other
}

func testClient(t *testing.T, c *client, programs map[string]obtained, m mode, want calls) {
	h := newClientHome(t, c, programs, m)
	image, second := c.image, c.second
	if image == "" {
		image, second = nimImage, secondImage
	}
	try := func(s state, test func(h *home)) {
		step(t, string(s), func(t *testing.T) {
			h := h.home.on(t)
			if c.parallel {
				awaitQuiet(t)
			}
			forgetRequests(t)
			h.helperCalls()
			t.Cleanup(func() { report.cell(c, m, s, !t.Failed()) })
			test(h)
		})
	}

	// The store is locked, but the answer that nothing is stored needs no unlock.
	try(noKey, func(h *home) {
		r := c.fetch(h, image)
		h.refusesImage(r)
		r.says(c.denied)
		if c.noToken {
			r.quoted(noAnonymous)
		}
		if want.silent || c.mute {
			r.silentOn(helperName)
		} else {
			r.says("error: no key is stored as NGC_API_KEY", "hint: ragenv set NGC_API_KEY")
		}
		wantAnonymous(h.t)
		h.wantCallsOfFailure(c, want.or(want.noKey))
	})

	h.run(h.secret(newKey()), "ragenv", "set", "NGC_API_KEY").ok()
	h.unlock()
	try(wrongKey, func(h *home) {
		r := c.fetch(h, image)
		h.refusesImage(r)
		r.says(c.denied)
		if c.noToken {
			r.quoted(noOAuth)
		}
		wantKeyRefused(h.t)
	})

	h.run(h.key, "ragenv", "set", "NGC_API_KEY").ok()
	try(rightKey, func(h *home) {
		r := c.fetch(h, image).ok()
		wantKeyUsed(h.t)
		calls := h.wantCallsExactly(want.image)
		c.check(h, image, r)
		h.wantOnlySecretIn("")
		report.operation(c, m, operation{name: c.verb}, calls, !h.t.Failed())
	})

	password := h.secret(secondPassword(t))
	if m == credHelpers {
		h.writePlainLogin(password)
	} else {
		h.storeSecond(password)
	}
	try(secondHost, func(h *home) {
		r := c.fetch(h, second).ok()
		c.check(h, second, r)
		h.wantCallsExactly(want.second)
		r = c.fetch(h, image).ok() // BuildKit still has its token, so there may be no call
		c.check(h, image, r)
		h.wantCallsExactly(want.or(want.alsoSecond))
	})

	for _, o := range c.operations {
		clearPushed(t)
		h.helperCalls()
		step(t, o.name, func(t *testing.T) {
			h := h.home.on(t)
			o.do(h)
			h.wantOnlySecretIn(o.keeps[m])
			calls := h.wantCallsExactly(o.want[m])
			report.operation(c, m, o, calls, !t.Failed())
		})
	}

	h.run(h.key, "ragenv", "set", "NGC_API_KEY").ok()
	h.ragenv("lock").ok()
	try(locked, func(h *home) {
		r := c.fetch(h, image)
		h.refusesImage(r)
		if !c.mute {
			r.says("hint: ragenv unlock")
		}
		r.says(c.denied)
		wantAnonymous(h.t)
		h.wantCallsOfFailure(c, want.or(want.locked))
	})
}

// testIgnored checks that the mode has no effect: with the right key stored, the helper is not called and
// the registry refuses.
func testIgnored(t *testing.T, c *client, programs map[string]obtained, m mode, reason string) {
	h := newClientHome(t, c, programs, m)
	image := c.image
	if image == "" {
		image = nimImage
	}
	h.unlock()
	h.run(h.key, "ragenv", "set", "NGC_API_KEY").ok()
	h.helperCalls()
	r := c.fetch(h.home, image)
	h.refusesImage(r)
	r.says(c.denied)
	h.wantCalls()
	wantAnonymous(t)
	if t.Failed() {
		reason = "**FAIL**, so this is not so: " + reason
	}
	report.ignored(c, m, reason)
}

// refusesImage fails the test if a client got an image that it must not get.
func (h *home) refusesImage(r result) {
	h.t.Helper()
	if r.code == 0 {
		h.t.Errorf("%s: exit status 0, want a failure", r.command)
	}
}

// wantDigest compares the digest of the fetched image with the registry's.
func (h *home) wantDigest(reference, digest string) {
	h.t.Helper()
	if want := registryDigest(h.t, reference); digest != want {
		h.t.Errorf("%s: fetched %q, the registry has %q", reference, digest, want)
	}
}

// registryDigest reads a digest from the registry.
func registryDigest(t *testing.T, reference string) string {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	head, err := remote.Head(ref, remote.WithAuth(worldLogin(t, ref.Context().RegistryStr())))
	if err != nil {
		t.Fatal(err)
	}
	return head.Digest.String()
}

// worldLogin returns the login that a registry currently accepts.
func worldLogin(t *testing.T, host string) authn.Authenticator {
	t.Helper()
	switch host {
	case registry.NVCR:
		key, err := os.ReadFile(os.Getenv("E2E_REGISTRY_KEY_FILE"))
		if err != nil {
			t.Fatal(err)
		}
		return &authn.Basic{Username: registry.NVCRUser, Password: strings.TrimSpace(string(key))}
	case registry.Second:
		return &authn.Basic{Username: registry.SecondUser, Password: secondPassword(t)}
	}
	return authn.Anonymous
}

// wantKeyRefused fails the test unless nvcr.io received a key and refused it.
func wantKeyRefused(t *testing.T) {
	t.Helper()
	tokens := tokenRequests(t)
	if len(tokens) == 0 {
		t.Error("nvcr.io was not asked for a token")
	}
	for _, r := range tokens {
		if r.Auth == "Basic" && (r.User != registry.NVCRUser || r.Status != 401) {
			t.Errorf("nvcr.io answered %d to user %q", r.Status, r.User)
		}
		if r.Auth == "" && r.Status != 401 {
			t.Errorf("nvcr.io answered %d to nobody", r.Status)
		}
	}
	if !slices.ContainsFunc(tokens, func(r registry.Request) bool { return r.Auth == "Basic" }) {
		t.Error("nvcr.io was given no key")
	}
}

// made returns the calls since the last time. It drops what "list" got on standard input, which varies:
// docker sends "unused".
func (h *home) made() []string {
	h.t.Helper()
	made := []string{}
	for _, call := range h.helperCalls() {
		if call.Verb == "list" {
			call.Server = ""
		}
		made = append(made, call.String())
	}
	return made
}

// wantCallsExactly fails the test unless exactly these calls were made, in any order, and returns them.
func (h *home) wantCallsExactly(want []string) []string {
	h.t.Helper()
	got := h.made()
	if sorted(got) != sorted(want) {
		h.t.Errorf("the helper was called\n\t%q, want\n\t%q", got, want)
	}
	return got
}

// wantCallsOfFailure checks the calls of a failed fetch, which some clients end early and others repeat.
func (h *home) wantCallsOfFailure(c *client, want []string) {
	h.t.Helper()
	if !c.parallel && !c.retries {
		h.wantCallsExactly(want)
		return
	}
	got := h.made()
	if len(got) == 0 || !c.retries && len(got) > len(want) {
		h.t.Errorf("the helper was called %d times, want 1 to %d", len(got), len(want))
	}
	for _, call := range got {
		if !slices.Contains(want, call) {
			h.t.Errorf("the helper was called %q, want %q", call, want)
		}
	}
}

func sorted(calls []string) string { return fmt.Sprintf("%q", slices.Sorted(slices.Values(calls))) }

// storeSecond stores the second registry's login as a client would. The store need not be unlocked.
func (h *home) storeSecond(password string) {
	h.t.Helper()
	h.store(registry.Second, registry.SecondUser, password)
}

func (h *home) store(server, user, secret string) {
	h.t.Helper()
	input, err := json.Marshal(map[string]string{"ServerURL": server, "Username": user, "Secret": secret})
	if err != nil {
		h.t.Fatal(err)
	}
	h.run(string(input), helperName, "store").ok()
}

// writePlainLogin adds the second registry's login to config.json in plain text, as Docker does if there is
// no helper for it.
func (h *home) writePlainLogin(password string) {
	h.t.Helper()
	data, err := os.ReadFile(h.path(".docker", "config.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		h.t.Fatal(err)
	}
	auths, _ := config["auths"].(map[string]any)
	if auths == nil {
		auths = map[string]any{}
	}
	auths[registry.Second] = map[string][]byte{"auth": []byte(registry.SecondUser + ":" + password)}
	config["auths"] = auths
	if data, err = json.Marshal(config); err != nil {
		h.t.Fatal(err)
	}
	h.writeConfig(string(data))
}

// wantOnlySecretIn fails the test unless exactly this file of the home contains the key in plain text. If
// want is "", no file may.
func (h *home) wantOnlySecretIn(want string) {
	h.t.Helper()
	key := h.rightKey()
	found := ""
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, form := range disguises(key) {
			if strings.Contains(string(data), form) {
				found = strings.TrimPrefix(found+" and "+strings.TrimPrefix(path, h.dir+"/"), " and ")
				break
			}
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
	if found != want {
		h.t.Errorf("the key is in plain text in %q, want %q", found, want)
	}
}
