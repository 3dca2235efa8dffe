package keychain

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// failing is a backend that fails from its nth call on, like a machine that is switched off.
type failing struct {
	Backend
	left *int
}

var errSwitchedOff = errors.New("switched off")

func (f failing) spend() error {
	*f.left--
	if *f.left < 0 {
		return errSwitchedOff
	}
	return nil
}

func (f failing) Get(ref Ref) ([]byte, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	return f.Backend.Get(ref)
}

func (f failing) Set(ref Ref, data []byte) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Backend.Set(ref, data)
}

func (f failing) Remove(ref Ref) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Backend.Remove(ref)
}

func TestMigrationInterruptedAnywhereLosesNothing(t *testing.T) {
	finished := false
	for stop := 0; !finished; stop++ {
		if stop > 100 {
			t.Fatal("the migration never finishes")
		}
		fromOptions, toOptions := fileOptions(t), fileOptions(t)
		createFileStore(t, fromOptions, "")
		createFileStore(t, toOptions, "")
		from, to := mustOpen(t, fromOptions), mustOpen(t, toOptions)
		items := []Item{
			{Ref: envRef("NGC_API_KEY"), Expires: time.Unix(1_900_000_000, 0).UTC()},
			{Ref: Ref{Profile: "work", Kind: KindEnv, Name: "NGC_API_KEY"}},
			{Ref: registryRef("ghcr.io"), Username: "someone"},
		}
		for i := range items {
			items[i].Secret = newKey(t)
			if err := from.Set(items[i]); err != nil {
				t.Fatal(err)
			}
		}
		migrate := func(from, to *Keychain) error {
			verified, err := CopyAll(from, to, nil)
			if err != nil {
				return err
			}
			return RemoveAll(from, verified)
		}
		left := stop
		err := migrate(&Keychain{name: "from", backend: failing{from.backend, &left}}, &Keychain{name: "to", backend: failing{to.backend, &left}})
		finished = err == nil
		if err != nil && !errors.Is(err, errSwitchedOff) {
			t.Fatalf("stopped after %d calls: %v", stop, err)
		}
		for _, item := range items {
			a, errA := from.Get(item.Ref)
			b, errB := to.Get(item.Ref)
			if (errA != nil || !a.sameAs(item)) && (errB != nil || !b.sameAs(item)) {
				t.Fatalf("stopped after %d calls: %v is in neither place", stop, item.Ref)
			}
		}
		if err := migrate(from, to); err != nil {
			t.Fatalf("stopped after %d calls, then again: %v", stop, err)
		}
		for _, item := range items {
			if got, err := to.Get(item.Ref); err != nil || !got.sameAs(item) {
				t.Fatalf("stopped after %d calls, then again: %v: %v", stop, item.Ref, err)
			}
		}
		if refs, err := from.List(""); err != nil || len(refs) != 0 {
			t.Fatalf("stopped after %d calls, then again: the old place still has %v (%v)", stop, refs, err)
		}
	}
}

func TestMigrationKeepsWhatIsNewer(t *testing.T) {
	fromOptions, toOptions := fileOptions(t), fileOptions(t)
	createFileStore(t, fromOptions, "")
	createFileStore(t, toOptions, "")
	from, to := mustOpen(t, fromOptions), mustOpen(t, toOptions)
	older := Item{Ref: envRef("X"), Secret: newKey(t), Updated: time.Unix(1_700_000_000, 0).UTC()}
	newer := Item{Ref: envRef("X"), Secret: newKey(t), Updated: time.Unix(1_800_000_000, 0).UTC()}
	for k, item := range map[*Keychain]Item{from: older, to: newer} {
		if err := k.Set(item); err != nil {
			t.Fatal(err)
		}
	}
	var reported []string
	verified, err := CopyAll(from, to, func(ref Ref, m Moved) { reported = append(reported, fmt.Sprint(ref.Name, m)) })
	if err != nil || len(verified) != 1 || verified[0].Kind != KindFingerprint || len(reported) != 1 || reported[0] != fmt.Sprint("X", Newer) {
		t.Fatalf("CopyAll: %d verified, reported %v, %v", len(verified), reported, err)
	}
	if err := RemoveAll(from, verified); err != nil {
		t.Fatal(err)
	}
	for k, item := range map[*Keychain]Item{from: older, to: newer} {
		if got, err := k.Get(item.Ref); err != nil || got.Secret != item.Secret {
			t.Errorf("a value was lost: %v", err)
		}
	}
}

// TestCatchUp changes items between copying them and switching to the copies.
func TestCatchUp(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(1_700_000_000+n, 0).UTC() }
	item := func(name, value string, n int64) Item {
		return Item{Ref: envRef(name), Secret: NewSecret(value), Updated: at(n)}
	}
	from, to := Over("old", &memory{}), Over("new", &memory{})
	for _, name := range []string{"STAYS", "REMOVED", "REPLACED", "RESTORED", "REMOVED_IN_BOTH", "REMOVED_AND_STORED"} {
		mustSet(t, from, item(name, "first", 10))
	}
	mustSet(t, to, item("OTHER", "of the new one", 0))
	copied, err := CopyAll(from, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	remove := func(k *Keychain, name string) {
		t.Helper()
		if err := k.Remove(envRef(name)); err != nil {
			t.Fatal(err)
		}
	}
	remove(from, "REMOVED")
	remove(from, "REMOVED_IN_BOTH")
	remove(to, "REMOVED_IN_BOTH")
	remove(from, "REMOVED_AND_STORED")
	mustSet(t, to, item("REMOVED_AND_STORED", "second", 20)) // by a command that names the new backend
	mustSet(t, from, item("REPLACED", "second", 20))
	mustSet(t, from, item("RESTORED", "second", 0)) // a backup's date
	mustSet(t, from, item("LATE", "second", 20))
	verified, err := CatchUp(from, to, copied)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"STAYS": "first", "REPLACED": "second", "RESTORED": "second", "LATE": "second", "REMOVED_AND_STORED": "second", "OTHER": "of the new one",
	}
	refs, err := to.List("")
	if err != nil || len(refs) != len(want) {
		t.Errorf("%d items, want %d: %v, %v", len(refs), len(want), refs, err)
	}
	for name, value := range want {
		if got, err := to.Get(envRef(name)); err != nil || got.Secret.Reveal() != value {
			t.Errorf("%s: %v, or another value", name, err)
		}
	}
	if err := RemoveAll(from, verified); err != nil {
		t.Fatal(err)
	}
	if refs, err := from.ListAll(""); err != nil || len(refs) != 0 {
		t.Errorf("the old one still has %v, %v", refs, err)
	}
}
