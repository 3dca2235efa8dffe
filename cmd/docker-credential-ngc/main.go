// Command docker-credential-ngc keeps the credentials of Docker's clients in the keychain that ragenv uses, so that the
// NGC key stored once opens nvcr.io and goes into containers. Clients run it; a user rarely does.
package main

import (
	"os"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/hardening"
)

func main() {
	hardening.Undumpable()
	os.Exit(credentialhelper.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
