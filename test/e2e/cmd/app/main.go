// Command app is the program in every image of the end-to-end world. It waits until it is stopped. "app
// env" prints its environment, one variable per line, and exits.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "env" {
		for _, variable := range os.Environ() {
			fmt.Println(variable)
		}
		return
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}
