package agefile

import (
	"bytes"
	"strings"
	"testing"

	"filippo.io/age"
)

// FuzzDecrypt: of any file, age's own library makes the same: the same data, or none.
func FuzzDecrypt(f *testing.F) {
	id := newIdentity(f)
	stock := theirs(f, id)
	data := []byte("what was stored")
	whole, err := Encrypt(data, id.Recipient())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, 0, 0)
	f.Add([]byte("-> grease with args\nAAAA\n"), len(Magic), 0)
	f.Add([]byte("-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\nAAAA\n"), len(Magic), 0)
	f.Add([]byte("->  X25519 a\n"), len(Magic), 10)
	f.Add(bytes.Repeat([]byte("A"), 64), 90, 0)
	f.Add([]byte("\r\n"), len(Magic)-1, 1)
	f.Add([]byte{0}, len(whole), 0)
	// The file with some of its bytes replaced: what is random would hardly ever get past its first line. The key is new in every
	// process, which the places in the file do not depend on.
	f.Fuzz(func(t *testing.T, replacement []byte, at, dropped int) {
		at = max(0, min(at, len(whole)))
		end := max(at, min(at+max(0, min(dropped, len(whole))), len(whole)))
		changed := append(append(bytes.Clone(whole[:at]), replacement...), whole[end:]...)
		if len(changed) > maxHeader {
			t.Skip("age takes longer headers")
		}
		got, err := Decrypt(changed, id)
		want, stockErr := stockDecrypt(changed, stock)
		if (err == nil) != (stockErr == nil) {
			t.Fatalf("%v; age: %v", err, stockErr)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatal("age reads other data")
		}
		if err == nil && !bytes.Equal(changed, whole) {
			t.Fatal("a changed file was read")
		}
	})
}

// FuzzKeys: a text is a key here if it is one for age, and the same one.
func FuzzKeys(f *testing.F) {
	f.Add("age1", []byte{}, uint8(0))
	f.Add("AGE-SECRET-KEY-", make([]byte, 32), uint8(0))
	f.Add("AGE-SECRET-KEY-", bytes.Repeat([]byte{255}, 32), uint8(3))
	f.Add("age", make([]byte, 32), uint8(0))
	f.Add("age", bytes.Repeat([]byte{9}, 33), uint8(0))
	f.Fuzz(func(t *testing.T, hrp string, data []byte, drop uint8) {
		texts := []string{hrp}
		if strings.ToLower(hrp) == hrp || strings.ToUpper(hrp) == hrp {
			text := bech32Encode(hrp, data)
			texts = append(texts, text, text[:len(text)-min(len(text), int(drop))], strings.ToUpper(text), strings.ToLower(text))
		}
		for _, text := range texts {
			id, err := ParseX25519Identity(text)
			stock, stockErr := age.ParseX25519Identity(text)
			if (err == nil) != (stockErr == nil) || err == nil && id.Recipient().String() != stock.Recipient().String() {
				t.Errorf("identity of %d bytes: %v; age: %v", len(text), err, stockErr)
			}
			recipient, err := ParseX25519Recipient(text)
			stockRecipient, stockErr := age.ParseX25519Recipient(text)
			if (err == nil) != (stockErr == nil) || err == nil && recipient.String() != stockRecipient.String() {
				t.Errorf("recipient %q: %v; age: %v", text, err, stockErr)
			}
		}
	})
}
