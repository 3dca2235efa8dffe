// Command ragenv keeps a person's keys in one keychain and runs commands with them in the environment. Under the name
// docker-credential-ngc it is the credential helper, with every backend.
package main

import (
	"os"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/hardening"
)

func main() {
	hardening.Undumpable()
	if credentialhelper.Called(os.Args[0]) {
		os.Exit(credentialhelper.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	}
	os.Exit(newProgram().main(os.Args[1:]))
}
