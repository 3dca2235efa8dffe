// Command docker-credential-ngc keeps the credentials of Docker's clients in the keychain that ragenv uses:
// the NGC key, stored once, logs in to nvcr.io and is passed to containers. Clients run it; users rarely
// do.
package main

import (
	"os"

	_ "github.com/ragenv/ragenv/internal/bigstack" // makes the start cheaper
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/hardening"
)

func main() {
	hardening.Undumpable()
	os.Exit(credentialhelper.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
