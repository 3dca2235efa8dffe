package main

import (
	"slices"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// codeExpiring is the exit code of ragenv list --expiring when a key expires by the given time.
const codeExpiring = 3

func runListExpiring(s *session, o listOptions) error {
	now := s.now()
	limit, err := expiry.Parse(o.expiring, now)
	if err != nil {
		return ui.Usagef("ragenv list --expiring 14d", "--expiring: %w", err)
	}
	// A key whose expiry is not known may be the one that expires: success would be a false all-clear.
	key, err := s.fingerprintKey(o)
	if err != nil {
		return err
	}
	entries, err := settled(s, func() ([]listEntry, error) { return s.entries(o.all, true, key) })
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e listEntry) bool { return e.Expires == nil || e.Expires.After(limit) })
	if o.json {
		err = ui.WriteJSON(s.stdout, entries)
	} else if len(entries) > 0 {
		err = s.writeList(entries, o.all)
	}
	if err != nil || len(entries) == 0 {
		return err
	}
	first := slices.MinFunc(entries, func(a, b listEntry) int { return a.Expires.Compare(*b.Expires) })
	hint := "ragenv rotate " + shellquote.Word(first.Name)
	if first.Kind == string(keychain.KindRegistry) {
		hint = "docker login " + shellquote.Word(first.Name)
	} else if o.all {
		hint += " --" + flagProfile + " " + first.Profile
	} else {
		hint += s.forProfile()
	}
	explained := ui.Errorf(hint, "%s %s", ui.Printable(first.Name), expiry.Phrase(*first.Expires, now))
	if more := len(entries) - 1; more > 0 {
		explained = ui.Errorf(hint, "%w, and %d more", explained.Err, more)
	}
	return ui.WithCode(explained, codeExpiring)
}
