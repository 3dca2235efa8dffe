package opener

import (
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func TestAccept(t *testing.T) {
	for name, c := range map[string]struct {
		item keychain.Item
		want bool
	}{
		"a key":                     {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "NGC_API_KEY"}}, true},
		"another name":              {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "MY_SETTING"}}, true},
		"an assignment":             {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A=B"}}, false},
		"a loader's variable":       {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "LD_PRELOAD"}}, false},
		"a former loader variable":  {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindPrevious, Name: "LD_PRELOAD"}}, false},
		"an escape in a name":       {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A\x1b[2J"}}, false},
		"a login":                   {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "ghcr.io"}, Username: "me"}, true},
		"another spelling":          {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "https://GHCR.io"}, Username: "me"}, false},
		"no server":                 {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "nv\ncr.io"}, Username: "me"}, false},
		"an escape in a user name":  {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "ghcr.io"}, Username: "\x1b]0;x\a"}, false},
		"expired long ago":          {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A"}, Expires: time.Unix(1, 0)}, true},
		"expires in 9999":           {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A"}, Expires: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, true},
		"expired in 1969":           {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A"}, Expires: time.Unix(-1, 0)}, false},
		"expires in the year 10000": {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindEnv, Name: "A"}, Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, false},
		"stored in the year 9999":   {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "nvcr.io"}, Updated: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, false},
		"a clock was wrong":         {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindRegistry, Name: "nvcr.io"}, Updated: time.Now().Add(48 * time.Hour)}, true},
		"a fingerprint":             {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindFingerprint, Name: "NGC_API_KEY-0123456789ABCDEF"}}, true},
		"one of a loader's":         {keychain.Item{Ref: keychain.Ref{Kind: keychain.KindFingerprint, Name: "LD_PRELOAD"}}, false},
	} {
		if err := Accept(c.item); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
