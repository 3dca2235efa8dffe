// This program links only the keyring library, to show what it does without the guard.
package main

import _ "github.com/99designs/keyring"

func main() {}
