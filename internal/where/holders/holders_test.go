package holders

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestHave(t *testing.T) {
	container, process := where.Holder{Kind: where.KindContainer, Name: "c"}, where.Holder{Kind: where.KindProcess, Name: "1"}
	line := func(n int) where.Holder { return where.Holder{Kind: where.KindFile, Path: "/f", Line: n} }
	for want, list := range map[string][]where.Holder{
		"1 container has":                                {container},
		"1 file has":                                     {line(1), line(2)},
		"1 container and 1 file have":                    {line(1), container},
		"1 running process has":                          {process},
		"2 running processes have":                       {process, {Kind: where.KindProcess, Name: "2"}},
		"2 containers have":                              {container, {Kind: where.KindContainer, Name: "c", Project: "p"}},
		"1 container, 1 file and 1 running process have": {process, line(1), container},
	} {
		if got := have(list); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	old := where.Holder{State: where.Old, Kind: where.KindContainer, Name: "c", Keys: []string{"A"}, Where: []string{"A"}, Fix: "do it"}
	renamed := where.Holder{State: where.Current, Kind: where.KindContainer, Name: "c", Keys: []string{"A"}, Where: []string{"B"}}
	two := where.Holder{State: where.Current, Kind: where.KindContainer, Name: "c", Keys: []string{"A", "B"}, Where: []string{"A", "B"}}
	file := where.Holder{State: where.Current, Kind: where.KindFile, Path: "/f", Line: 2, Keys: []string{"A"}, Where: []string{"line 2 of A"}}
	at := func(line int, fix string, keys ...string) where.Holder {
		return where.Holder{State: where.Old, Kind: where.KindFile, Path: "/f", Line: line, Keys: keys, Where: []string{fmt.Sprintf("line %d", line)}, Fix: fix}
	}
	wins, whole := at(6, "import", "A"), where.Holder{State: where.Current, Kind: where.KindFile, Path: "/f", Keys: []string{"C"}, Where: []string{"it"}, Fix: "import"}
	wins.Where = append(wins.Where, "where it wins")
	lines := []where.Holder{at(1, "import", "A"), at(2, "import", "A", "B"), at(3, "edit", "A"), at(5, "import", "A"), wins, whole}
	for name, test := range map[string]struct {
		report where.Report
		want   string
	}{
		"one fix for several lines": {where.Report{Holders: lines}, "OLD      /f  A in lines 1, 5; A, B in line 2; A in line 6, where it wins\n         import\n" +
			"OLD      /f  A in line 3\n         edit\ncurrent  /f  C in it\n         import\n1 file has an old value\n"},
		"nothing": {where.Report{Searched: []string{"x", "y"}}, "searched: x, y\nnothing that was searched has a value of these keys\n"},
		"current": {where.Report{Holders: []where.Holder{renamed}}, "current  container c  A in B\nnothing that was searched has an old value; 1 container has the current one\n"},
		"two":     {where.Report{Holders: []where.Holder{two}}, "current  container c  A, B in A, B\nnothing that was searched has an old value; 1 container has the current one\n"},
		"a file":  {where.Report{Holders: []where.Holder{file}}, "current  /f  A in line 2 of A\nnothing that was searched has an old value; 1 file has the current one\n"},
		"old":     {where.Report{Holders: []where.Holder{old, renamed}, Unread: []where.Unread{{What: "z", Reason: "closed"}}}, "OLD      container c  A\n         do it\ncurrent  container c  A in B\nnot searched: z: closed\n1 container has an old value\n"},
	} {
		if got := Describe(&test.report, ui.Style{}); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// On a terminal with colors, an old value is what stands out.
func TestOldValuesStandOut(t *testing.T) {
	style := ui.Style{On: true}
	for state, want := range map[where.State]bool{where.Old: true, where.Current: false} {
		report := where.Report{Holders: []where.Holder{{State: state, Kind: where.KindFile, Path: "/f", Keys: []string{"A"}, Where: []string{"it"}}}}
		if got := Describe(&report, style); strings.Contains(got, style.Caution("OLD    ")) != want || strings.Contains(got, "\x1b") != want {
			t.Errorf("%s: %q", state, got)
		}
	}
}

// Current and former values of the profile's variables are searched for, and no login.
func TestSearchedKeys(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	if _, err := searchedKeys(s, nil); err == nil || !strings.Contains(err.Error(), "nothing is stored") {
		t.Errorf("of an empty keychain: %v", err)
	}
	current, former := keychain.NewSecret(scripttest.NewKey()), keychain.NewSecret(scripttest.NewKey())
	variable := s.EnvRef(secrets.NGCAPIKey)
	if err := k.Set(keychain.Item{Ref: variable, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
		t.Fatal(err)
	}
	for ref, value := range map[keychain.Ref]keychain.Secret{
		variable: current, session.FormerRef(variable): former, s.EnvRef("OTHER_TOKEN"): former,
		{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: "ghcr.io"}: former,
	} {
		if err := k.Set(keychain.Item{Ref: ref, Username: "me", Secret: value}); err != nil {
			t.Fatal(err)
		}
	}
	for _, names := range [][]string{nil, {secrets.NGCAPIKey}} {
		keys, err := searchedKeys(s, names)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(keys, func(key where.Key) bool { return key.Name == secrets.NGCAPIKey })
		if i < 0 || keys[i].Current != current || !slices.Contains(keys[i].Former, former) || len(keys[i].Aliases) == 0 {
			t.Errorf("%q: not the values of %s", names, secrets.NGCAPIKey)
		}
		if len(keys[i].Prints) == 0 {
			t.Errorf("%q: no fingerprint of the value before", names)
		}
		if other := slices.ContainsFunc(keys, func(key where.Key) bool { return key.Name == "OTHER_TOKEN" }); other != (names == nil) || len(keys) > 2 {
			t.Errorf("%q: %d keys, the other one %v", names, len(keys), other)
		}
	}
	if _, err := searchedKeys(s, []string{"ABSENT"}); err == nil || !strings.Contains(err.Error(), "no key is stored as ABSENT") {
		t.Errorf("an absent key: %v", err)
	}
}

func TestConclude(t *testing.T) {
	s, _, stderr := sessiontest.New(t)
	s.Print.Quiet = false
	ref := s.EnvRef(secrets.NGCAPIKey)
	old := where.Holder{State: where.Old, Kind: where.KindContainer, Name: "c", Keys: []string{"A"}, Where: []string{"A"}}
	if err := conclude(s, ref, &where.Report{Holders: []where.Holder{old}}); err == nil || err.Error() != "1 container still has the old key" {
		t.Errorf("%v", err)
	}
	stderr.Reset()
	if err := conclude(s, ref, &where.Report{}); err != nil || !strings.Contains(stderr.String(), "delete the old key at https://") {
		t.Errorf("%v, it says %q", err, stderr)
	}
	stderr.Reset()
	if err := conclude(s, s.EnvRef("OTHER_TOKEN"), &where.Report{}); err != nil || !strings.Contains(stderr.String(), "hint: ragenv rotate --confirm OTHER_TOKEN") {
		t.Errorf("%v, it says %q", err, stderr)
	}
}

func TestEnvironWithout(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	key := where.Key{Name: "OTHER_TOKEN", Current: keychain.NewSecret(scripttest.NewKey())}
	secret := []string{"NGC_API_KEY", "NVIDIA_API_KEY", "OTHER_TOKEN", "UNKNOWN_NAME", "RAGENV_PASSPHRASE"}
	for _, name := range secret {
		t.Setenv(name, key.Current.Reveal())
	}
	t.Setenv("PLAIN", "x")
	environ := environWithout(s, []where.Key{key}, where.NewMatcher([]where.Key{key}))
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(secret, name) {
			t.Errorf("docker gets %s", name)
		}
	}
	if !slices.Contains(environ, "PLAIN=x") || !slices.Contains(environ, "SSH_ASKPASS_REQUIRE=never") {
		t.Error("docker lacks a variable")
	}
}

func TestImportsByItself(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	for name, want := range map[string]bool{"NGC_API_KEY": true, "NVIDIA_API_KEY": true, "OTHER_TOKEN": false} {
		if got := importsByItself(s, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
