package keychain

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// A fingerprint reveals nothing about its value without its key, and each gets a new key: two fingerprints
// of the same value have nothing in common.
func TestFingerprintsAreKeyed(t *testing.T) {
	const value = "the-former-value"
	ref := Ref{Profile: "default", Kind: KindEnv, Name: "A_KEY"}
	one, two := newFingerprint(ref, value, time.Now()), newFingerprint(ref, value, time.Now())
	for _, f := range []Fingerprint{one, two} {
		if len(f.key) != fingerprintKey || bytes.Equal(f.key, make([]byte, fingerprintKey)) {
			t.Errorf("a key of %d bytes, all of them 0: %t", len(f.key), len(f.key) == fingerprintKey)
		}
		h := hmac.New(sha256.New, f.key)
		h.Write([]byte(value))
		if !hmac.Equal(f.mac, h.Sum(nil)) {
			t.Error("it is not the HMAC-SHA-256 of the value under its key")
		}
	}
	if bytes.Equal(one.key, two.key) || bytes.Equal(one.mac, two.mac) {
		t.Error("two fingerprints of one value have the same key or the same hash")
	}
	kept, err := encodeFingerprints([]Fingerprint{one, two})
	if err != nil {
		t.Fatal(err)
	}
	plain := sha256.Sum256([]byte(value))
	for what, text := range map[string]string{
		"the value": value, "the value in base64": base64.StdEncoding.EncodeToString([]byte(value)),
		"its hash": hex.EncodeToString(plain[:]), "its hash in base64": base64.StdEncoding.EncodeToString(plain[:]),
	} {
		if strings.Contains(kept.Reveal(), text) {
			t.Errorf("what is kept holds %s", what)
		}
	}
	again, err := decodeFingerprints(Item{Ref: Ref{Profile: "default", Kind: KindFingerprint, Name: "A_KEY"}, Secret: kept})
	if err != nil || len(again) != 2 || !again[0].Matches(value) || again[0].Matches(value+"x") {
		t.Errorf("read again: %d fingerprints, %v", len(again), err)
	}
}
