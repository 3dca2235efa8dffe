package main

import (
	"testing"

	"github.com/ragenv/ragenv/test/wording"
)

// Every text of the program, in its own files and in the packages it uses, follows the rules of package
// wording.
func TestWording(t *testing.T) {
	faults, err := wording.Check(".", "../../internal/credentialhelper", "../../internal/ui", "../../internal/opener", "../../internal/passphrase", "../../pkg/keychain")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
