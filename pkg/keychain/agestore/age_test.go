package agestore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"
)

// age encrypts data in chunks of 64 KiB, each with a 16-byte tag.
const (
	chunkSize   = 64 << 10
	sealedChunk = chunkSize + 16
)

// sealedItem stores an item and returns its file.
func sealedItem(t *testing.T, s *Store, opts Options, key string, data []byte) (path string, file []byte) {
	t.Helper()
	set(t, s, key, data)
	name, err := fileName(key)
	if err != nil {
		t.Fatal(err)
	}
	path = opts.path(itemsName, name)
	file, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, file
}

// TestStockAgeReadsEverySize checks that the age library alone, with the key in the identity file, reads
// items with sizes around chunk boundaries.
func TestStockAgeReadsEverySize(t *testing.T) {
	s, opts := create(t, "")
	text, err := os.ReadFile(opts.path(identityName))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 68, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, 1 << 20} {
		data := make([]byte, size)
		_, _ = rand.Read(data)
		_, file := sealedItem(t, s, opts, "k", data)
		r, err := age.Decrypt(bytes.NewReader(file), ids...)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: age read something else (%v)", size, err)
		}
		if got, err := s.Get("k"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: the store read something else (%v)", size, err)
		}
	}
}

// TestEveryChange checks that any changed bit and any added or removed byte of an item's file is detected.
func TestEveryChange(t *testing.T) {
	s, opts := create(t, "")
	_, file := sealedItem(t, s, opts, "k", []byte("what was stored"))
	id, err := s.identity()
	if err != nil {
		t.Fatal(err)
	}
	refused := func(changed []byte) {
		t.Helper()
		if got, err := decrypt(changed, id); err == nil || got != nil {
			t.Errorf("a changed file: %d bytes, %v", len(got), err)
		}
	}
	for i := range file {
		for bit := range 8 {
			changed := bytes.Clone(file)
			changed[i] ^= 1 << bit
			refused(changed)
		}
		refused(file[:i])
		refused(append(bytes.Clone(file[:i]), file[i+1:]...))
		refused(append(append(bytes.Clone(file[:i]), 'A'), file[i:]...))
	}
	refused(append(bytes.Clone(file), 0))
	if got, err := decrypt(file, id); err != nil || string(got) != "what was stored" {
		t.Errorf("the file as it was written: %d bytes, %v", len(got), err)
	}
}

// TestChunks checks that dropped, repeated and swapped chunks are detected, as is a wrong last chunk.
func TestChunks(t *testing.T) {
	s, opts := create(t, "")
	path, file := sealedItem(t, s, opts, "k", make([]byte, 3*chunkSize))
	start := len(file) - 3*sealedChunk
	for _, order := range [][]int{{}, {0}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 1, 2}, {1, 0, 2}, {0, 1, 2, 2}, {2}} {
		changed := bytes.Clone(file[:start])
		for _, i := range order {
			changed = append(changed, file[start+i*sealedChunk:start+(i+1)*sealedChunk]...)
		}
		write(t, path, changed)
		if _, err := s.Get("k"); !errors.Is(err, ErrDamaged) {
			t.Errorf("chunks %v: %v, want ErrDamaged", order, err)
		}
	}
}

// TestWorkFactorIsBounded checks that an identity file with more than MaxWorkFactor is rejected before any
// derivation.
func TestWorkFactorIsBounded(t *testing.T) {
	const passphrase = "horse battery"
	s, opts := create(t, passphrase)
	set(t, s, "k", []byte("v"))
	path := opts.path(identityName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, factor := range []string{"21", "22", "30", "63", "99999999999999999999"} {
		changed := bytes.Replace(file, fmt.Appendf(nil, " %d\n", fastScrypt), []byte(" "+factor+"\n"), 1)
		if bytes.Equal(changed, file) {
			t.Fatal("the identity has another work factor")
		}
		write(t, path, changed)
		if err := reopen(t, opts).Unlock([]byte(passphrase)); !errors.Is(err, ErrDamaged) || !errors.Is(err, errChanged) {
			t.Errorf("work factor %s: %v, want ErrDamaged before the passphrase is tried", factor, err)
		}
	}
}

// TestErrorsDoNotQuoteFiles checks that errors do not repeat a key pasted into a file of the store.
func TestErrorsDoNotQuoteFiles(t *testing.T) {
	s, opts := create(t, "")
	path, file := sealedItem(t, s, opts, "k", []byte("v"))
	const pasted = "a-key-in-plain-text"
	for _, text := range []string{pasted + "\n", ageMagic + pasted + "\n", ageMagic + "-> " + pasted + "\n" + pasted + "\n",
		ageMagic + "-> X25519 " + pasted + "\n\n--- \n", string(bytes.Replace(file, []byte("-> X25519 "), []byte("-> X25519 "+pasted+" "), 1))} {
		write(t, path, []byte(text))
		_, err := s.Get("k")
		if !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), pasted) {
			t.Errorf("%v", err)
		}
	}
}

// TestTheWorkFactorStays checks that the work factor chosen at creation applies to every later passphrase,
// even after a time without one.
func TestTheWorkFactorStays(t *testing.T) {
	factorOf := func(opts Options) string {
		data, err := os.ReadFile(opts.path(identityName))
		if err != nil {
			t.Fatal(err)
		}
		stanza, _, _ := strings.Cut(strings.TrimPrefix(string(data), ageMagic), "\n")
		return stanza[strings.LastIndexByte(stanza, ' ')+1:]
	}
	s, opts := create(t, "first words")
	for _, change := range [][2]string{{"first words", "second words"}, {"second words", ""}, {"", "third words"}} {
		if err := s.ChangePassphrase([]byte(change[0]), []byte(change[1])); err != nil {
			t.Fatal(err)
		}
		if got := factorOf(opts); change[1] != "" && got != strconv.Itoa(fastScrypt) {
			t.Errorf("work factor %q, want %d", got, fastScrypt)
		}
	}
	if got, err := reopen(t, opts).WorkFactor(); err != nil || got != fastScrypt {
		t.Errorf("WorkFactor: %d, %v", got, err)
	}
	for _, refused := range []int{-1, MaxWorkFactor + 1} {
		if _, err := Create(Options{Dir: t.TempDir()}, Protection{WorkFactor: refused}); !errors.Is(err, ErrWorkFactor) {
			t.Errorf("%d: %v, want ErrWorkFactor", refused, err)
		}
	}
}

// With a passphrase, the store's content is encrypted, and the identity needs scrypt with work factor 18:
// 256 MiB per guess. Item names are not encrypted.
func TestAtRest(t *testing.T) {
	opts := Options{Dir: filepath.Join(t.TempDir(), "store")}
	s, err := Create(opts, Protection{Passphrase: []byte("secret words")})
	if err != nil {
		t.Fatal(err)
	}
	value := newKey(t)
	set(t, s, "default/env/NGC_API_KEY", value)
	if _, err := os.Stat(filepath.Join(opts.Dir, itemsName, "default+env+NGC_API_KEY.age")); err != nil {
		t.Error(err)
	}
	files := 0
	err = filepath.WalkDir(opts.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for what, text := range map[string][]byte{"value": value[:16], "identity": []byte("AGE-SECRET-KEY"), "passphrase": []byte("secret words")} {
			if bytes.Contains(bytes.ToUpper(data), bytes.ToUpper(text)) {
				t.Errorf("%s holds the %s in plain text", entry.Name(), what)
			}
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files, %v", files, err)
	}
	identity, err := os.ReadFile(filepath.Join(opts.Dir, identityName))
	if header, _, _ := strings.Cut(strings.TrimPrefix(string(identity), ageMagic), "\n"); err != nil || !strings.HasPrefix(header, "-> scrypt ") || !strings.HasSuffix(header, " 18") {
		t.Errorf("the identity's header is %q (%v), want scrypt's with 18", header, err)
	}
}
