package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/fingerprint"
	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type listOptions struct {
	json, all bool
	compareBy string // path of the fingerprint key; empty for no fingerprints
	expiring  string // only items that expire by then, in the syntax of --expires
}

func newListCommand(p *program) *cli.Command {
	var o listOptions
	return &cli.Command{
		Name:  "list",
		Usage: "list stored keys and logins, never their values",
		Description: `Never asks for a passphrase. If the keychain is locked, it shows only the names and when they were last written.

--json prints an array of objects, sorted by name, with the members name, profile, kind ("env" or "registry"), server
and username (of a registry), updated and expires (RFC 3339, UTC), backend, and source ("command" if a command gives the
key: see ragenv source). Members that do not apply or are not known are omitted. More members may be added; none will
change.

--fingerprint-key adds the member fingerprint, 16 hexadecimal digits. Two machines that use the same random key, of 16
or more bytes, get the same fingerprint if they have the same value under the same name. Without the random key,
fingerprints reveal nothing; use a new one for each comparison.

  head -c 32 /dev/urandom | base64 > compare.key
  ragenv list --json --fingerprint-key - < compare.key
  ssh HOST ragenv list --json --fingerprint-key - < compare.key

--expiring shows only keys that expire by then or have expired. The exit code is 3 if there are any, 0 if there are
none, and 1 if a key cannot be read, as in a locked keychain.

  # Show the keys of every profile
  ragenv list --all

  # For cron and monitoring: fail if a key expires within two weeks
  ragenv list --expiring 14d`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &o.all, Usage: "list every profile"},
			&cli.StringFlag{Name: "fingerprint-key", Destination: &o.compareBy, Usage: "with --json, add fingerprints made with the random key in `FILE` (- for standard input)"},
			&cli.StringFlag{Name: "expiring", Destination: &o.expiring, Usage: "list only keys that expire by `WHEN` (2027-01-31, 14d, 12w); exit with 3 if there are any"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runList(s, o)
		},
	}
}

// listEntry is one element of list --json. Its members are a public interface: only add to them.
type listEntry struct {
	Name     string     `json:"name"`
	Profile  string     `json:"profile"`
	Kind     string     `json:"kind"`
	Server   string     `json:"server,omitempty"`
	Username string     `json:"username,omitempty"`
	Updated  *time.Time `json:"updated,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Backend  string     `json:"backend,omitempty"`
	Source   string     `json:"source,omitempty"`

	Fingerprint string `json:"fingerprint,omitempty"`
}

func runList(s *session.Session, o listOptions) error {
	if o.expiring != "" {
		return runListExpiring(s, o)
	}
	key, err := fingerprintKey(s, o)
	if err != nil {
		return err
	}
	entries, err := session.Settled(s, func() ([]listEntry, error) { return entries(s, o.all, key != nil, key) })
	if err != nil {
		return err
	}
	if o.json {
		return ui.WriteJSON(s.Stdout, entries)
	}
	if len(entries) == 0 {
		if caller, ok := sudo.KeysElsewhere(s.Getenv, s.Config.Paths); ok {
			s.Print.Note("nothing is stored%s; %s", s.InProfile(), caller.Sentence(s.Config.Paths))
			s.Hint(session.SudoHint(caller))
			return nil
		}
		s.Print.Note("nothing is stored%s", s.InProfile())
		s.Hint("ragenv setup" + s.ForProfile())
		return nil
	}
	return writeList(s, entries, o.all)
}

// entries returns what is stored, never nil. Locked items have no details, and a note says so; with
// detailed, an unreadable item is an error. With a key, each entry has a fingerprint.
func entries(s *session.Session, all, detailed bool, key *fingerprint.Key) ([]listEntry, error) {
	entries := []listEntry{}
	k, err := s.QuietOpener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return entries, nil
	}
	if err != nil {
		return nil, err
	}
	profile := s.Config.Profile
	if all {
		profile = ""
	}
	refs, err := k.List(profile)
	if err != nil {
		return nil, err
	}
	s.ForgetOld(k, refs)
	refs = slices.DeleteFunc(refs, func(ref keychain.Ref) bool { return ref.Kind != keychain.KindEnv && ref.Kind != keychain.KindRegistry })
	items, errs := k.GetEach(slices.DeleteFunc(slices.Clone(refs), k.Sourced))
	locked := false
	for _, ref := range refs {
		entry := listEntry{Name: ref.Name, Profile: ref.Profile, Kind: string(ref.Kind), Backend: k.Backend()}
		if ref.Kind == keychain.KindRegistry {
			entry.Server = ref.Name
		}
		if k.Sourced(ref) { // running the command is the only way to learn more
			entry.Backend, entry.Source = "", sourceCommand
			if key != nil {
				item, err := k.Get(ref)
				if err != nil {
					return nil, err
				}
				entry.Fingerprint = key.Of(ref.Name, item.Secret.Reveal())
			}
			entries = append(entries, entry)
			s.WarnOfBoth(k, ref)
			continue
		}
		item, err := items[0], s.ExplainPassphrase(errs[0])
		items, errs = items[1:], errs[1:]
		switch {
		case err == nil:
			entry.Username, entry.Updated, entry.Expires = item.Username, known(item.Updated), known(item.Expires)
			if key != nil {
				entry.Fingerprint = key.Of(ref.Name, item.Secret.Reveal())
			}
		case errors.Is(err, keychain.ErrNotFound): // removed in the meantime
			continue
		case detailed:
			return nil, err
		case errors.Is(err, keychain.ErrLocked):
			locked = true
			written, err := k.Modified(ref)
			if err != nil && !errors.Is(err, keychain.ErrNotFound) {
				return nil, err
			}
			entry.Updated = known(written.UTC().Truncate(time.Second))
		case errors.Is(err, keychain.ErrDamaged):
			s.Print.Warn("%v", err)
		default:
			return nil, err
		}
		entries = append(entries, entry)
	}
	if locked {
		s.Print.Note("the keychain is locked, so the keys' details are not shown")
		s.Hint(passphrase.UnlockHint())
	}
	return entries, nil
}

// fingerprintKey reads the file of --fingerprint-key. It returns nil without the flag.
func fingerprintKey(s *session.Session, o listOptions) (*fingerprint.Key, error) {
	if o.compareBy == "" {
		return nil, nil
	}
	if !o.json {
		return nil, ui.Usagef("ragenv list --json --fingerprint-key FILE", "--fingerprint-key needs --json")
	}
	var data []byte
	var err error
	if o.compareBy == readfile.Standard {
		data, err = io.ReadAll(io.LimitReader(s.Stdin, keyinput.Max))
	} else {
		data, err = readfile.Read(o.compareBy, 0, keyinput.Max)
	}
	if err != nil {
		return nil, err
	}
	key, err := fingerprint.NewKey([]byte(keyinput.Value(data)))
	if err != nil {
		return nil, ui.Errorf("head -c 32 /dev/urandom | base64 > compare.key", "--fingerprint-key: %w", err)
	}
	return key, nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func writeList(s *session.Session, entries []listEntry, all bool) error {
	now, style := s.Now(), ui.StyleFor(s.Stdout, s.Getenv)
	rows := [][]string{{"NAME", "KIND", "UPDATED", "EXPIRES"}}
	for _, entry := range entries {
		rows = append(rows, []string{ui.Printable(entry.Name), ui.Printable(describeKind(entry)), describeDay(entry.Updated, now), describeExpiry(entry.Expires, now, ui.Style{})})
	}
	if all {
		rows[0] = slices.Insert(rows[0], 0, "PROFILE")
		for i, entry := range entries {
			rows[i+1] = slices.Insert(rows[i+1], 0, entry.Profile)
		}
	}
	style.Fit(rows)
	w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	for i, row := range rows {
		if last := len(row) - 1; i > 0 && row[last] == describeExpiry(entries[i-1].Expires, now, ui.Style{}) {
			row[last] = describeExpiry(entries[i-1].Expires, now, style)
		}
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

func describeKind(entry listEntry) string {
	if entry.Source != "" {
		return entry.Kind + " (from a command)"
	}
	if entry.Username != "" {
		return entry.Kind + " (" + entry.Username + ")"
	}
	return entry.Kind
}

func describeDay(t *time.Time, now time.Time) string {
	if t == nil {
		return "-"
	}
	return t.In(now.Location()).Format(time.DateOnly)
}

func describeExpiry(t *time.Time, now time.Time, style ui.Style) string {
	if t == nil {
		return "-"
	}
	day := describeDay(t, now)
	switch {
	case !t.After(now):
		return style.Bad(day + " (expired)")
	case expiry.Near(*t, now):
		return style.Caution(day + " (" + expiry.Phrase(*t, now) + ")")
	}
	return day
}

// sourceCommand is the value of "source" for an item that comes from a command.
const sourceCommand = "command"

// codeExpiring is the exit code of ragenv list --expiring when a key expires by the given time.
const codeExpiring = 3

func runListExpiring(s *session.Session, o listOptions) error {
	now := s.Now()
	limit, err := expiry.Parse(o.expiring, now)
	if err != nil {
		return ui.Usagef("ragenv list --expiring 14d", "--expiring: %w", err)
	}
	// A key with an unknown expiry may be the one that expires, so success would be a false all-clear.
	key, err := fingerprintKey(s, o)
	if err != nil {
		return err
	}
	entries, err := session.Settled(s, func() ([]listEntry, error) { return entries(s, o.all, true, key) })
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e listEntry) bool { return e.Expires == nil || e.Expires.After(limit) })
	if o.json {
		err = ui.WriteJSON(s.Stdout, entries)
	} else if len(entries) > 0 {
		err = writeList(s, entries, o.all)
	}
	if err != nil || len(entries) == 0 {
		return err
	}
	first := slices.MinFunc(entries, func(a, b listEntry) int { return a.Expires.Compare(*b.Expires) })
	hint := "ragenv rotate " + shellquote.Word(first.Name)
	if first.Kind == string(keychain.KindRegistry) {
		hint = "docker login " + shellquote.Word(first.Name)
	} else if o.all {
		hint += " --" + session.FlagProfile + " " + first.Profile
	} else {
		hint += s.ForProfile()
	}
	explained := ui.Errorf(hint, "%s %s", ui.Printable(first.Name), expiry.Phrase(*first.Expires, now))
	if more := len(entries) - 1; more > 0 {
		explained = ui.Errorf(hint, "%w, and %d more", explained.Err, more)
	}
	return ui.WithCode(explained, codeExpiring)
}
