package processes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// What is said of a process, from its files in /proc.
func TestProcess(t *testing.T) {
	old, current := newValue(), newValue()
	o := Options{Matcher: where.NewMatcher([]where.Key{{Name: "NGC_API_KEY", Current: keychain.NewSecret(current), Former: []keychain.Secret{keychain.NewSecret(old)}}})}
	stat := func(parent int) string { return fmt.Sprintf("7 (a) b) S %d 7 7", parent) }
	const start = "start it again behind ragenv --, after: kill 7"
	for name, test := range map[string]struct {
		comm, stat, cgroup, cmdline, environ string
		isParent                             bool
		state                                where.State // "" for no key
		at                                   []string
		fix                                  string
	}{
		"a program":         {"python3", stat(1), "0::/\n", "", "A=" + old + "\x00B=x\x00", false, where.Old, []string{"A"}, start},
		"a current value":   {"python3", stat(1), "0::/system.slice/rag.service\n", "", "A=" + current, false, where.Current, []string{"A"}, ""},
		"its arguments":     {"python3", stat(1), "", "python3\x00--key=" + old + "\x00", "B=x", false, where.Old, []string{"command line"}, start},
		"no key":            {"python3", stat(1), "", "", "B=x", false, "", nil, ""},
		"the parent":        {"python3", stat(1), "", "x\x00" + old, "A=" + old, true, where.Old, []string{"A", "command line"}, "close that shell, or in it: unset A"},
		"a login shell":     {"-bash", stat(1), "", "", "A=" + old, false, where.Old, []string{"A"}, "close that shell, or in it: unset A"},
		"a service":         {"python3", stat(1), "0::/system.slice/rag.service\n", "", "A=" + old, false, where.Old, []string{"A"}, "after its unit or environment file has the new key: sudo systemctl restart rag.service"},
		"a user's service":  {"bash", stat(1), "0::/user.slice/user@1.service/rag.service\n", "", "A=" + old, true, where.Old, []string{"A"}, "after its unit or environment file has the new key: systemctl --user restart rag.service"},
		"about to start":    {"ragenv", stat(os.Getpid()), "", "", "A=" + old, false, "", nil, ""},
		"ended meanwhile":   {"ragenv", "", "", "", "A=" + old, false, "", nil, ""},
		"no parent's field": {"ragenv", "7 (a) S", "", "", "A=" + old, false, "", nil, ""},
		"just the parent's": {"ragenv", "7 (a) S 1", "", "", "A=" + old, false, where.Old, []string{"A"}, start},
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{"comm": test.comm + "\n", "stat": test.stat, "cgroup": test.cgroup, "cmdline": test.cmdline} {
			if file == "stat" && text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h, ok := o.process(7, dir, []byte(test.environ), test.isParent)
		if ok != (test.state != "") || h.State != test.state || h.Fix != test.fix || !slices.Equal(h.Where, test.at) || ok && (h.PID != 7 || h.Name != "7 ("+test.comm+")") {
			t.Errorf("%s: %t, %+v", name, ok, h)
		}
	}
	if _, ok := (Options{Matcher: o.Matcher, Environ: []string{"A=x"}}).shell(); ok {
		t.Error("this shell has no key")
	}
	if h, ok := (Options{Matcher: o.Matcher, Environ: []string{"A=" + current}}).shell(); !ok || h.Fix != "" {
		t.Errorf("this shell has the current key: %+v", h)
	}
}
