// This program links the keyring library and the guard, and prints the environment for commands, one
// variable a line.
package main

import (
	"fmt"

	_ "github.com/99designs/keyring"

	"github.com/ragenv/ragenv/pkg/keychain/internal/nodbus"
)

func init() { nodbus.Started() }

func main() {
	for _, setting := range nodbus.Environ() {
		fmt.Println(setting)
	}
}
