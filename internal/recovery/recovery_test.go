package recovery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) {
	backup.WorkFactor = "10"
	os.Exit(m.Run())
}

// newSession returns a session whose backups have a passphrase from a file, and its keychain.
func newSession(t *testing.T) (*session.Session, *keychain.Keychain) {
	t.Helper()
	s, k, _ := sessiontest.New(t)
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("of the backup\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sessiontest.Setenv(s, map[string]string{passphrase.EnvBackupFile: file})
	return s, k
}

func ref(profile string, kind keychain.Kind, name string) keychain.Ref {
	return keychain.Ref{Profile: profile, Kind: kind, Name: name}
}

// set stores a new secret and returns it.
func set(t *testing.T, k *keychain.Keychain, ref keychain.Ref) keychain.Secret {
	t.Helper()
	secret := keychain.NewSecret(scripttest.NewKey())
	if err := k.Set(keychain.Item{Ref: ref, Secret: secret}); err != nil {
		t.Fatal(err)
	}
	return secret
}

var (
	ngc     = ref("default", keychain.KindEnv, "NGC_API_KEY")
	token   = ref("default", keychain.KindEnv, "MY_TOKEN")
	former  = ref("default", keychain.KindPrevious, "MY_TOKEN")
	login   = ref("default", keychain.KindRegistry, "ghcr.io")
	staging = ref("staging", keychain.KindEnv, "NGC_API_KEY")
)

// A backup that is restored into an empty keychain has exactly what --only selects.
func TestBackupAndRestore(t *testing.T) {
	for name, tc := range map[string]struct {
		only []string
		want []keychain.Ref
	}{
		"everything":    {nil, []keychain.Ref{ngc, token, former, login, staging}},
		"one":           {[]string{"MY_TOKEN"}, []keychain.Ref{token}},
		"one, repeated": {[]string{"MY_TOKEN", "MY_TOKEN"}, []keychain.Ref{token}},
	} {
		t.Run(name, func(t *testing.T) {
			from, k := newSession(t)
			secrets := map[keychain.Ref]keychain.Secret{}
			for _, r := range []keychain.Ref{ngc, token, former, login, staging} {
				secrets[r] = set(t, k, r)
			}
			path := filepath.Join(t.TempDir(), "keys.age")
			if err := Backup(from, path, BackupOptions{Only: tc.only}); err != nil {
				t.Fatal(err)
			}
			to, k := newSession(t)
			if err := Restore(to, path, RestoreOptions{Forced: true}); err != nil {
				t.Fatal(err)
			}
			refs, err := k.ListAll("")
			if err != nil {
				t.Fatal(err)
			}
			restored := 0
			for _, r := range refs {
				if r.Kind != keychain.KindFingerprint {
					restored++
				}
			}
			if restored != len(tc.want) {
				t.Errorf("it restores %v, want %v", refs, tc.want)
			}
			for _, r := range tc.want {
				if item, err := k.Get(r); err != nil || item.Secret != secrets[r] {
					t.Errorf("%s: %v, or another secret", r, err)
				}
			}
		})
	}
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing")
	if err := os.WriteFile(existing, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	noKeys := filepath.Join(dir, "team.pub")
	if err := os.WriteFile(noKeys, []byte("# none yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path string
		o    BackupOptions
		want string
	}{
		"an existing file":       {existing, BackupOptions{}, "is there already"},
		"a name that is missing": {filepath.Join(dir, "a"), BackupOptions{Only: []string{"OTHER"}}, "no key is stored as OTHER"},
		"a login's name":         {filepath.Join(dir, "b"), BackupOptions{Only: []string{"ghcr.io"}}, "no key is stored as ghcr.io"},
		"no public key":          {filepath.Join(dir, "c"), BackupOptions{Recipients: []string{"nobody"}}, "--recipient: "},
		"a file without any":     {filepath.Join(dir, "d"), BackupOptions{RecipientsFile: noKeys}, "there is no public key in it"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k := newSession(t)
			set(t, k, ngc)
			set(t, k, login)
			if err := Backup(s, tc.path, tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("it returns %v, want %q", err, tc.want)
			}
			if data, err := os.ReadFile(tc.path); err == nil && string(data) != "precious" {
				t.Error("it writes the file")
			}
		})
	}
	s, k := newSession(t)
	if err := Backup(s, filepath.Join(dir, "e"), BackupOptions{}); err == nil || err.Error() != "there is nothing to back up" {
		t.Errorf("an empty keychain: %v", err)
	}
	set(t, k, ngc)
	file := s.Getenv(passphrase.EnvBackupFile)
	if err := os.WriteFile(file, []byte("two\rlines"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Backup(s, filepath.Join(dir, "f"), BackupOptions{}); !errors.Is(err, backup.ErrPassphrase) || strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("a passphrase that age could not read: %v", err)
	}
}

// A backup goes to standard output or to a file that only its owner can read, even if it replaces another.
func TestBackupPlaces(t *testing.T) {
	s, k := newSession(t)
	s.Print.Quiet = false
	secret := set(t, k, ngc)
	dir := t.TempDir()
	old, piped := filepath.Join(dir, "old.age"), filepath.Join(dir, "piped.age")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(piped)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for path, test := range map[string]struct {
		o    BackupOptions
		says string
	}{
		old: {BackupOptions{Forced: true}, "note: 1 item of all profiles in " + old},
		"-": {BackupOptions{Only: []string{ngc.Name}}, "note: 1 item of profile default\n"},
	} {
		printed := new(strings.Builder)
		s.Print.W, s.Stdout = printed, out
		if err := Backup(s, path, test.o); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(printed.String(), test.says) {
			t.Errorf("%s: it says %q, want %q", path, printed, test.says)
		}
	}
	for _, path := range []string{old, piped} {
		to, k := newSession(t)
		if err := Restore(to, path, RestoreOptions{}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if item, err := k.Get(ngc); err != nil || item.Secret != secret {
			t.Errorf("%s: %v, or another secret", path, err)
		}
	}
	if info, err := os.Stat(old); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A restored value takes precedence over the stored one, which is kept; the former value in the backup does
// not replace the one just kept.
func TestRestoreReplaces(t *testing.T) {
	s, k := newSession(t)
	s.Print.Quiet = false
	printed := new(strings.Builder)
	s.Print.W = printed
	inBackup := set(t, k, token)
	set(t, k, former)
	path := filepath.Join(t.TempDir(), "keys.age")
	if err := Backup(s, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	stored := set(t, k, token)
	if err := k.Remove(former); err != nil {
		t.Fatal(err)
	}
	if terminal, err := ui.OpenTerminal(); err == nil {
		terminal.Close() // it would ask there
	} else if err := Restore(s, path, RestoreOptions{}); err == nil || err.Error() != "MY_TOKEN is already stored with a different value" {
		t.Errorf("without --force: %v", err)
	}
	if err := k.Remove(former); err != nil && !errors.Is(err, keychain.ErrNotFound) {
		t.Fatal(err)
	}
	printed.Reset()
	if err := Restore(s, path, RestoreOptions{Forced: true}); err != nil {
		t.Fatal(err)
	}
	for r, want := range map[keychain.Ref]keychain.Secret{token: inBackup, former: stored} {
		if item, err := k.Get(r); err != nil || item.Secret != want {
			t.Errorf("%s: %v, or another secret", r, err)
		}
	}
	if said := printed.String(); !strings.Contains(said, "1 item restored, 0 of 2 stored already") || !strings.Contains(said, "1 key replaced; the previous values are kept") {
		t.Errorf("it says %q", said)
	}
	if err := k.Remove(former); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 item restored, 1 of 2 stored already", "0 items restored, 2 of 2 stored already"} {
		printed.Reset()
		if err := Restore(s, path, RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		if said := printed.String(); !strings.Contains(said, want) || strings.Contains(said, "replaced") {
			t.Errorf("it says %q, want %q", said, want)
		}
	}
}

// With --reset, only what is in the backup is in the keychain; without one there is nothing to set aside.
func TestRestoreIntoANewKeychain(t *testing.T) {
	s, k := newSession(t)
	want := set(t, k, ngc)
	path := filepath.Join(t.TempDir(), "keys.age")
	if err := Backup(s, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	set(t, k, ngc)
	set(t, k, token)
	for _, before := range []string{"a keychain", "none"} {
		if err := Restore(s, path, RestoreOptions{Reset: true, Yes: true, NoPassphrase: true}); err != nil {
			t.Fatalf("%s: %v", before, err)
		}
		k, err := s.Opener().Read()
		if err != nil {
			t.Fatal(err)
		}
		if item, err := k.Get(ngc); err != nil || item.Secret != want {
			t.Errorf("%s: %v, or another secret", before, err)
		}
		if has, err := k.Has(token); err != nil || has {
			t.Errorf("%s: what is not in the backup: %v, %v", before, has, err)
		}
		if err := os.RemoveAll(s.Config.Paths.Store); err != nil {
			t.Fatal(err)
		}
	}
}

// A backup for public keys is opened by one of their private keys, and by nothing else.
func TestRestoreWithIdentity(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, other := identity(t), identity(t)
	ownFile, otherFile := write("own", own.String()), write("other", other.String())
	from, k := newSession(t)
	set(t, k, ngc)
	sealed, withPassphrase := filepath.Join(dir, "sealed.age"), filepath.Join(dir, "passphrase.age")
	if err := Backup(from, sealed, BackupOptions{Recipients: []string{own.Recipient().String()}}); err != nil {
		t.Fatal(err)
	}
	if err := Backup(from, withPassphrase, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	cut := write("cut.age", string(data[:len(data)*2/3]))
	text, empty := write("text", "not a backup"), write("empty", "")
	var bad *backup.IdentityError
	var unread *fs.PathError
	for name, tc := range map[string]struct {
		path, identity string
		input          string // standard input
		want           any    // of errors.As or errors.Is; nil if it is restored
		hint           string
	}{
		"its identity":              {sealed, ownFile, "", nil, ""},
		"from standard input":       {"-", ownFile, sealed, nil, ""},
		"input that cannot be read": {"-", ownFile, dir, &unread, ""},
		"another identity":          {sealed, otherFile, "", backup.ErrOtherRecipients, "back up again, also to the public key of"},
		"no identity":               {sealed, "", "", backup.ErrNeedsIdentity, "--identity ~/.ssh/id_ed25519"},
		"an identity that is none":  {sealed, text, "", &bad, "name a private key of SSH"},
		"an identity that is gone":  {sealed, filepath.Join(dir, "gone"), "", os.ErrNotExist, ""},
		"cut short":                 {cut, ownFile, "", keychain.ErrDamaged, "copy the file again"},
		"with a passphrase":         {withPassphrase, ownFile, "", backup.ErrNeedsPassphrase, "ragenv restore " + withPassphrase},
		"no backup":                 {text, ownFile, "", backup.ErrNotBackup, ""},
		"text, no identity":         {text, "", "", backup.ErrNotBackup, "ragenv import " + text},
		"empty, no identity":        {empty, "", "", backup.ErrNotBackup, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, k := newSession(t)
			if tc.input != "" {
				if s.Stdin, err = os.Open(tc.input); err != nil {
					t.Fatal(err)
				}
				defer s.Stdin.Close()
			}
			err := Restore(s, tc.path, RestoreOptions{Identity: tc.identity})
			switch want := tc.want.(type) {
			case nil:
				if err != nil {
					t.Error(err)
				}
			case error:
				if !errors.Is(err, want) {
					t.Errorf("it returns %v, want %v", err, want)
				}
			default:
				if !errors.As(err, want) {
					t.Errorf("it returns %v", err)
				}
			}
			if err != nil {
				if hint := ui.Explain(err).Hint; !strings.Contains(hint, tc.hint) || tc.path == empty && strings.Contains(hint, "import") {
					t.Errorf("the hint of %v is %q, want %q", err, hint, tc.hint)
				}
			}
			if has, failed := k.Has(ngc); failed != nil || has != (tc.want == nil) {
				t.Errorf("it has the key: %v, %v", has, failed)
			}
		})
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestRestoreReads(t *testing.T) {
	from, k := newSession(t)
	set(t, k, ngc)
	set(t, k, staging)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keys.age")
	if err := Backup(from, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	open, lost := t.TempDir(), t.TempDir() // lost: items without store.json, in a directory that others can read
	if err := errors.Join(os.CopyFS(lost, os.DirFS(from.Config.Paths.Store)), os.Remove(filepath.Join(lost, "store.json")), os.Chmod(lost, 0o755), os.Chmod(open, 0o755)); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("not a backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path string
		want error // nil if it is restored
		text string
	}{
		"a backup":           {path, nil, ""},
		"a keychain":         {from.Config.Paths.Store, nil, ""},
		"another directory":  {dir, nil, "neither a backup nor a keychain"},
		"a damaged keychain": {lost, keychain.ErrInsecure, ""},
		"open to others":     {open, nil, "neither a backup nor a keychain"},
		"another file":       {text, backup.ErrNotBackup, ""},
		"a file that is not": {filepath.Join(dir, "none"), os.ErrNotExist, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, k := newSession(t)
			err := Restore(s, tc.path, RestoreOptions{})
			failed := tc.want != nil || tc.text != ""
			if !failed && err != nil || failed && (err == nil || !strings.Contains(err.Error(), tc.text)) || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("it returns %v, want %v%s", err, tc.want, tc.text)
			}
			for _, r := range []keychain.Ref{ngc, staging} {
				if has, err := k.Has(r); err != nil || has == failed {
					t.Errorf("it has %s: %v, %v", r, has, err)
				}
			}
		})
	}
}
