package backup

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/ragenv/ragenv/pkg/keychain"
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
	var file bytes.Buffer
	if err := WriteTo(&file, sample(), recipients, now); !errors.Is(err, ErrMixedRecipients) || file.Len() != 0 {
		t.Errorf("both kinds: %v and %d bytes, want ErrMixedRecipients", err, file.Len())
	}
	if err := WriteTo(io.Discard, sample(), recipients[1:], now); err != nil {
		t.Errorf("the other kind: %v", err)
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

func TestBadRecipients(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"# a team\n\nage1\n":                           "line 3: age1...: not a public key: mistyped or cut short",
		id.Recipient().String() + "\n" + id.String():   "line 2: that is an identity, which is secret: the recipient is its public key",
		"ssh-dss " + strings.Repeat("A", 40):           "line 1: ssh-dss AAAAAAAAAAAA...: not a public key: mistyped or cut short",
		"from=\"10.0.0.1\" " + id.Recipient().String(): "line 1: that is neither age1..., nor ssh-ed25519 ... or ssh-rsa ...",
	} {
		if _, err := ParseRecipients(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseRecipient("x"); err == nil || err.Error() != "that is neither age1..., nor ssh-ed25519 ... or ssh-rsa ..." {
		t.Errorf("without a file: %v", err)
	}
}

// SSH keys open a backup for them, and ask for their passphrase only then.
func TestSSHIdentities(t *testing.T) {
	const passphrase = "of the key"
	newKey := func(passphrase string) (file []byte, recipient string) {
		t.Helper()
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKey(private, "")
		if passphrase != "" {
			block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
		}
		if err != nil {
			t.Fatal(err)
		}
		known, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(block), string(ssh.MarshalAuthorizedKey(known))
	}
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(elliptic, "")
	if err != nil {
		t.Fatal(err)
	}
	old := &pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: make([]byte, 16)}
	plain, plainRecipient := newKey("")
	locked, lockedRecipient := newKey(passphrase)
	stranger, _ := newKey(passphrase)
	recipients, err := ParseRecipients(plainRecipient + lockedRecipient)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := WriteTo(&file, sample(), recipients, now); err != nil {
		t.Fatal(err)
	}
	unanswered := errors.New("unanswered")
	for name, test := range map[string]struct {
		identity []byte
		answer   string // to the question for the passphrase; empty if it fails
		want     error  // nil with a reason means any *IdentityError
		reason   string
	}{
		"without a passphrase":     {plain, "", nil, ""},
		"its passphrase":           {locked, passphrase, nil, ""},
		"another passphrase":       {locked, "another", keychain.ErrWrongPassphrase, ""},
		"no answer":                {locked, "", unanswered, ""},
		"a key that is not for it": {stranger, passphrase, ErrOtherRecipients, ""},
		"of an old format":         {pem.EncodeToMemory(old), passphrase, nil, "it has a passphrase, and an old format: ssh-keygen -p -f FILE writes the new one"},
		"of another kind":          {pem.EncodeToMemory(block), passphrase, nil, "its kind cannot open backups: Ed25519 and RSA keys can"},
		"encrypted with age":       {file.Bytes(), passphrase, nil, "it is encrypted: decrypt it with age -d first"},
		"no key":                   {[]byte("text"), passphrase, nil, "it is neither an identity file of age nor a private key of SSH"},
	} {
		t.Run(name, func(t *testing.T) {
			identity, err := ParseIdentity(test.identity, func() ([]byte, error) {
				if test.answer == "" {
					return nil, unanswered
				}
				return []byte(test.answer), nil
			})
			var items []keychain.Item
			if err == nil {
				items, err = ReadWith(bytes.NewReader(file.Bytes()), identity)
			}
			var bad *IdentityError
			switch {
			case test.want == nil && test.reason == "":
				if err != nil || len(items) != len(sample()) {
					t.Errorf("%d items, %v", len(items), err)
				}
			case test.reason != "":
				if !errors.As(err, &bad) || err.Error() != test.reason {
					t.Errorf("%v, want %q", err, test.reason)
				}
			default:
				if !errors.Is(err, test.want) || errors.As(err, &bad) != (test.want != ErrOtherRecipients) {
					t.Errorf("%v, want %v", err, test.want)
				}
			}
		})
	}
}
