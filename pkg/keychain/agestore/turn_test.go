package agestore

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// countingCache counts derivations by their Put calls, and how many run at once. It keeps the value only if
// keep is set.
type countingCache struct {
	keeps bool

	mu          sync.Mutex
	kept        []byte
	puts        int
	inside, top atomic.Int32
}

func (c *countingCache) put(secret []byte) error {
	c.top.Store(max(c.top.Load(), c.inside.Add(1)))
	time.Sleep(5 * time.Millisecond) // let others run
	c.inside.Add(-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.puts++
	if !c.keeps {
		return errors.New("nothing can be kept")
	}
	c.kept = secret
	return nil
}

func (c *countingCache) get() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		return nil, errors.New("a miss")
	}
	return c.kept, nil
}

func (c *countingCache) Get(string) ([]byte, error)                         { return c.get() }
func (c *countingCache) Put(_ string, secret []byte, _ time.Duration) error { return c.put(secret) }
func (c *countingCache) Remove(string) error                                { return nil }

// countingDerived is countingCache as a Derived.
type countingDerived struct{ *countingCache }

func (c countingDerived) Get(string, []byte, []byte) ([]byte, error) { return c.get() }
func (c countingDerived) Put(_ string, _, _, secret []byte, _ time.Duration) error {
	return c.put(secret)
}

// TestAStampedeDerivesOnce checks that, of many processes that need the passphrase at once, one derives and
// the others use its cached result. If nothing can be cached, they take turns.
func TestAStampedeDerivesOnce(t *testing.T) {
	const many = 14
	_, opts := create(t, "secret words")
	key := newKey(t)
	set(t, reopen(t, opts), "key", key)
	opts.CacheFor = time.Minute
	opts.Passphrase = func() ([]byte, error) { return []byte("secret words"), nil }
	for what, c := range map[string]struct {
		cache, derived         bool // which of the two keep values
		cacheWant, derivedWant int
	}{
		"a cache":       {true, false, 1, 0},
		"tmpfs alone":   {false, true, 1, 1},
		"nothing keeps": {false, false, many, many},
	} {
		t.Run(what, func(t *testing.T) {
			cache, derived := &countingCache{keeps: c.cache}, &countingCache{keeps: c.derived}
			opts := opts
			opts.Cache, opts.Derived = cache, countingDerived{derived}
			var all sync.WaitGroup
			for range many {
				store := reopen(t, opts)
				all.Go(func() {
					if got, err := store.Get("key"); err != nil || string(got) != string(key) {
						t.Errorf("Get: %v", err)
					}
				})
			}
			all.Wait()
			if cache.puts != c.cacheWant || derived.puts != c.derivedWant {
				t.Errorf("%d and %d derivations, want %d and %d", cache.puts, derived.puts, c.cacheWant, c.derivedWant)
			}
			if top := max(cache.top.Load(), derived.top.Load()); top != 1 {
				t.Errorf("%d at once", top)
			}
		})
	}
	t.Run("a wrong passphrase", func(t *testing.T) {
		opts := opts
		opts.Passphrase = func() ([]byte, error) { return []byte("other words"), nil }
		if _, err := reopen(t, opts).Get("key"); !errors.Is(err, ErrWrongPassphrase) {
			t.Errorf("%v, want ErrWrongPassphrase", err)
		}
	})
}
