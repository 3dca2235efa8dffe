package scripttest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

// lowWorkFactor makes scrypt cheap: the scripts test the use of a passphrase, not scrypt.
const lowWorkFactor = 10

func commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"genkey": genKey, "nokey": noKey, "mkstore": makeStore, "putitem": putItem, "noitem": noItem,
		"damage": damage, "snapshot": snapshot, "unchanged": unchanged, "credential": credential,
	}
}

// NewKey returns an unusable key in the format of NVIDIA's: "nvapi-" and 64 letters, digits, "-" and "_".
func NewKey() string {
	random := make([]byte, 48)
	_, _ = rand.Read(random) // never fails
	return "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
}

func genKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: genkey VAR...")
	}
	for _, name := range args {
		ts.Setenv(name, NewKey())
	}
}

func noKey(ts *testscript.TestScript, neg bool, args []string) {
	inOutput := []string{"stdout", "stderr"}
	if len(args) > 0 && args[0] == "-stdout" {
		args, inOutput = args[1:], inOutput[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: nokey [-stdout] VAR...")
	}
	for _, name := range args {
		value := ts.Getenv(name)
		if value == "" {
			ts.Fatalf("$%s is empty: nothing to look for", name)
		}
		for _, stream := range inOutput {
			if Holds(ts.ReadFile(stream), value) {
				ts.Fatalf("%s holds the value of $%s", stream, name)
			}
		}
		path, err := FindInFiles(ts.Getenv("WORK"), value, ts.Getenv("STORE"))
		ts.Check(err)
		if path != "" {
			ts.Fatalf("%s holds the value of $%s", path, name)
		}
	}
}

// Holds reports whether text contains a secret plain, in base64, or in base64 as the password of nvcr.io's
// user.
func Holds(text, secret string) bool {
	for _, form := range []string{
		secret,
		base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + secret)),
	} {
		// The last characters in base64 depend on the following bytes.
		if strings.Contains(text, strings.TrimRight(form, "=")) {
			return true
		}
	}
	return false
}

// FindInFiles returns the first file below dir, but not below except, whose contents or name contain a
// secret. It returns "" if there is none.
func FindInFiles(dir, secret, except string) (string, error) {
	found := ""
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if Holds(entry.Name(), secret) {
			found = path
			return fs.SkipAll
		}
		if path == except {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if Holds(string(data), secret) {
			found = path
			return fs.SkipAll
		}
		return nil
	})
	return found, err
}

func options(ts *testscript.TestScript) keychain.Options {
	return keychain.Options{Backend: keychain.BackendFile, Dir: ts.Getenv("STORE")}
}

func open(ts *testscript.TestScript) *keychain.Keychain {
	k, err := keychain.Open(options(ts))
	ts.Check(err)
	return k
}

func makeStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: mkstore [PASSPHRASE-VAR]")
	}
	var passphrase []byte
	if len(args) == 1 {
		passphrase = []byte(ts.Getenv(args[0]))
	}
	k, err := keychain.CreateFileStore(options(ts), keychain.Protection{Passphrase: passphrase, WorkFactor: lowWorkFactor})
	ts.Check(err)
	ts.Defer(func() { _ = k.Lock() }) // here, since nothing could lock the store once the script removed it
}

func putItem(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: putitem KIND NAME VAR [user=U] [profile=P] [updated=DURATION] [expires=DURATION]")
	}
	item := item(ts, args[0], args[1], args[3:])
	item.Secret = keychain.NewSecret(ts.Getenv(args[2]))
	if item.Updated.After(time.Now().Add(24 * time.Hour)) {
		putDated(ts, item)
		return
	}
	ts.Check(open(ts).Set(item))
}

// putDated writes an item with a date in the future in the format of package keychain, which itself would
// replace the date with the current time.
func putDated(ts *testscript.TestScript, item keychain.Item) {
	store, err := agestore.Open(agestore.Options{Dir: ts.Getenv("STORE")})
	ts.Check(err)
	head, err := json.Marshal(map[string]any{"item": item.Key(), "username": item.Username, "updated": item.Updated.Unix()})
	ts.Check(err)
	ts.Check(store.Set(item.Key(), []byte(string(head)+"\n"+item.Secret.Reveal())))
}

func noItem(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] noitem KIND NAME [profile=P]")
	}
	ref := item(ts, args[0], args[1], args[2:]).Ref
	k, err := keychain.Open(options(ts))
	has := false
	if !errors.Is(err, keychain.ErrNoStore) {
		ts.Check(err)
		has, err = k.Has(ref)
		ts.Check(err)
	}
	if has != neg {
		ts.Fatalf("%s: stored is %v", ref, has)
	}
}

func item(ts *testscript.TestScript, kind, name string, attributes []string) keychain.Item {
	item := keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.Kind(kind), Name: name}}
	for _, attribute := range attributes {
		key, value, _ := strings.Cut(attribute, "=")
		switch key {
		case "user":
			item.Username = value
		case "profile":
			item.Profile = value
		case "updated", "expires":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			at := time.Now().Add(d).UTC().Truncate(time.Second)
			if key == "updated" {
				item.Updated = at
			} else {
				item.Expires = at
			}
		default:
			ts.Fatalf("unknown attribute %q", key)
		}
	}
	return item
}

// itemFile returns the path of the only item file that mentions name, independent of how the store names
// files.
func itemFile(ts *testscript.TestScript, kind, name string) string {
	paths, err := filepath.Glob(filepath.Join(ts.Getenv("STORE"), "items", "*+"+kind+"+"+name+".age"))
	ts.Check(err)
	if len(paths) != 1 {
		ts.Fatalf("%d item files for %s %s", len(paths), kind, name)
	}
	return paths[0]
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage KIND NAME")
	}
	path := itemFile(ts, args[0], args[1])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-1))
}

// seen is what snapshot recorded, stored in the script's environment values.
type seen map[string]os.FileInfo

func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: snapshot FILE")
	}
	files := ts.Value(seenKey{}).(seen)
	path := ts.MkAbs(args[0])
	info, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
	files[path] = info
}

func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] unchanged FILE")
	}
	path := ts.MkAbs(args[0])
	before, known := ts.Value(seenKey{}).(seen)[path]
	if !known {
		ts.Fatalf("no snapshot of %s", path)
	}
	after, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
	if same := isSame(before, after); same == neg {
		ts.Fatalf("%s: unchanged is %v", path, same)
	}
}

func isSame(before, after os.FileInfo) bool {
	if before == nil || after == nil {
		return before == nil && after == nil
	}
	return os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) && before.Mode() == after.Mode()
}

type seenKey struct{}
