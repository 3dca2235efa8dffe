package keychain

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain/internal/kernelcache"
)

// memory simulates another program's keychain. It records reads, and fails on demand.
type memory struct {
	mu     sync.Mutex
	items  map[Ref][]byte
	reads  []Ref
	fail   func(operation string, ref Ref) error // nil never fails
	locked error
	asked  int

	inside   atomic.Int32
	together bool // two reads at a time
}

func (m *memory) failure(operation string, ref Ref) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(operation, ref)
}

func (m *memory) Get(ref Ref) ([]byte, error) {
	m.together = m.inside.Add(1) > 1 || m.together
	runtime.Gosched() // let others run
	m.inside.Add(-1)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, ref)
	if err := m.failure("get", ref); err != nil {
		return nil, err
	}
	if data, ok := m.items[ref]; ok {
		return data, nil
	}
	return nil, ErrNotFound
}

func (m *memory) Has(ref Ref) (bool, error) {
	_, ok := m.items[ref]
	return ok, m.failure("has", ref)
}

func (m *memory) Set(ref Ref, data []byte) error {
	if err := m.failure("set", ref); err != nil {
		return err
	}
	if m.items == nil {
		m.items = map[Ref][]byte{}
	}
	m.items[ref] = data
	return nil
}

func (m *memory) Remove(ref Ref) error {
	if err := m.failure("remove", ref); err != nil {
		return err
	}
	if _, ok := m.items[ref]; !ok {
		return ErrNotFound
	}
	delete(m.items, ref)
	return nil
}

func (m *memory) Refs() ([]Ref, error) {
	refs := slices.Collect(maps.Keys(m.items))
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(b.Key(), a.Key()) }) // in a different order
	return refs, m.failure("refs", Ref{})
}

func (m *memory) Unlocked() error { return m.locked }

func (m *memory) Unlock() error {
	m.asked++
	return m.locked
}

func (m *memory) Open(opts Options) (SystemBackend, error) {
	if err := m.failure("open", Ref{Name: opts.Backend}); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *memory) Probe(opts Options) error { return m.failure("probe", Ref{Name: opts.Backend}) }

// register makes m the system backends until the test ends.
func register(t *testing.T, m *memory) {
	t.Helper()
	former := system
	t.Cleanup(func() { system = former })
	RegisterSystem(m)
}

func mustSet(t *testing.T, k *Keychain, item Item) {
	t.Helper()
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
}

func TestVolatile(t *testing.T) {
	for opts, want := range map[[2]string]bool{
		{BackendKeyctl, ""}: true, {BackendSecretService, "session"}: true, {BackendSecretService, "login"}: false, {BackendSecretService, ""}: false,
		{BackendFile, "session"}: false, {BackendFile, ""}: false, {BackendPass, ""}: false,
	} {
		if got := Volatile(Options{Backend: opts[0], Collection: opts[1]}); got != want {
			t.Errorf("%v: %t", opts, got)
		}
	}
}

// Checks known, usable and unknown backends.
func TestOpenAndProbe(t *testing.T) {
	former := system
	t.Cleanup(func() { system = former })
	RegisterSystem(nil)
	goosBefore := goos
	t.Cleanup(func() { goos = goosBefore })
	goos = "linux"
	check := func(when string, opts Options, want error) {
		t.Helper()
		if _, err := Open(opts); !errors.Is(err, want) {
			t.Errorf("%s: Open(%s): %v, want %v", when, opts.Backend, err, want)
		}
		if err := Probe(opts); !errors.Is(err, want) {
			t.Errorf("%s: Probe(%s): %v, want %v", when, opts.Backend, err, want)
		}
	}
	if HasSystem() {
		t.Error("backends that nobody registered")
	}
	check("without any", Options{Backend: BackendPass}, ErrUnavailable)
	m := &memory{}
	register(t, m)
	if !HasSystem() {
		t.Error("no backends")
	}
	for _, name := range []string{BackendSecretService, BackendKWallet, BackendPass, BackendKeyctl} {
		check("linux", Options{Backend: name}, nil)
	}
	for _, name := range []string{BackendKeychain, BackendWinCred} {
		check("linux", Options{Backend: name}, ErrUnavailable)
	}
	check("linux", Options{Backend: "other"}, ErrUnknownBackend)
	check("linux", Options{}, ErrUnknownBackend)
	if _, err := Open(Options{Backend: BackendKeychain}); err == nil || !strings.Contains(err.Error(), "it does not exist on linux") {
		t.Errorf("%v", err)
	}
	m.fail = func(string, Ref) error { return ErrTimeout }
	check("no answer", Options{Backend: BackendPass}, ErrTimeout)

	refused := errors.New("refused")
	m.fail = nil
	k, err := Open(Options{Backend: BackendPass, Accept: func(item Item) error {
		if item.Name == "NO" {
			return refused
		}
		return nil
	}})
	if err != nil || k.Backend() != BackendPass {
		t.Fatalf("%v", err)
	}
	mustSet(t, k, Item{Ref: envRef("YES"), Secret: newKey(t)})
	var not *RefusedError
	if err := k.Set(Item{Ref: envRef("NO"), Secret: newKey(t)}); !errors.Is(err, refused) || !errors.As(err, &not) || not.Ref.Name != "NO" {
		t.Errorf("%v", err)
	}

	opts := fileOptions(t)
	if err := Probe(opts); err != nil {
		t.Errorf("a store that can be created: %v", err)
	}
	createFileStore(t, opts, "")
	if err := Probe(opts); err != nil {
		t.Errorf("a store: %v", err)
	}
	opts.Dir = t.TempDir() + "/not-a-store"
	createFileStore(t, opts, "")
	breakStore(t, opts)
	if err := Probe(opts); !errors.Is(err, ErrDamaged) {
		t.Errorf("a broken store: %v", err)
	}
}

// Checks what a ragenv passphrase protects, and what another program unlocks.
func TestUnlockOfAnotherProgram(t *testing.T) {
	m := &memory{locked: ErrLocked}
	k := Over("other", m)
	if k.Unlocked() {
		t.Error("unlocked")
	}
	if err := k.UnlockSystem(); !errors.Is(err, ErrLocked) || m.asked != 1 {
		t.Errorf("asked %d times, %v", m.asked, err)
	}
	m.locked = nil
	if !k.Unlocked() {
		t.Error("locked")
	}
	if protected, err := k.Protected(); protected || err != nil {
		t.Errorf("%t, %v", protected, err)
	}
	_, factorErr := k.WorkFactor()
	for name, err := range map[string]error{"Unlock": k.Unlock(nil), "Lock": k.Lock(), "ChangePassphrase": k.ChangePassphrase(nil, nil), "WorkFactor": factorErr} {
		if !errors.Is(err, ErrNotProtected) {
			t.Errorf("%s: %v, want ErrNotProtected", name, err)
		}
	}
	opts := fileOptions(t)
	createFileStore(t, opts, "secret words")
	file := mustOpen(t, opts)
	if factor, err := file.WorkFactor(); err != nil || factor != fastScrypt {
		t.Errorf("%d, %v", factor, err)
	}
	if err := file.UnlockSystem(); err != nil || m.asked != 1 {
		t.Errorf("asked %d times, %v", m.asked, err)
	}
}

// A plausible time is kept. A later one would win over all following ones.
func TestUpdated(t *testing.T) {
	k := Over("other", &memory{})
	now := time.Now().UTC().Truncate(time.Second)
	for name, c := range map[string]struct{ updated, want time.Time }{
		"none": {time.Time{}, now}, "long ago": {time.Unix(1, 0).UTC(), time.Unix(1, 0).UTC()}, "an hour ahead": {now.Add(time.Hour), now.Add(time.Hour)}, "two days ahead": {now.Add(48 * time.Hour), now},
	} {
		mustSet(t, k, Item{Ref: envRef("A"), Secret: newKey(t), Updated: c.updated})
		item, err := k.Get(envRef("A"))
		if off := item.Updated.Sub(c.want); err != nil || off < 0 || off > time.Minute {
			t.Errorf("%s: %v, want %v; %v", name, item.Updated, c.want, err)
		}
	}
}

// Only the file store knows when an item was written.
func TestModified(t *testing.T) {
	opts := fileOptions(t)
	createFileStore(t, opts, "")
	file, other := mustOpen(t, opts), Over("other", &memory{})
	for _, k := range []*Keychain{file, other} {
		mustSet(t, k, Item{Ref: envRef("A"), Secret: newKey(t)})
		if _, err := k.Modified(Ref{Profile: "default", Kind: KindEnv}); !errors.Is(err, ErrInvalidName) {
			t.Errorf("%s: no name: %v", k.Backend(), err)
		}
	}
	if at, err := file.Modified(envRef("A")); err != nil || time.Since(at) > time.Hour {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := file.Modified(envRef("B")); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if at, err := other.Modified(envRef("A")); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
}

// Lists are sorted, whatever the backend's order. Another program's items are read one at a time.
func TestListAndGetAll(t *testing.T) {
	m := &memory{}
	k := Over("other", m)
	var want []Ref
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T"} {
		mustSet(t, k, Item{Ref: envRef(name), Secret: NewSecret(name)})
		want = append(want, envRef(name))
	}
	mustSet(t, k, Item{Ref: Ref{Profile: "work", Kind: KindEnv, Name: "A"}, Secret: newKey(t)})
	refs, err := k.List("default")
	if err != nil || !slices.Equal(refs, want) {
		t.Fatalf("%v, %v", refs, err)
	}
	m.reads = nil
	items, err := k.GetAll(refs)
	if err != nil || len(items) != len(want) || !slices.Equal(m.reads, want) || m.together {
		t.Errorf("%d items, read %v, together %t, %v", len(items), m.reads, m.together, err)
	}
	m.fail = func(operation string, ref Ref) error {
		if operation == "get" && ref.Name == "C" {
			return ErrNotFound // removed in the meantime
		}
		return nil
	}
	if items, err = k.GetAll(refs); err != nil || len(items) != len(want)-1 || items[2].Name != "D" {
		t.Errorf("%d items, %v", len(items), err)
	}
	m.fail = func(operation string, ref Ref) error {
		if ref.Name == "C" {
			return ErrLocked
		}
		return nil
	}
	if items, err = k.GetAll(refs); !errors.Is(err, ErrLocked) || items != nil {
		t.Errorf("%d items, %v", len(items), err)
	}
	m.fail = func(string, Ref) error { return ErrTimeout }
	if _, err := k.List(""); !errors.Is(err, ErrTimeout) {
		t.Errorf("%v", err)
	}
}

// A value is kept in the kernel until it is removed.
func TestKeepValue(t *testing.T) {
	if !CanStayUnlocked() {
		t.Skip("this kernel keeps no keys for this process")
	}
	id, value := "test-"+newKey(t).Reveal()[6:30], newKey(t)
	if _, kept := KeptValue(id); kept {
		t.Error("a value that nobody kept")
	}
	KeepValue(id, value, time.Minute)
	if got, kept := KeptValue(id); !kept || got != value {
		t.Errorf("kept: %t", kept)
	}
	if err := ForgetValue(id); err != nil {
		t.Error(err)
	}
	if _, kept := KeptValue(id); kept {
		t.Error("it is not forgotten")
	}
	if err := stillUnlocked(kernelcache.ErrUnavailable); !errors.Is(err, ErrStillUnlocked) {
		t.Errorf("%v", err)
	}
}
