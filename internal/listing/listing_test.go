package listing

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestRun(t *testing.T) {
	item := func(profile string, kind keychain.Kind, name, username string, expires time.Time) keychain.Item {
		return keychain.Item{Ref: keychain.Ref{Profile: profile, Kind: kind, Name: name}, Username: username, Secret: keychain.NewSecret(scripttest.NewKey()), Updated: now, Expires: expires}
	}
	s, k, _ := sessiontest.New(t)
	s.Now = func() time.Time { return now }
	for _, i := range []keychain.Item{
		item("default", keychain.KindEnv, "FAR", "", now.AddDate(1, 0, 0)),
		item("default", keychain.KindEnv, "NEAR", "", now.AddDate(0, 0, 3)),
		item("default", keychain.KindEnv, "OVER", "", now.AddDate(0, 0, -3)),
		item("default", keychain.KindRegistry, "ghcr.io", "me", time.Time{}),
		item("default", keychain.KindPrevious, "FAR", "", time.Time{}),
		item("work", keychain.KindEnv, "OTHER", "", now.AddDate(0, 0, 1)),
		item("logins", keychain.KindRegistry, "quay.io", "me", now.AddDate(0, 0, 1)),
	} {
		if err := k.Set(i); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		profile string
		o       Options
		want    string // the listed names, the exit code and the error, of which only the beginning if it is about usage
		hint    string
	}{
		"the active profile":   {"default", Options{}, "FAR NEAR OVER ghcr.io 0", ""},
		"all profiles":         {"default", Options{All: true}, "FAR NEAR OVER ghcr.io quay.io OTHER 0", ""},
		"expired":              {"default", Options{Expiring: "2026-06-01"}, "OVER 3 OVER expired on 2026-05-29", "ragenv rotate OVER"},
		"soon":                 {"default", Options{Expiring: "7d"}, "NEAR OVER 3 OVER expired on 2026-05-29, and 1 more", "ragenv rotate OVER"},
		"soon in all profiles": {"default", Options{Expiring: "7d", All: true}, "NEAR OVER quay.io OTHER 3 OVER expired on 2026-05-29, and 3 more", "ragenv rotate OVER"},
		"none by then":         {"work", Options{Expiring: "2026-06-01"}, " 0", ""},
		"no date":              {"default", Options{Expiring: "soon"}, " 2 --expiring: ", "ragenv list --expiring 14d"},
		"a login":              {"logins", Options{Expiring: "7d"}, "quay.io 3 quay.io expires tomorrow", "docker login quay.io"},
	} {
		t.Run(name, func(t *testing.T) {
			s.Config.Profile = tc.profile
			var table, document strings.Builder
			s.Stdout = &table
			err := Run(s, tc.o)
			got := strings.Join(column(table.String(), tc.o.All), " ")
			code, text := 0, ""
			if err != nil {
				code, text = ui.Explain(err).Code, " "+err.Error()
			}
			if got += " " + string(rune('0'+code)) + text; got != tc.want && (code != ui.CodeUsage || !strings.HasPrefix(got, tc.want)) {
				t.Errorf("it lists %q, want %q", got, tc.want)
			}
			if err != nil && ui.Explain(err).Hint != tc.hint {
				t.Errorf("the hint is %q, want %q", ui.Explain(err).Hint, tc.hint)
			}
			if tc.want == " 0" && table.Len() > 0 {
				t.Errorf("it shows %q", table.String())
			}

			if code == ui.CodeUsage {
				return
			}
			s.Stdout, tc.o.JSON = &document, true
			if again := Run(s, tc.o); (again == nil) != (err == nil) {
				t.Errorf("with JSON it returns %v, without %v", again, err)
			}
			var found []entry
			if err := json.Unmarshal([]byte(document.String()), &found); err != nil {
				t.Fatalf("%v: %s", err, document.String())
			}
			names := []string{}
			for _, e := range found {
				names = append(names, e.Name)
				if (e.Server == e.Name) != (e.Kind == "registry") {
					t.Errorf("the server of %s is %q", e.Name, e.Server)
				}
			}
			if table := column(table.String(), tc.o.All); strings.Join(names, " ") != strings.Join(table, " ") {
				t.Errorf("JSON has %q, the table %q", names, table)
			}
		})
	}
}

func TestNothingIsStored(t *testing.T) {
	s, k, printed := sessiontest.New(t)
	s.Print.Quiet = false
	if err := k.Set(keychain.Item{Ref: keychain.Ref{Profile: "work", Kind: keychain.KindEnv, Name: "A_KEY"}, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
		t.Fatal(err)
	}
	for profile, want := range map[string]string{
		"default": "note: nothing is stored\nragenv: hint: ragenv setup\n",
		"wrok":    "note: nothing is stored in profile wrok: did you mean profile work?\nragenv: hint: ragenv profile list\n",
		"other":   "note: nothing is stored in profile other\nragenv: hint: ragenv setup\n",
	} {
		if err := s.Config.SetProfile(profile, config.OriginFlag); err != nil {
			t.Fatal(err)
		}
		printed.Reset()
		if err := Run(s, Options{}); err != nil || printed.String() != "ragenv: "+want {
			t.Errorf("%s: %v, it says %q", profile, err, printed)
		}
	}
}

// Fingerprints are compared between machines that have the same fingerprint key.
func TestFingerprints(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, short := write("key", strings.Repeat("k", 64)+"\n"), write("short", "k\n")
	list := func(o Options, stdin string) (entry, error) {
		t.Helper()
		s, k, _ := sessiontest.New(t)
		ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}
		if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret("the same everywhere")}); err != nil {
			t.Fatal(err)
		}
		input, err := os.Open(stdin)
		if err != nil {
			t.Fatal(err)
		}
		defer input.Close()
		var out strings.Builder
		s.Stdin, s.Stdout = input, &out
		if err := Run(s, o); err != nil {
			return entry{}, err
		}
		var found []entry
		if err := json.Unmarshal([]byte(out.String()), &found); err != nil || len(found) != 1 {
			t.Fatalf("%v: %s", err, out.String())
		}
		return found[0], nil
	}
	file, err := list(Options{JSON: true, FingerprintKey: key}, os.DevNull)
	if err != nil || file.Fingerprint == "" {
		t.Errorf("%+v, %v", file, err)
	}
	if piped, err := list(Options{JSON: true, FingerprintKey: "-"}, key); err != nil || piped.Fingerprint != file.Fingerprint {
		t.Errorf("from standard input: %+v, %v", piped, err)
	}
	if without, err := list(Options{JSON: true}, os.DevNull); err != nil || without.Fingerprint != "" {
		t.Errorf("without a key: %+v, %v", without, err)
	}
	for path, want := range map[string]string{short: "--fingerprint-key: ", filepath.Join(dir, "none"): "none", "-": "--fingerprint-key: "} {
		if _, err := list(Options{JSON: true, FingerprintKey: path}, short); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// column returns the names in a table.
func column(table string, all bool) (names []string) {
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if fields := strings.Fields(line); i > 0 && all {
			names = append(names, fields[1])
		} else if i > 0 {
			names = append(names, fields[0])
		}
	}
	return names
}

func TestDescribe(t *testing.T) {
	at := func(hours int) *time.Time { t := now.Add(time.Duration(hours) * time.Hour); return &t }
	for want, got := range map[string]string{
		"-":                             describeExpiry(nil, now, ui.Style{}),
		"2026-06-01 (expired)":          describeExpiry(at(0), now, ui.Style{}),
		"2026-06-02 (expires tomorrow)": describeExpiry(at(24), now, ui.Style{}),
		"2026-07-31":                    describeExpiry(at(60*24), now, ui.Style{}),
		"registry (me)":                 describeKind(entry{Kind: "registry", Username: "me"}),
		"env (from a command)":          describeKind(entry{Kind: "env", Source: sourceCommand}),
		"env":                           describeKind(entry{Kind: "env"}),
		"2026-06-01":                    describeDay(at(1), now),
	} {
		if got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}
