package injection

import (
	"runtime"
	"strings"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

// Values returns the stored keys, or only those named, with their aliases: what ragenv run adds to the
// inherited environment. An alias that base already sets is omitted. Without withAliases every alias is
// omitted, unless only names it.
func Values(s *session.Session, base, only []string, withAliases bool) ([]render.Value, error) {
	aliases := s.Aliases()
	items, _, err := readItems(s, sources(only, aliases))
	if err != nil {
		return nil, err
	}
	items = handedOver(s, items)
	in := childenv.Input{Stored: storedValues(items, base, only, aliases), FoldCase: runtime.GOOS == "windows"}
	var absent []string
	for _, name := range only {
		if _, ok := in.Stored[name]; !ok && inherited(base, name) == "" {
			absent = append(absent, name)
		}
	}
	switch {
	case len(absent) > 0:
		return nil, s.Absent(strings.Join(absent, ", ")+": not stored", only, absent, "export --only NAME")
	case len(in.Stored) == 0 && only == nil:
		return nil, s.WithoutKeys("ragenv setup", "no key is stored%s", s.InProfile())
	}
	if withAliases {
		in.Aliases = aliases
	}
	result, err := childenv.Build(in)
	if err != nil {
		return nil, ui.Errorf("write others only: ragenv export --only A,B", "%w", err)
	}
	var values []render.Value
	for _, entry := range result.Env {
		name, value, _ := strings.Cut(entry, "=")
		if _, stored := in.Stored[name]; stored || inherited(base, name) == "" {
			values = append(values, render.Value{Name: name, Value: value})
		}
	}
	s.WarnOfExpiry(items)
	return values, nil
}
