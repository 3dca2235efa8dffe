package backup

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"filippo.io/age"
)

// A backup can be encrypted to a post-quantum key of age, but age does not mix these with other recipients.
func TestPostQuantumRecipient(t *testing.T) {
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := ParseRecipients(hybrid.Recipient().String() + "\n" + classic.Recipient().String() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var file bytes.Buffer
	if err := WriteTo(&file, sample(), recipients, now); !errors.Is(err, ErrMixedRecipients) || file.Len() != 0 {
		t.Errorf("both kinds: %v and %d bytes, want ErrMixedRecipients", err, file.Len())
	}
	if err := WriteTo(&file, sample(), recipients[:1], now); err != nil {
		t.Fatal(err)
	}
	identity, err := ParseIdentity([]byte("# public key: "+hybrid.Recipient().String()+"\n"+hybrid.String()+"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if items, err := ReadWith(&file, identity); err != nil || len(items) != len(sample()) {
		t.Errorf("%d items, %v", len(items), err)
	}
}
