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
