//go:build unix

package durability

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// trial is one run of a program that changes something.
type trial struct {
	program string
	args    []string
	stdin   string
	env     map[string]string
	// verify judges the world after the run, however it ended, and restores a settled state. done means
	// that the program reported success.
	verify func(done bool) error
}

// operation is one way to change something. trial prepares a run in the current state of the world.
type operation struct {
	name  string
	slow  bool // takes a second or more: a passphrase at full cost
	trial func(w *world) trial
}

func env(name string) keychain.Ref {
	return keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name}
}

func registry(name string) keychain.Ref {
	return keychain.Ref{Profile: "default", Kind: keychain.KindRegistry, Name: name}
}

// previous returns the item that keeps a replaced value of this name.
func previous(name string) keychain.Ref {
	return keychain.Ref{Profile: "default", Kind: keychain.KindPrevious, Name: name}
}

var (
	ngcKey      = env("NGC_API_KEY")
	previousKey = previous("NGC_API_KEY")
)

// with returns the items with changes applied. An empty value removes an item.
func (w *world) with(changes map[keychain.Ref]string) map[keychain.Ref]string {
	next := maps.Clone(w.items)
	for ref, value := range changes {
		if next[ref] = value; value == "" {
			delete(next, ref)
		}
	}
	return next
}

// keeps adds to changes that the current value of ref is kept as the previous one.
func (w *world) keeps(changes map[keychain.Ref]string, ref keychain.Ref) {
	if former := w.items[ref]; former != "" && former != changes[ref] && ref.Kind == keychain.KindEnv {
		ref.Kind = keychain.KindPrevious
		changes[ref] = former
	}
}

// storing returns a trial that changes items and nothing else.
func (w *world) storing(changes map[keychain.Ref]string, stdin, program string, args ...string) trial {
	next := w.with(changes)
	return trial{program: program, args: args, stdin: stdin, verify: func(done bool) error { return w.compare(next, done) }}
}

var operations = []operation{
	{name: "set", trial: func(w *world) trial {
		value := scripttest.NewKey()
		changes := map[keychain.Ref]string{env("FIRST_TOKEN"): value, previous("FIRST_TOKEN"): w.items[env("FIRST_TOKEN")]}
		return w.storing(changes, value+"\n", scripttest.Ragenv, "set", "FIRST_TOKEN")
	}},
	{name: "rm", trial: func(w *world) trial {
		w.mustSet(env("GONE_TOKEN"), scripttest.NewKey())
		return w.storing(map[keychain.Ref]string{env("GONE_TOKEN"): ""}, "", scripttest.Ragenv, "rm", "GONE_TOKEN")
	}},
	{name: "rotate", trial: func(w *world) trial {
		value := scripttest.NewKey()
		former := w.items[ngcKey]
		t := w.storing(map[keychain.Ref]string{ngcKey: value, previousKey: former}, value+"\n", scripttest.Ragenv, "rotate", "NGC_API_KEY", "--offline")
		verify := t.verify
		t.verify = func(done bool) error {
			if err := verify(done); err != nil {
				return err
			}
			if w.items[ngcKey] == value && w.items[previousKey] != former {
				return errors.New("the new key is in place and the one before is not kept")
			}
			return nil
		}
		return t
	}},
	{name: "rotate --undo", trial: func(w *world) trial {
		before := scripttest.NewKey()
		w.mustSet(previousKey, before)
		t := w.storing(map[keychain.Ref]string{ngcKey: before, previousKey: w.items[ngcKey]}, "", scripttest.Ragenv, "rotate", "--undo", "NGC_API_KEY")
		verify := t.verify
		t.verify = func(done bool) error {
			if err := verify(done); err != nil {
				return err
			}
			if w.items[ngcKey] != before && w.items[previousKey] != before {
				return errors.New("the key from before is in neither place")
			}
			return nil
		}
		return t
	}},
	{name: "import --remove", trial: importTrial},
	{name: "profile copy", trial: func(w *world) trial {
		changes := map[keychain.Ref]string{}
		for ref, value := range w.items {
			if ref.Profile == "default" && ref.Kind != keychain.KindPrevious {
				ref.Profile = "copy"
				changes[ref] = value
				w.keeps(changes, ref)
			}
		}
		return w.storing(changes, "", scripttest.Ragenv, "profile", "copy", "default", "copy", "--force")
	}},
	{name: "profile rm", trial: func(w *world) trial {
		changes := map[keychain.Ref]string{}
		for _, name := range []string{"FIRST_TOKEN", "SECOND_TOKEN", "THIRD_TOKEN"} {
			ref := keychain.Ref{Profile: "copy", Kind: keychain.KindEnv, Name: name}
			w.mustSet(ref, scripttest.NewKey())
		}
		for ref := range w.items {
			if ref.Profile == "copy" {
				changes[ref] = ""
			}
		}
		return w.storing(changes, "", scripttest.Ragenv, "profile", "rm", "copy", "--force")
	}},
	{name: "profile use", trial: func(w *world) trial {
		next := "p" + scripttest.NewKey()[10:20]
		next = strings.ToLower(strings.NewReplacer("-", "x", "_", "x").Replace(next))
		t := w.storing(nil, "", scripttest.Ragenv, "profile", "use", next)
		former, err := config.Load(w.getenv)
		if err != nil {
			w.t.Fatal(err)
		}
		verify := t.verify
		t.verify = func(done bool) error {
			now, err := config.Load(w.getenv)
			if err != nil {
				return err
			}
			if now.Profile != next && (done || now.Profile != former.Profile) || now.Backend != former.Backend {
				return fmt.Errorf("the config file names the profile %q and the backend %q", now.Profile, now.Backend)
			}
			if err := now.Pin(config.KeyProfile, config.DefaultProfile); err != nil {
				return err
			}
			return verify(done)
		}
		return t
	}},
	{name: "passphrase --no-passphrase", trial: func(w *world) trial {
		w.protect([]byte(scripttest.NewKey()))
		file := filepath.Join(w.dir, "passphrase")
		put(w.t, file, string(w.passphrase)+"\n")
		t := w.storing(nil, "", scripttest.Ragenv, "passphrase", "--no-passphrase")
		t.env = map[string]string{"RAGENV_PASSPHRASE_FILE": file}
		t.verify = w.verifyPassphrase(nil)
		return t
	}},
	{name: "passphrase", trial: func(w *world) trial {
		w.protect([]byte(scripttest.NewKey()))
		next := scripttest.NewKey()
		t := w.storing(nil, string(w.passphrase)+"\n"+next+"\n", changePassphrase)
		t.verify = w.verifyPassphrase([]byte(next))
		return t
	}},
	{name: "backend migrate", trial: migrateTrial},
	{name: "docker configure", trial: func(w *world) trial { return dockerTrial(w, false) }},
	{name: "docker unconfigure", trial: func(w *world) trial { return dockerTrial(w, true) }},
	{name: "helper store", trial: func(w *world) trial {
		value := scripttest.NewKey()
		stdin := fmt.Sprintf(`{"ServerURL":"nvcr.io","Username":"$oauthtoken","Secret":%q}`, value)
		return w.storing(map[keychain.Ref]string{ngcKey: value}, stdin, scripttest.Helper, "store")
	}},
	{name: "helper erase", trial: func(w *world) trial {
		w.mustSet(registry("ghcr.io"), scripttest.NewKey())
		return w.storing(map[keychain.Ref]string{registry("ghcr.io"): ""}, "ghcr.io", scripttest.Helper, "erase")
	}},
	{name: "setup", trial: setupTrial},
	{name: "backup --force", slow: true, trial: backupTrial},
	{name: "restore --force", slow: true, trial: func(w *world) trial {
		former := w.items[env("FIRST_TOKEN")]
		w.backUp()
		w.mustSet(env("FIRST_TOKEN"), scripttest.NewKey())
		changes := map[keychain.Ref]string{env("FIRST_TOKEN"): former}
		w.keeps(changes, env("FIRST_TOKEN"))
		t := w.storing(changes, "", scripttest.Ragenv, "restore", "--force", w.backupFile())
		t.env = w.backupEnv()
		return t
	}},
}

func importTrial(w *world) trial {
	path := filepath.Join(w.dir, "project.env")
	changes := map[keychain.Ref]string{}
	text := "# settings\nDEBUG=1\n"
	for _, name := range []string{"FIRST_TOKEN", "SECOND_TOKEN", "THIRD_TOKEN"} {
		value := scripttest.NewKey()
		changes[env(name)] = value
		w.keeps(changes, env(name))
		text += name + "=" + value + "\n"
	}
	put(w.t, path, text)
	t := w.storing(changes, "", scripttest.Ragenv, "import", path, "--only", "FIRST_TOKEN,SECOND_TOKEN,THIRD_TOKEN", "--force", "--remove")
	verify := t.verify
	t.verify = func(done bool) error {
		if err := verify(done); err != nil {
			return err
		}
		now, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(now, []byte("# settings\nDEBUG=1\n")) {
			return errors.New("the file lost other lines")
		}
		for ref, value := range changes {
			if ref.Kind == keychain.KindPrevious {
				continue
			}
			inFile := bytes.Contains(now, []byte(value))
			if !inFile && w.items[ref] != value {
				return fmt.Errorf("%s is neither in the file nor in the keychain", ref)
			}
			if done && inFile {
				return fmt.Errorf("%s is still in the file", ref)
			}
		}
		return nil
	}
	return t
}

// protect sets a passphrase for the store.
func (w *world) protect(passphrase []byte) {
	k, err := keychain.Open(w.options())
	if err == nil {
		err = k.ChangePassphrase(w.passphrase, passphrase)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.passphrase = passphrase
}

// verifyPassphrase checks that exactly one of the passphrases opens the store and that all items are there.
// Then it removes the passphrase.
func (w *world) verifyPassphrase(next []byte) func(done bool) error {
	former := w.passphrase
	return func(done bool) error {
		opens := func(passphrase []byte) (bool, error) {
			w.passphrase = passphrase
			got, err := w.read()
			switch {
			case errors.Is(err, keychain.ErrWrongPassphrase), errors.Is(err, keychain.ErrLocked):
				return false, nil
			case err != nil:
				return false, err
			case !maps.Equal(got, w.items):
				return false, errors.New("the items are not what they were")
			}
			return true, nil
		}
		k, err := keychain.Open(w.options())
		if err != nil {
			return err
		}
		protected, err := k.Protected()
		if err != nil {
			return err
		}
		if protected {
			if withWrong, err := opens([]byte("neither")); err != nil || withWrong {
				return fmt.Errorf("a wrong passphrase is not told from damage: %w", err)
			}
		}
		current := former
		withNext, err := opens(next)
		if err != nil {
			return err
		}
		if withNext {
			current = next
		}
		if protected || len(next) > 0 {
			withFormer, err := opens(former)
			if err != nil {
				return err
			}
			if withFormer == withNext {
				return fmt.Errorf("opens with the former passphrase: %t, with the next: %t", withFormer, withNext)
			}
		}
		if done && !withNext {
			return errors.New("reported as done, and the next passphrase does not open the store")
		}
		w.passphrase = current
		if len(current) > 0 {
			w.protect(nil)
		}
		return nil
	}
}

// changePassphraseMain reads the current passphrase and the next one from two lines of standard input.
func changePassphraseMain() int {
	var current, next string
	paths, err := config.FindPaths(os.Getenv)
	if err == nil {
		_, err = fmt.Scan(&current, &next)
	}
	if err == nil {
		var k *keychain.Keychain
		k, err = keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: paths.Store})
		if err == nil {
			err = k.ChangePassphrase([]byte(current), []byte(next))
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "ragenv: error: %v\n", err)
		return 1
	}
	return 0
}

// migrateTrial moves everything to pass, and back afterwards.
func migrateTrial(w *world) trial {
	t := w.storing(nil, "", scripttest.Ragenv, "backend", "migrate", keychain.BackendFile, keychain.BackendPass)
	verify := t.verify
	t.verify = func(done bool) error {
		if err := verify(done); err != nil { // using the backend that the config file names now
			return err
		}
		backend, err := w.backend()
		if err != nil {
			return err
		}
		if done && backend != keychain.BackendPass {
			return errors.New("the config file still names the old place")
		}
		// A second run continues where the first stopped.
		w.run("", scripttest.Ragenv, "backend", "migrate", keychain.BackendFile, keychain.BackendPass)
		if err := verify(true); err != nil {
			return fmt.Errorf("run again: %w", err)
		}
		if left, err := w.readFrom(keychain.BackendFile); err != nil || len(left) > 0 {
			return fmt.Errorf("run again: %d items are left in the old place: %w", len(left), err)
		}
		w.run("", scripttest.Ragenv, "backend", "migrate", keychain.BackendPass, keychain.BackendFile)
		return verify(true)
	}
	return t
}

// dockerTrial configures or unconfigures Docker. The login in the file moves into the keychain.
func dockerTrial(w *world, unconfigure bool) trial {
	path := filepath.Join(w.getenv("DOCKER_CONFIG"), "config.json")
	login := scripttest.NewKey()
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + login))
	// Without a login, so that unconfigure can restore the file exactly.
	plain := "{\n  \"credHelpers\": {\"nvcr.io\": \"other\", \"ghcr.io\": \"gh\"},\n  \"unknown\": [1, 2,   3]\n}\n"
	original := plain
	if !unconfigure {
		original = strings.Replace(plain, "{\n", "{\n  \"auths\": {\"nvcr.io\": {\"auth\": \""+auth+"\"}},\n", 1)
	}
	put(w.t, path, original)
	if err := os.RemoveAll(w.paths.State); err != nil {
		w.t.Fatal(err)
	}
	var next map[keychain.Ref]string
	if unconfigure {
		next = w.with(nil)
		w.run("", scripttest.Ragenv, "docker", "configure")
	} else {
		w.forget(ngcKey)
		w.forget(previousKey)
		next = w.with(map[keychain.Ref]string{ngcKey: login})
	}
	configured := func(data []byte) bool {
		var c struct {
			CredHelpers map[string]string
			Auths       map[string]map[string]string
			Unknown     []int
		}
		return json.Unmarshal(data, &c) == nil && c.CredHelpers["nvcr.io"] == "ngc" && c.CredHelpers["ghcr.io"] == "gh" &&
			len(c.Unknown) == 3 && c.Auths["nvcr.io"]["auth"] == ""
	}
	verb := "configure"
	if unconfigure {
		verb = "unconfigure"
	}
	return trial{program: scripttest.Ragenv, args: []string{"docker", verb}, verify: func(done bool) error {
		if err := w.compare(next, done); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		isOriginal, isConfigured := string(data) == original, configured(data)
		if !isOriginal && !isConfigured || done && isOriginal != unconfigure {
			return fmt.Errorf("config.json is as before: %t; configured: %t; reported as done: %t", isOriginal, isConfigured, done)
		}
		if !unconfigure && isConfigured && w.items[ngcKey] != login {
			return errors.New("the login is in neither place")
		}
		// Both of the following commands restore the initial state, including the other helper.
		w.run("", scripttest.Ragenv, "docker", "configure")
		w.run("", scripttest.Ragenv, "docker", "unconfigure")
		var c struct{ CredHelpers map[string]string }
		if data, err = os.ReadFile(path); err != nil || json.Unmarshal(data, &c) != nil || c.CredHelpers["nvcr.io"] != "other" {
			return fmt.Errorf("after configure and unconfigure nvcr.io's helper is %q, want the first one, %w", c.CredHelpers["nvcr.io"], err)
		}
		if unconfigure && string(data) != original {
			return errors.New("after configure and unconfigure config.json is not what it was")
		}
		if w.items[ngcKey] == "" {
			w.mustSet(ngcKey, login)
		}
		w.items, err = w.read()
		return err
	}}
}

// forget removes an item if it exists.
func (w *world) forget(ref keychain.Ref) {
	k, err := keychain.Open(w.options())
	if err == nil {
		err = k.Remove(ref)
	}
	if err != nil && !errors.Is(err, keychain.ErrNotFound) {
		w.t.Fatal(err)
	}
	delete(w.items, ref)
}

// setupTrial creates a store, in a separate world without one.
func setupTrial(w *world) trial {
	dir := filepath.Join(w.dir, "fresh")
	if err := os.RemoveAll(dir); err != nil {
		w.t.Fatal(err)
	}
	fresh := emptyWorld(w.t, dir)
	t := trial{program: scripttest.Ragenv, args: []string{"setup", "--yes", "--no-passphrase", "--backend", "file"}, env: map[string]string{}}
	for _, v := range fresh.env {
		name, value, _ := strings.Cut(v, "=")
		t.env[name] = value
	}
	t.verify = func(done bool) error {
		if _, err := keychain.Open(fresh.options()); err != nil && (done || !errors.Is(err, keychain.ErrNoStore)) {
			return err
		}
		fresh.run("", scripttest.Ragenv, t.args...)
		value := scripttest.NewKey()
		fresh.run(value, scripttest.Ragenv, "set", "FIRST_TOKEN")
		if err := fresh.compare(map[keychain.Ref]string{env("FIRST_TOKEN"): value}, true); err != nil {
			return err
		}
		if err := fresh.storeIsTidy(); err != nil {
			return err
		}
		return w.compare(w.items, true)
	}
	return t
}

func (w *world) backupFile() string { return filepath.Join(w.dir, "keys.age") }

// backupEnv returns the variable that names a file with the backup passphrase.
func (w *world) backupEnv() map[string]string {
	file := filepath.Join(w.dir, "backup-passphrase")
	put(w.t, file, backupPassphrase+"\n")
	return map[string]string{"RAGENV_BACKUP_PASSPHRASE_FILE": file}
}

const backupPassphrase = "of the tests"

func (w *world) backUp() {
	w.t.Helper()
	maps.Copy(w.extra, w.backupEnv())
	w.run("", scripttest.Ragenv, "backup", "--force", w.backupFile())
	delete(w.extra, "RAGENV_BACKUP_PASSPHRASE_FILE")
}

func backupTrial(w *world) trial {
	former := []byte("a former backup")
	put(w.t, w.backupFile(), string(former))
	t := w.storing(nil, "", scripttest.Ragenv, "backup", "--force", w.backupFile())
	t.env = w.backupEnv()
	verify := t.verify
	t.verify = func(done bool) error {
		now, err := os.ReadFile(w.backupFile())
		if err != nil {
			return err
		}
		if !done && bytes.Equal(now, former) {
			return verify(done)
		}
		items, err := backup.Read(bytes.NewReader(now), []byte(backupPassphrase))
		if err != nil {
			return err
		}
		got := map[keychain.Ref]string{}
		for _, item := range items {
			if item.Ref.Kind != keychain.KindFingerprint { // derived from the values
				got[item.Ref] = item.Secret.Reveal()
			}
		}
		if !maps.Equal(got, w.items) {
			return errors.New("the backup does not hold what is stored")
		}
		return verify(done)
	}
	return t
}
