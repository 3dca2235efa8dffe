// Command hello is the baseline of the benchmarks: the cheapest Go program that prints something.
package main

import "fmt"

func main() { fmt.Println("hello, world") }
