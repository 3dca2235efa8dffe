package keychain

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// benchStore creates a file store without a passphrase with that many items, and returns their Refs.
func benchStore(b *testing.B, items int) (Options, []Ref) {
	b.Helper()
	opts := Options{Backend: BackendFile, Dir: filepath.Join(b.TempDir(), "ragenv")}
	k, err := CreateFileStore(opts, Protection{WorkFactor: 10})
	if err != nil {
		b.Fatal(err)
	}
	refs := make([]Ref, items)
	for i := range refs {
		refs[i] = Ref{Profile: "default", Kind: KindRegistry, Name: fmt.Sprintf("registry-%d.example.com", i)}
		if err := k.Set(Item{Ref: refs[i], Username: "user", Secret: NewSecret(rand.Text())}); err != nil {
			b.Fatal(err)
		}
	}
	return opts, refs
}

func openBench(b *testing.B, opts Options) *Keychain {
	b.Helper()
	k, err := Open(opts)
	if err != nil {
		b.Fatal(err)
	}
	return k
}

// BenchmarkFileGet opens the store and reads one item, as each run of the helper does.
func BenchmarkFileGet(b *testing.B) {
	for _, items := range []int{1, 100} {
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			opts, refs := benchStore(b, items)
			b.ReportAllocs()
			for b.Loop() {
				if item, err := openBench(b, opts).Get(refs[0]); err != nil || item.Secret.Empty() {
					b.Fatalf("no secret: %v", err)
				}
			}
		})
	}
}

func BenchmarkFileGetNotFound(b *testing.B) {
	opts, _ := benchStore(b, 1)
	absent := Ref{Profile: "default", Kind: KindEnv, Name: "ABSENT"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openBench(b, opts).Get(absent); !errors.Is(err, ErrNotFound) {
			b.Fatalf("%v, want ErrNotFound", err)
		}
	}
}

func BenchmarkFileSet(b *testing.B) {
	opts, refs := benchStore(b, 1)
	item := Item{Ref: refs[0], Secret: NewSecret(rand.Text())}
	b.ReportAllocs()
	for b.Loop() {
		if err := openBench(b, opts).Set(item); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFileList reads all items, on as many cores as -cpu allows.
func BenchmarkFileList(b *testing.B) {
	for _, items := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			opts, _ := benchStore(b, items)
			b.ReportAllocs()
			for b.Loop() {
				k := openBench(b, opts)
				refs, err := k.List("default")
				if err != nil {
					b.Fatal(err)
				}
				if found, err := k.GetAll(refs); err != nil || len(found) != items {
					b.Fatalf("%d items, %v", len(found), err)
				}
			}
		})
	}
}
