package main

import (
	"testing"

	"github.com/ragenv/ragenv/test/wording"
)

// Everything the program says, in its own files and in the packages it is made of, keeps to the rules of package wording.
func TestWording(t *testing.T) {
	faults, err := wording.Check(".", "../../internal/credentialhelper", "../../internal/ui", "../../internal/opener", "../../internal/passphrase", "../../pkg/keychain")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
