package agefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"filippo.io/age"
)

func newIdentity(t testing.TB) *X25519Identity {
	t.Helper()
	id, err := GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// theirs is the same key in the stock library.
func theirs(t testing.TB, id *X25519Identity) *age.X25519Identity {
	t.Helper()
	same, err := age.ParseX25519Identity(id.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return same
}

func stockEncrypt(t testing.TB, data []byte, to ...age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func stockDecrypt(file []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// sizes are those around the borders of chunks.
var sizes = []int{0, 1, 68, chunkSize - 1, chunkSize, chunkSize + 1, 2*chunkSize - 1, 2 * chunkSize, 2*chunkSize + 1, 1 << 20}

func TestBothReadWhatTheOtherWrites(t *testing.T) {
	id := newIdentity(t)
	stock := theirs(t, id)
	if id.Recipient().String() != stock.Recipient().String() || id.Reveal() != stock.String() {
		t.Error("the same key has another text in age")
	}
	passphrase := []byte("several words of any script: ключ")
	scryptRecipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	scryptRecipient.SetWorkFactor(2)
	scryptIdentity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		name           string
		to             Recipient
		with           Identity
		stockRecipient age.Recipient
		stockIdentity  age.Identity
	}{
		{"X25519", id.Recipient(), id, stock.Recipient(), stock},
		{"scrypt", ScryptRecipient{passphrase, 2}, ScryptIdentity{passphrase, 2}, scryptRecipient, scryptIdentity},
	} {
		for _, size := range sizes {
			t.Run(fmt.Sprint(kind.name, size), func(t *testing.T) {
				data := random(size)
				ours, err := Encrypt(data, kind.to)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := stockDecrypt(ours, kind.stockIdentity); err != nil || !bytes.Equal(got, data) {
					t.Errorf("age read something else of ours (%v)", err)
				}
				if got, err := Decrypt(ours, kind.with); err != nil || !bytes.Equal(got, data) {
					t.Errorf("we read something else of ours (%v)", err)
				}
				of := stockEncrypt(t, data, kind.stockRecipient)
				if got, err := Decrypt(of, kind.with); err != nil || !bytes.Equal(got, data) {
					t.Errorf("we read something else of age's (%v)", err)
				}
				if len(of) != len(ours) {
					t.Errorf("%d bytes, age writes %d", len(ours), len(of))
				}
			})
		}
	}
}

func TestSeveralRecipients(t *testing.T) {
	ids := []*X25519Identity{newIdentity(t), newIdentity(t), newIdentity(t)}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	data := random(100)
	file := stockEncrypt(t, data, theirs(t, ids[0]).Recipient(), theirs(t, ids[1]).Recipient())
	for i, want := range []error{nil, nil, ErrNoMatch} {
		got, err := Decrypt(file, ids[i])
		if !errors.Is(err, want) || want == nil && !bytes.Equal(got, data) {
			t.Errorf("identity %d: %v, want %v", i, err, want)
		}
	}
	if _, err := Decrypt(stockEncrypt(t, data, hybrid.Recipient()), ids[0]); !errors.Is(err, ErrNoMatch) {
		t.Errorf("a recipient of a kind that is unknown here: %v, want ErrNoMatch", err)
	}
}

// TestEveryChange: no bit of a file can be changed, and no byte added or taken away, unnoticed.
func TestEveryChange(t *testing.T) {
	id := newIdentity(t)
	file, err := Encrypt([]byte("what was stored"), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(t *testing.T, changed []byte) {
		t.Helper()
		if got, err := Decrypt(changed, id); err == nil || got != nil {
			t.Errorf("a changed file was read: %q", got)
		}
	}
	for i := range file {
		for bit := range 8 {
			changed := bytes.Clone(file)
			changed[i] ^= 1 << bit
			refused(t, changed)
		}
		refused(t, file[:i])
		refused(t, append(bytes.Clone(file[:i]), file[i+1:]...))
		refused(t, append(append(bytes.Clone(file[:i]), 'A'), file[i:]...))
	}
	refused(t, append(bytes.Clone(file), 0))
}

// TestChunks: chunks cannot be dropped, doubled, swapped, or taken for the last one.
func TestChunks(t *testing.T) {
	id := newIdentity(t)
	file, err := Encrypt(random(3*chunkSize), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	start := len(file) - 3*sealed
	chunk := func(i int) []byte { return file[start+i*sealed : start+(i+1)*sealed] }
	for _, order := range [][]int{{}, {0}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 1, 2}, {1, 0, 2}, {0, 1, 2, 2}, {2}} {
		changed := bytes.Clone(file[:start])
		for _, i := range order {
			changed = append(changed, chunk(i)...)
		}
		if _, err := Decrypt(changed, id); !errors.Is(err, ErrPayload) {
			t.Errorf("chunks %v: %v, want ErrPayload", order, err)
		}
	}
}

// TestLongHeader: what is huge is refused, and costs little.
func TestLongHeader(t *testing.T) {
	id := newIdentity(t)
	const size = 16 << 20
	for name, header := range map[string]string{
		"one line":      "-> " + strings.Repeat("a", size) + "\n",
		"many words":    "->" + strings.Repeat(" a", size/2) + "\n",
		"many stanzas":  strings.Repeat("-> X25519 "+strings.Repeat("A", 43)+"\n"+strings.Repeat("A", 43)+"\n", size/100),
		"a long body":   "-> a\n" + strings.Repeat(strings.Repeat("A", 64)+"\n", size/65) + "\n",
		"no line break": strings.Repeat("-", size),
	} {
		file := []byte(Magic + header + "--- " + strings.Repeat("A", 43) + "\n" + strings.Repeat("\x00", 100))
		used := testing.AllocsPerRun(1, func() {
			if _, err := Decrypt(file, id); !errors.Is(err, ErrHeader) {
				t.Errorf("%s: %v, want ErrHeader", name, err)
			}
		})
		if used > 10_000 {
			t.Errorf("%s: %.0f allocations", name, used)
		}
	}
	// What is longer than a header may be, but for its header, is all read.
	file, err := Encrypt(random(chunkSize), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if h, err := parseHeader(file); err != nil || len(h.payload) != nonceSize+sealed {
		t.Errorf("the payload is of %d bytes (%v)", len(h.payload), err)
	}
}

func TestWorkFactor(t *testing.T) {
	passphrase := []byte("words")
	file, err := Encrypt(nil, ScryptRecipient{passphrase, 3})
	if err != nil {
		t.Fatal(err)
	}
	for maximum, want := range map[int]error{2: ErrHeader, 3: nil, 20: nil} {
		if _, err := Decrypt(file, ScryptIdentity{passphrase, maximum}); !errors.Is(err, want) {
			t.Errorf("at most %d: %v, want %v", maximum, err, want)
		}
	}
	if _, err := Decrypt(file, ScryptIdentity{[]byte("Words"), 3}); !errors.Is(err, ErrNoMatch) {
		t.Errorf("another passphrase: %v, want ErrNoMatch", err)
	}
	for _, factor := range []string{"03", "+3", "-3", "0", "3 3", "3x", "99999999999999999999", "1e1", ""} {
		changed := bytes.Replace(file, []byte(" 3\n"), []byte(" "+factor+"\n"), 1)
		if _, err := Decrypt(changed, ScryptIdentity{passphrase, 30}); !errors.Is(err, ErrHeader) {
			t.Errorf("work factor %q: %v, want ErrHeader", factor, err)
		}
	}
}

func TestKeys(t *testing.T) {
	id := newIdentity(t)
	secret, public := id.Reveal(), id.Recipient().String()
	if same, err := ParseX25519Identity(secret); err != nil || same.Recipient() != id.Recipient() || same.Reveal() != secret {
		t.Errorf("an identity changed in its text (%v)", err)
	}
	if same, err := ParseX25519Recipient(public); err != nil || same != id.Recipient() {
		t.Errorf("a recipient changed in its text (%v)", err)
	}
	swap := func(text string) string { // two letters, which the checksum notices
		i := len(text) - 10
		for text[i] == text[i+1] {
			i--
		}
		return text[:i] + text[i+1:i+2] + text[i:i+1] + text[i+2:]
	}
	for _, text := range []string{
		"", "1", "AGE-SECRET-KEY-1", strings.ToLower(secret), swap(secret), secret + "Q", secret[:len(secret)-1], " " + secret,
		strings.Replace(secret, "AGE", "age", 1), public, bech32Encode("AGE-SECRET-KEY-", make([]byte, 31)), bech32Encode("AGE-PLUGIN-X-", make([]byte, 32)),
	} {
		_, err := ParseX25519Identity(text)
		if !errors.Is(err, ErrKey) || strings.Contains(strings.ToUpper(err.Error()), "KEY-1") {
			t.Errorf("an identity of %d bytes was taken, or quoted: %v", len(text), err)
		}
	}
	for _, text := range []string{"", "age1", strings.ToUpper(public), swap(public), public + "q", secret, bech32Encode("age", make([]byte, 33)), bech32Encode("agf", make([]byte, 32))} {
		if _, err := ParseX25519Recipient(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v, want ErrKey", text, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if shown := fmt.Sprintf(verb, id); shown != "(identity)" {
			t.Errorf("%s shows something of %d bytes", verb, len(shown))
		}
	}
}

// TestBech32 has vectors of BIP 173.
func TestBech32(t *testing.T) {
	for text, hrp := range map[string]string{
		"A12UEL5L": "A", "a12uel5l": "a",
		"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs": "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio",
		"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w":                               "split",
	} {
		got, data, ok := bech32Decode(text)
		if got != hrp || !ok {
			t.Errorf("%s: %q, %t", text, got, ok)
		}
		if again := bech32Encode(got, data); again != text {
			t.Errorf("%s became %s", text, again)
		}
	}
	for _, text := range []string{
		"\x201nwldj5", "\x7f1axkwrx", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee", "a12UEL5L",
	} {
		if _, _, ok := bech32Decode(text); ok {
			t.Errorf("%q was taken", text)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	id := newIdentity(b)
	stock := theirs(b, id)
	for _, size := range []int{68, 1 << 20} {
		data := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{}).Read(data)
		file, err := Encrypt(data, id.Recipient())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("size=%d/this", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decrypt(file, id); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("size=%d/age", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stockDecrypt(file, stock); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
