package keychain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// printing is a source that records what is requested.
type printing struct {
	values map[Ref]Secret
	asked  []Ref
	fail   error
}

func (p *printing) Refs() (refs []Ref) {
	for ref := range p.values {
		refs = append(refs, ref)
	}
	return refs
}

func (p *printing) Get(ref Ref) (Item, error) {
	p.asked = append(p.asked, ref)
	return Item{Ref: ref, Secret: p.values[ref]}, p.fail
}

// breakStore damages a file store's store.json.
func breakStore(t *testing.T, opts Options) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(opts.Dir, "store.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Items of a source are read like stored ones, but cannot be written or removed.
func TestSource(t *testing.T) {
	m := &memory{}
	stored := Over("other", m)
	a, b, c := envRef("A"), envRef("B"), Ref{Profile: "work", Kind: KindEnv, Name: "C"}
	mustSet(t, stored, Item{Ref: b, Secret: NewSecret("stored")})
	source := &printing{values: map[Ref]Secret{a: NewSecret("printed"), c: NewSecret("printed too")}}
	k := stored.WithSource(source)

	for profile, want := range map[string][]Ref{"": {a, b, c}, "default": {a, b}, "work": {c}, "absent": nil} {
		if refs, err := k.List(profile); err != nil || !slices.Equal(refs, want) {
			t.Errorf("List(%q) = %v, %v", profile, refs, err)
		}
	}
	if refs, err := k.Stored().List(""); err != nil || !slices.Equal(refs, []Ref{b}) {
		t.Errorf("stored: %v, %v", refs, err)
	}
	for ref, want := range map[Ref]bool{a: true, b: false, c: true, {Profile: "work", Kind: KindEnv, Name: "A"}: false, {Profile: "default", Kind: KindRegistry, Name: "A"}: false} {
		if k.Sourced(ref) != want || stored.Sourced(ref) {
			t.Errorf("Sourced(%v) = %t", ref, k.Sourced(ref))
		}
	}
	if has, err := k.Has(a); !has || err != nil || len(source.asked) > 0 {
		t.Errorf("%t, %v, asked for %v", has, err, source.asked)
	}
	if item, err := k.Get(a); err != nil || item.Secret.Reveal() != "printed" {
		t.Errorf("%v", err)
	}
	items, err := k.GetAll([]Ref{c, b, a})
	if err != nil || len(items) != 3 || items[0].Ref != c || items[1].Ref != b || items[2].Ref != a || items[1].Secret.Reveal() != "stored" {
		t.Errorf("%d items, %v", len(items), err)
	}
	source.asked = nil
	if items, err := k.GetAll([]Ref{b}); err != nil || len(items) != 1 || len(source.asked) > 0 {
		t.Errorf("%d items, %v, asked for %v", len(items), err, source.asked)
	}

	var sourced *SourcedError
	if err := k.Set(Item{Ref: a, Secret: newKey(t)}); !errors.As(err, &sourced) || sourced.Both || sourced.Error() != "it comes from a command, and is not stored" {
		t.Errorf("Set: %v", err)
	}
	if err := k.Remove(a); !errors.As(err, &sourced) || sourced.Both {
		t.Errorf("Remove: %v", err)
	}
	if err := k.Remove(envRef("ABSENT")); !errors.Is(err, ErrNotFound) {
		t.Errorf("Remove of the absent: %v", err)
	}

	// An item that is also stored is ambiguous.
	if err := stored.write(Item{Ref: a, Secret: NewSecret("stored")}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get(a); !errors.As(err, &sourced) || !sourced.Both || errors.Is(err, ErrNotFound) {
		t.Errorf("both: %v", err)
	}
	if refs, err := k.List("default"); err != nil || !slices.Equal(refs, []Ref{a, b}) {
		t.Errorf("both: %v, %v", refs, err)
	}
	if err := k.Remove(a); err != nil {
		t.Errorf("Remove of the stored one: %v", err)
	}

	// Stored items are read before the source.
	source.asked = nil
	m.fail = func(operation string, ref Ref) error {
		if operation == "get" {
			return ErrLocked
		}
		return nil
	}
	if _, err := k.GetAll([]Ref{a, b}); !errors.Is(err, ErrLocked) || len(source.asked) > 0 {
		t.Errorf("%v, asked for %v", err, source.asked)
	}
	m.fail = func(string, Ref) error { return ErrTimeout }
	if _, err := k.Get(a); !errors.Is(err, ErrTimeout) {
		t.Errorf("whether it is stored is not known: %v", err)
	}
	m.fail, source.fail = nil, fmt.Errorf("%w", ErrSource)
	if _, err := k.GetAll([]Ref{a, b}); !errors.Is(err, ErrSource) {
		t.Errorf("%v", err)
	}
}

// With nothing stored, only the source provides items.
func TestOnlySource(t *testing.T) {
	a := envRef("A")
	k := OnlySource(&printing{values: map[Ref]Secret{a: NewSecret("printed")}})
	if item, err := k.Get(a); err != nil || item.Secret.Reveal() != "printed" || k.Backend() != SourceOnly || !k.Unlocked() {
		t.Errorf("%v, %s", err, k.Backend())
	}
	if _, err := k.Get(envRef("B")); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if has, err := k.Has(envRef("B")); has || err != nil {
		t.Errorf("%t, %v", has, err)
	}
	if err := k.Set(Item{Ref: envRef("B"), Secret: newKey(t)}); !errors.Is(err, ErrNoStore) {
		t.Errorf("%v", err)
	}
	if err := k.Remove(envRef("B")); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if refs, err := k.List(""); err != nil || !slices.Equal(refs, []Ref{a}) {
		t.Errorf("%v, %v", refs, err)
	}
	if err := k.UnlockSystem(); err != nil {
		t.Error(err)
	}
}

// A value stored before fingerprints existed is remembered when it is replaced.
func TestFormerValueIsRemembered(t *testing.T) {
	m := &memory{}
	k := Over("other", m)
	ref := envRef("A")
	former := newKey(t)
	if err := k.write(Item{Ref: ref, Secret: former, Updated: time.Unix(1_700_000_000, 0)}); err != nil {
		t.Fatal(err)
	}
	next := newKey(t)
	mustSet(t, k, Item{Ref: ref, Secret: next})
	prints, err := k.Fingerprints("default")
	if err != nil || len(prints) != 2 || !prints[0].Matches(former.Reveal()) || !prints[1].Matches(next.Reveal()) {
		t.Errorf("%d fingerprints, %v", len(prints), err)
	}
}

// Another program's keychain may have no room for fingerprints. The key is stored anyway, unless the
// keychain does not answer.
func TestNoRoomForFingerprints(t *testing.T) {
	for failure, want := range map[error]error{ErrTooLarge: nil, ErrTimeout: ErrTimeout, errSwitchedOff: nil} {
		m := &memory{fail: func(operation string, ref Ref) error {
			if operation == "set" && ref.Kind == KindFingerprint {
				return failure
			}
			return nil
		}}
		err := Over("other", m).Set(Item{Ref: envRef("A"), Secret: newKey(t)})
		if _, stored := m.items[envRef("A")]; !errors.Is(err, want) || stored != (want == nil) {
			t.Errorf("%v: %v, stored: %t", failure, err, stored)
		}
	}
	opts := fileOptions(t)
	createFileStore(t, opts, "")
	k := mustOpen(t, opts)
	k.backend = &memory{fail: func(operation string, ref Ref) error {
		if ref.Kind == KindFingerprint {
			return errSwitchedOff
		}
		return nil
	}}
	if err := k.Set(Item{Ref: envRef("A"), Secret: newKey(t)}); !errors.Is(err, errSwitchedOff) {
		t.Errorf("the file store: %v", err)
	}
}

// Fingerprints added while locked are limited, even if there are too many already, and the newest are kept.
func TestWaitingFingerprintsAreBounded(t *testing.T) {
	m := &memory{}
	k := Over("other", m)
	ref := Ref{Profile: "default", Kind: KindFingerprint, Name: "A"}
	fill := func() {
		for i := range MaxFingerprints + 3 {
			waiting := ref
			waiting.Name += fmt.Sprintf("-%016X", i)
			if err := k.writeFingerprints(waiting, []Fingerprint{newFingerprint(envRef("A"), "value", time.Now())}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	other := Ref{Profile: "default", Kind: KindFingerprint, Name: "AB-0000000000000000"}
	if err := k.writeFingerprints(other, nil); err != nil {
		t.Fatal(err)
	}
	if err := k.dropWaiting(ref); err != nil {
		t.Fatal(err)
	}
	left, err := k.ListAll("")
	if err != nil || len(left) != MaxFingerprints || left[0].Name != fmt.Sprintf("A-%016X", 4) || left[len(left)-1] != other {
		t.Errorf("%v, %v", left, err)
	}
	fill()
	for failure, want := range map[error]error{ErrNotFound: nil, errSwitchedOff: errSwitchedOff} {
		m.fail = func(operation string, _ Ref) error {
			if operation == "remove" {
				return failure
			}
			return nil
		}
		if err := k.dropWaiting(ref); !errors.Is(err, want) {
			t.Errorf("%v: %v", failure, err)
		}
	}
}

// A value stored repeatedly while locked is remembered once.
func TestRepeatsAreRememberedOnce(t *testing.T) {
	m := &memory{}
	k := Over("other", m)
	ref := Ref{Profile: "default", Kind: KindFingerprint, Name: "A"}
	former, current := newKey(t), newKey(t)
	for i, value := range []Secret{former, current, current, current} {
		waiting := ref
		waiting.Name += fmt.Sprintf("-%016X", i)
		if err := k.writeFingerprints(waiting, []Fingerprint{newFingerprint(envRef("A"), value.Reveal(), time.Unix(int64(i), 0))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.write(Item{Ref: envRef("A"), Secret: current}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{4, 2} { // merged in the first round
		prints, err := k.Fingerprints("default")
		if err != nil || len(prints) != want || !prints[0].Matches(former.Reveal()) || !prints[1].Matches(current.Reveal()) {
			t.Errorf("%d fingerprints, want %d, %v", len(prints), want, err)
		}
	}
}

// A migration reports its outcome for each item, and detects a backend that returns a different value.
func TestMigrationOutcomes(t *testing.T) {
	from, to := &memory{}, &memory{}
	source, target := Over("from", from), Over("to", to)
	ref := envRef("A")
	value := newKey(t)
	outcomes := func() (found []Moved, err error) {
		_, err = CopyAll(source, target, func(_ Ref, m Moved) { found = append(found, m) })
		return found, err
	}
	mustSet(t, source, Item{Ref: ref, Secret: value, Updated: time.Unix(1_800_000_000, 0)})
	mustSet(t, target, Item{Ref: ref, Secret: newKey(t), Updated: time.Unix(1_700_000_000, 0)})
	for _, want := range []Moved{Copied, Same} { // replaces an older one, then finds it unchanged
		if got, err := outcomes(); err != nil || !slices.Equal(got, []Moved{want}) {
			t.Errorf("%v, want %v; %v", got, want, err)
		}
		if item, err := target.Get(ref); err != nil || item.Secret != value {
			t.Errorf("another value, %v", err)
		}
	}
	to.items = map[Ref][]byte{ref: []byte("damaged")}
	if got, err := outcomes(); err != nil || !slices.Equal(got, []Moved{Copied}) {
		t.Errorf("in place of a damaged one: %v, %v", got, err)
	}
	to.items = nil
	to.fail = func(operation string, ref Ref) error {
		if operation == "set" && ref.Kind == KindEnv {
			return ErrTooLarge
		}
		return nil
	}
	if got, err := outcomes(); !errors.Is(err, ErrTooLarge) || len(got) > 0 {
		t.Errorf("no room: %v, %v", got, err)
	}
	target.backend = liar{to, encoded(t, Item{Ref: ref, Secret: newKey(t)})}
	if got, err := outcomes(); !errors.Is(err, ErrDamaged) || len(got) > 0 {
		t.Errorf("another value is read back: %v, %v", got, err)
	}
}

// liar is a backend that returns a different value than was stored.
type liar struct {
	*memory
	data []byte
}

func (l liar) Set(ref Ref, data []byte) error {
	if ref.Kind == KindEnv {
		data = l.data
	}
	l.fail = nil
	return l.memory.Set(ref, data)
}

func encoded(t *testing.T, item Item) []byte {
	t.Helper()
	data, err := encode(item)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An item that has changed in the source since it was copied is kept, as is one that cannot be read.
func TestRemoveAllKeepsWhatChanged(t *testing.T) {
	m := &memory{}
	k := Over("from", m)
	var verified []Item
	for _, name := range []string{"SAME", "CHANGED", "GONE"} {
		item := Item{Ref: envRef(name), Secret: newKey(t)}
		mustSet(t, k, item)
		verified = append(verified, item)
	}
	mustSet(t, k, Item{Ref: envRef("CHANGED"), Secret: newKey(t)})
	if err := k.Remove(envRef("GONE")); err != nil {
		t.Fatal(err)
	}
	m.fail = func(operation string, _ Ref) error {
		if operation == "get" {
			return ErrLocked
		}
		return nil
	}
	if err := RemoveAll(k, verified); !errors.Is(err, ErrLocked) {
		t.Errorf("%v", err)
	}
	m.fail = nil
	if err := RemoveAll(k, verified); err != nil {
		t.Error(err)
	}
	if refs, err := k.List(""); err != nil || !slices.Equal(refs, []Ref{envRef("CHANGED")}) {
		t.Errorf("%v, %v", refs, err)
	}
}

// Setting a store aside returns its items without fingerprints.
func TestSetFileStoreAside(t *testing.T) {
	opts := fileOptions(t)
	createFileStore(t, opts, "")
	k := mustOpen(t, opts)
	for _, ref := range []Ref{envRef("B"), envRef("A"), registryRef("ghcr.io")} {
		mustSet(t, k, Item{Ref: ref, Secret: newKey(t)})
	}
	dir, refs, err := SetFileStoreAside(opts, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	if err != nil || dir != opts.Dir+".2026-01-02" || !slices.Equal(refs, []Ref{envRef("A"), envRef("B"), registryRef("ghcr.io")}) {
		t.Errorf("%s, %v, %v", dir, refs, err)
	}
	if FileStoreExists(opts.Dir) {
		t.Error("it is still there")
	}
	if err := ReinstateFileStore(opts, dir); err != nil || !FileStoreExists(opts.Dir) {
		t.Errorf("%v", err)
	}
}

// The kernel's own reason is returned, except EDQUOT, whose text mentions a disk.
func TestCause(t *testing.T) {
	plain := errors.New("plain")
	for err, want := range map[error]error{
		fmt.Errorf("add: %w", syscall.EDQUOT): ErrKeyQuota, fmt.Errorf("add: %w", syscall.EPERM): syscall.EPERM, plain: plain,
	} {
		if got := cause(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
