package dotenv_test

import (
	"errors"
	"testing"

	"github.com/ragenv/ragenv/internal/dotenv"
)

// An open quote before an entry would close in the next value if the entry were removed, so the entry is
// kept.
func TestRemoveLeavesWhatAnOpenQuoteHolds(t *testing.T) {
	data := []byte("='\nA='\"\n'\nB=x'")
	entries, _ := dotenv.Parse(data)
	if len(entries) != 2 {
		t.Fatalf("%d entries", len(entries))
	}
	out, err := dotenv.Remove(data, entries[:1])
	var entangled *dotenv.EntangledError
	if !errors.As(err, &entangled) || entangled.Name != "A" || entangled.Line != 2 || out != nil {
		t.Fatalf("Remove = %q, %v", out, err)
	}
}
