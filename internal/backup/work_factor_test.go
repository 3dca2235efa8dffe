package backup_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age/armor"

	"github.com/ragenv/ragenv/internal/backup"
)

// Guessing a backup's passphrase takes 256 MiB: scrypt's work factor is 18.
func TestWorkFactor(t *testing.T) {
	var file bytes.Buffer
	if err := backup.Write(&file, nil, []byte("secret words"), time.Now()); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(armor.NewReader(&file))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n")
	if header, _, _ := strings.Cut(rest, "\n"); !strings.HasPrefix(header, "-> scrypt ") || !strings.HasSuffix(header, " 18") {
		t.Errorf("the header is %q, want scrypt's with 18", header)
	}
}
