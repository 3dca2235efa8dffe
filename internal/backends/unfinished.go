package backends

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/trustedfile"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// unfinished is the record of a migration that has not ended. It contains names, which are not secret. It only
// serves to warn, and no item is removed because of it: an item that is missing in the backend in use may have been
// removed there because the user works with its copy in the other one.
type unfinished struct {
	Backends [2]string `json:"backends"` // from and to
	Items    []string  `json:"items"`    // keys (keychain.Ref.Key) of the items that both backends may have
}

func unfinishedFile(s *session.Session) string {
	return filepath.Join(s.Config.Paths.State, "migration.json")
}

// begin records a migration, whose lock the caller holds. If one between the same backends was interrupted, it warns
// of the items that were removed from the backend in use since: the other one still has them, so they come back. A
// record that cannot be read is replaced. Errors: those of keychain.Keychain.List and atomicfile.Write.
func begin(s *session.Session, from, to *keychain.Keychain) error {
	inFrom, err := from.List("")
	if err != nil {
		return err
	}
	inTo, err := to.List("")
	if err != nil {
		return err
	}
	next := unfinished{Backends: [2]string{from.Backend(), to.Backend()}}
	for _, ref := range inFrom {
		next.Items = append(next.Items, ref.Key())
	}
	used, inUsed, other, inOther := from.Backend(), inFrom, to.Backend(), inTo
	if s.Config.PinnedBackend == to.Backend() { // it was interrupted after the switch
		used, inUsed, other, inOther = other, inOther, used, inUsed
	}
	comesBack := func(ref keychain.Ref) bool { return slices.Contains(inOther, ref) && !slices.Contains(inUsed, ref) }
	for _, ref := range recorded(s, next.Backends) {
		if !comesBack(ref) {
			continue
		}
		next.Items = append(next.Items, ref.Key())
		remove := "rm"
		if ref.Kind == keychain.KindPrevious {
			if comesBack(keychain.Ref{Profile: ref.Profile, Kind: keychain.KindEnv, Name: ref.Name}) {
				continue // rm removes both
			}
			remove = "rotate --confirm"
		}
		s.Print.Warn("%s was removed from the %s backend after a migration was interrupted; it comes back from the %s backend", ref, used, other)
		s.Print.Hint("when the migration has ended: ragenv %s%s %s", remove, s.Config.ForProfile(ref.Profile), shellquote.Word(ref.Name))
	}
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	return atomicfile.Write(unfinishedFile(s), data, 0o600)
}

// recorded returns the items of an interrupted migration between these backends, in either direction, one of which
// is in use.
func recorded(s *session.Session, backends [2]string) []keychain.Ref {
	var former unfinished
	data, err := trustedfile.Read(unfinishedFile(s), atomicfile.MaxSize)
	if err != nil || json.Unmarshal(data, &former) != nil {
		return nil
	}
	if pinned := s.Config.PinnedBackend; pinned != "" && !slices.Contains(backends[:], pinned) {
		return nil
	}
	slices.Sort(former.Backends[:])
	slices.Sort(backends[:])
	if former.Backends != backends {
		return nil
	}
	var refs []keychain.Ref
	for _, key := range former.Items {
		if ref, ok := keychain.ParseKey(key); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// end removes the record. One that stays is harmless: see unfinished.
func end(s *session.Session) { _ = os.Remove(unfinishedFile(s)) }
