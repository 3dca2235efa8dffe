package profiles

import (
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// A profile may change before Copy and Remove get the lock. What they do under it must be right by itself.
func TestUnderTheLock(t *testing.T) {
	const nothing = "nothing is stored in profile work"
	for name, tc := range map[string]struct {
		stored  []string
		forced  bool
		want    string // in the error of removeItems
		copying string // in that of copyItems
	}{
		"emptied meanwhile, as by a reset": {nil, true, nothing, nothing},
		"a key that cannot be regenerated": {[]string{secrets.IndexKey}, false, secrets.IndexKey + " is already stored", ""},
		"with force":                       {[]string{secrets.IndexKey, "A_KEY"}, true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _ := sessiontest.New(t)
			for _, name := range tc.stored {
				set(t, k, ref("work", keychain.KindEnv, name))
			}
			wants := func(err error, want string) {
				t.Helper()
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			wants(copyItems(s, k, "work", "other", tc.forced), tc.copying)
			removed, err := removeItems(s, k, "work", tc.forced)
			wants(err, tc.want)
			if err == nil && len(removed) != len(tc.stored) {
				t.Errorf("removed %v, want %v", removed, tc.stored)
			}
			left, err := k.List("work")
			if err != nil || (len(left) == len(tc.stored)) == (tc.want == "") {
				t.Errorf("left %v: %v", left, err)
			}
		})
	}
}
