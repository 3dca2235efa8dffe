// Command hello is what every benchmark is compared with: the cheapest program that Go makes and that prints something.
package main

import "fmt"

func main() { fmt.Println("hello, world") }
