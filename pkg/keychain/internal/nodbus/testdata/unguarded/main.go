// This program links the keyring library alone, to show what it does when nothing holds it back.
package main

import _ "github.com/99designs/keyring"

func main() {}
