// Command ragenv keeps a person's keys in one keychain and runs commands with them in the environment.
package main

import (
	"os"

	"github.com/ragenv/ragenv/cmd/internal/hardening"
)

func main() {
	hardening.Undumpable()
	os.Exit(newProgram().main(os.Args[1:]))
}
