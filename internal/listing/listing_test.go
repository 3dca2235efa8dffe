package listing

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
	} {
		if err := k.Set(i); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		profile string
		o       Options
		want    string // the listed names, the exit code, and a part of the error
	}{
		"the active profile":   {"default", Options{}, "FAR NEAR OVER ghcr.io 0"},
		"all profiles":         {"default", Options{All: true}, "FAR NEAR OVER ghcr.io OTHER 0"},
		"expired":              {"default", Options{Expiring: "2026-06-01"}, "OVER 3 OVER expired on 2026-05-29"},
		"soon":                 {"default", Options{Expiring: "7d"}, "NEAR OVER 3 OVER expired on 2026-05-29, and 1 more"},
		"soon in all profiles": {"default", Options{Expiring: "7d", All: true}, "NEAR OVER OTHER 3 OVER expired on 2026-05-29, and 2 more"},
		"none by then":         {"work", Options{Expiring: "2026-06-01"}, " 0"},
		"no date":              {"default", Options{Expiring: "soon"}, " 2 --expiring: "},
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
			if got += " " + string(rune('0'+code)) + text; !strings.HasPrefix(got, tc.want) {
				t.Errorf("it lists %q, want %q", got, tc.want)
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
			}
			if table := column(table.String(), tc.o.All); strings.Join(names, " ") != strings.Join(table, " ") {
				t.Errorf("JSON has %q, the table %q", names, table)
			}
		})
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
