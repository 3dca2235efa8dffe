package backup

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/ragenv/ragenv/pkg/keychain"
)

const fast = 4 // scrypt's work factor in tests

var (
	now     = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	compare = cmp.Comparer(func(a, b keychain.Secret) bool { return a.Reveal() == b.Reveal() })
)

func env(profile, name, secret string) keychain.Item {
	return keychain.Item{Ref: keychain.Ref{Profile: profile, Kind: keychain.KindEnv, Name: name}, Secret: keychain.NewSecret(secret), Updated: now}
}

// sample returns items of every kind, sorted.
func sample() []keychain.Item {
	expiring := env("default", "NGC_API_KEY", "nvapi-"+rand.Text())
	expiring.Expires = now.AddDate(0, 2, 0)
	previous := env("default", "NGC_API_KEY", "nvapi-"+rand.Text())
	previous.Kind = keychain.KindPrevious
	registry := keychain.Item{Ref: keychain.Ref{Profile: "work", Kind: keychain.KindRegistry, Name: "https://index.docker.io/v1/"}, Username: "<é&>", Secret: keychain.NewSecret(rand.Text()), Updated: now}
	return []keychain.Item{env("default", "BYTES", "\x00\xff\xfe\r\n"), env("default", "EMPTY", ""), expiring, previous, env("work", "NGC_API_KEY", "a\u2028<b>\x01é\n"), registry}
}

func encrypted(t testing.TB, items []keychain.Item, passphrase string) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := write(&buf, items, []byte(passphrase), now, fast); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	shuffled := append(append([]keychain.Item{}, want[3:]...), want[:3]...)
	file := encrypted(t, shuffled, "correct horse")
	if !bytes.HasPrefix(file, []byte("-----BEGIN AGE ENCRYPTED FILE-----\n")) {
		t.Errorf("not armored: %.40q", file)
	}
	got, err := Read(bytes.NewReader(file), []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error(diff)
	}
	binary, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read(iotest.OneByteReader(bytes.NewReader(binary)), []byte("correct horse")); err != nil || !cmp.Equal(want, got, compare) {
		t.Errorf("not armored: %v", err)
	}
	if got, err := Read(bytes.NewReader(encrypted(t, nil, "x")), []byte("x")); err != nil || len(got) != 0 {
		t.Errorf("no items: %v, %v", got, err)
	}
}

// TestWorkFactor checks that a backup's passphrase is as slow to guess as age's default.
func TestWorkFactor(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, sample(), []byte("correct horse"), now); err != nil {
		t.Fatal(err)
	}
	header := make([]byte, 100)
	if _, err := io.ReadFull(armor.NewReader(&file), header); err != nil {
		t.Fatal(err)
	}
	if _, stanza, _ := strings.Cut(string(header), "\n"); !strings.HasPrefix(stanza, "-> scrypt ") || strings.Fields(stanza)[3] != "18" {
		t.Errorf("want scrypt with a work factor of 18: %q", header)
	}
}

func TestRefuses(t *testing.T) {
	file := encrypted(t, sample(), "correct horse")
	inside := func(text string) []byte {
		t.Helper()
		recipient, err := age.NewScryptRecipient("correct horse")
		if err != nil {
			t.Fatal(err)
		}
		recipient.SetWorkFactor(fast)
		return encryptTo(t, recipient, text)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(binary)
	changed[len(changed)-1] ^= 1
	const one = `{"format":"ragenv backup","version":1,"created":"2026-11-22T10:00:00Z","items":[`
	const good = `"profile":"default","kind":"env","name":"A","updated":"2026-11-22T10:00:00Z"`
	for _, test := range []struct {
		doc  string
		file []byte
		pass string
		want error
	}{
		{"wrong passphrase", file, "wrong", keychain.ErrWrongPassphrase},
		{"empty passphrase", file, "", keychain.ErrWrongPassphrase},
		{"empty file", nil, "correct horse", ErrNotBackup},
		{"some text", []byte("NGC_API_KEY=x\n"), "correct horse", ErrNotBackup},
		{"encrypted to a key", encryptTo(t, identity.Recipient(), "x"), "correct horse", ErrNeedsIdentity},
		{"cut short", binary[:len(binary)-1], "correct horse", keychain.ErrDamaged},
		{"changed", changed, "correct horse", keychain.ErrDamaged},
		{"not JSON inside", inside("hello"), "correct horse", ErrNotBackup},
		{"other JSON inside", inside(`{"format":"x","version":1}`), "correct horse", ErrNotBackup},
		{"no version", inside(`{"format":"ragenv backup"}`), "correct horse", ErrNotBackup},
		{"newer", inside(`{"format":"ragenv backup","version":2,"items":{}}`), "correct horse", keychain.ErrNewerFormat},
		{"unknown field", inside(one + `{` + good + `,"secret":"hunter2","color":"red"}]}`), "correct horse", keychain.ErrDamaged},
		{"no secret", inside(one + `{` + good + `}]}`), "correct horse", keychain.ErrDamaged},
		{"two secrets", inside(one + `{` + good + `,"secret":"hunter2","secret_base64":"eA=="}]}`), "correct horse", keychain.ErrDamaged},
		{"not base64", inside(one + `{` + good + `,"secret_base64":"hunter2!"}]}`), "correct horse", keychain.ErrDamaged},
		{"twice", inside(one + `{` + good + `,"secret":"hunter2"},{` + good + `,"secret":"y"}]}`), "correct horse", keychain.ErrDamaged},
		{"unknown kind", inside(one + `{` + strings.Replace(good, "env", "cookie", 1) + `,"secret":"hunter2"}]}`), "correct horse", keychain.ErrDamaged},
		{"path for a profile", inside(one + `{` + strings.Replace(good, "default", "../x", 1) + `,"secret":"hunter2"}]}`), "correct horse", keychain.ErrDamaged},
		{"no name", inside(one + `{` + strings.Replace(good, `"A"`, `""`, 1) + `,"secret":"hunter2"}]}`), "correct horse", keychain.ErrDamaged},
	} {
		t.Run(test.doc, func(t *testing.T) {
			items, err := Read(bytes.NewReader(test.file), []byte(test.pass))
			if !errors.Is(err, test.want) || items != nil {
				t.Errorf("%d items, error %v, want %v", len(items), err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows what is inside: %v", err)
			}
		})
	}
	if _, err := Read(iotest.ErrReader(os.ErrPermission), []byte("x")); !errors.Is(err, os.ErrPermission) || errors.Is(err, ErrNotBackup) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if _, err := Read(io.MultiReader(bytes.NewReader(binary[:len(binary)-9]), iotest.ErrReader(os.ErrPermission)), []byte("correct horse")); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a file whose end cannot be read: %v", err)
	}
	for _, passphrase := range []string{"", "a\nb", "a\r"} {
		var buf bytes.Buffer
		if err := Write(&buf, sample(), []byte(passphrase), now); !errors.Is(err, ErrPassphrase) || buf.Len() > 0 {
			t.Errorf("passphrase %q: %v, %d bytes written", passphrase, err, buf.Len())
		}
	}
	if err := Write(io.Discard, []keychain.Item{env("default", "A", "1"), env("default", "A", "2")}, []byte("x"), now); err == nil {
		t.Error("an item that comes twice was written")
	}
}

func encryptTo(t *testing.T, recipient age.Recipient, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestAge checks that age reads what Write writes, with the documented content. It prompts for the
// passphrase on a terminal.
func TestAge(t *testing.T) {
	program, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	dir := t.TempDir()
	path, plain := filepath.Join(dir, "backup.age"), filepath.Join(dir, "plain")
	var file bytes.Buffer
	if err := write(&file, sample(), []byte("correct horse"), now, fast); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-d", "-o", plain, path)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	if _, err := terminal.WriteString("correct horse\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, terminal) // the prompt; on Linux the end of a terminal is EIO
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Format, Created string
		Version         int
		Items           []map[string]any
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Format != "ragenv backup" || doc.Version != 1 || doc.Created != "2026-11-22T10:00:00Z" || len(doc.Items) != len(sample()) {
		t.Errorf("%s version %d of %s, %d items", doc.Format, doc.Version, doc.Created, len(doc.Items))
	}
	if got := doc.Items[0]["secret_base64"]; got != "AP/+DQo=" {
		t.Errorf("bytes are written as %v", got)
	}
	if got := doc.Items[2]["expires"]; got != "2027-01-22T10:00:00Z" {
		t.Errorf("the expiry is written as %v", got)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("NGC_API_KEY", "secret", "user", "passphrase", int64(0))
	f.Add("A", "\xff\x00\r\n", "é", "ü", int64(1<<35))
	f.Add("https://a/", "\ufffd<>&\u2028", "", " ", int64(-1))
	f.Fuzz(func(t *testing.T, name, secret, user, passphrase string, expires int64) {
		want := env("default", name, secret)
		want.Username = user
		want.Expires = time.Unix(expires%(1<<37), 0).UTC()
		var buf bytes.Buffer
		if err := write(&buf, []keychain.Item{want, env("other", "B", user)}, []byte(passphrase), now, 1); err != nil {
			return // TestRefuses covers what cannot be written
		}
		got, err := Read(&buf, []byte(passphrase))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]keychain.Item{want, env("other", "B", user)}, got, compare); diff != "" {
			t.Error(diff)
		}
		if bytes.Contains(buf.Bytes(), []byte(secret)) && len(secret) > 8 {
			t.Error("the file shows the secret")
		}
	})
}

// FuzzRead checks that any content of a backup is rejected, or can be read, written and read again. It
// mutates only the content, because the file around it has checksums that mutation would never match.
func FuzzRead(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	var file bytes.Buffer
	if err := writeTo(&file, sample(), now, id.Recipient()); err != nil {
		f.Fatal(err)
	}
	plain, err := decrypt(&file, []age.Identity{id})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add([]byte(`{"format":"` + formatName + `","version":1,"items":[{"kind":"env","name":"A","profile":"p"}]}`))
	f.Add([]byte(`{"format":"` + formatName + `","version":2}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		items, err := parse(plain)
		if err != nil {
			if items != nil {
				t.Fatalf("%d items and %v", len(items), err)
			}
			return
		}
		var again bytes.Buffer
		if err := writeTo(&again, items, now, id.Recipient()); err != nil {
			t.Fatalf("%d items were read that cannot be written: %v", len(items), err)
		}
		back, err := readWith(&again, id)
		if err != nil || len(back) != len(items) {
			t.Fatalf("%d items became %d: %v", len(items), len(back), err)
		}
	})
}
