package listing

import (
	"slices"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// codeExpiring is the exit code of ragenv list --expiring when a key expires by the given time.
const codeExpiring = 3

// runExpiring lists the items that expire by o.Expiring, and fails with codeExpiring if there are any.
func runExpiring(s *session.Session, o Options) error {
	now := s.Now()
	limit, err := expiry.Parse(o.Expiring, now)
	if err != nil {
		return ui.Usagef("ragenv list --expiring 14d", "--expiring: %w", err)
	}
	// A key with an unknown expiry may be the one that expires, so success would be a false all-clear.
	key, err := fingerprintKey(s, o)
	if err != nil {
		return err
	}
	found, err := session.Settled(s, func() ([]entry, error) { return entries(s, o.All, true, key) })
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(e entry) bool { return e.Expires == nil || e.Expires.After(limit) })
	if o.JSON {
		err = ui.WriteJSON(s.Stdout, found)
	} else if len(found) > 0 {
		err = writeTable(s, found, o.All)
	}
	if err != nil || len(found) == 0 {
		return err
	}
	first := slices.MinFunc(found, func(a, b entry) int { return a.Expires.Compare(*b.Expires) })
	hint := "ragenv rotate " + shellquote.Word(first.Name)
	if first.Kind == string(keychain.KindRegistry) {
		hint = "docker login " + shellquote.Word(first.Name)
	} else {
		hint += s.Config.ForProfile(first.Profile)
	}
	explained := ui.Errorf(hint, "%s %s", ui.Printable(first.Name), expiry.Phrase(*first.Expires, now))
	if more := len(found) - 1; more > 0 {
		explained = ui.Errorf(hint, "%w, and %d more", explained.Err, more)
	}
	return ui.WithCode(explained, codeExpiring)
}
