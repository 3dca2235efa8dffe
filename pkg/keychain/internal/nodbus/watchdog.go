package nodbus

import (
	"os"
	"time"
)

// patience is how long the session bus may take to greet the library. It is asked while the program starts, before any
// of the program's own time limits can hold.
const patience = 5 * time.Second

var watchdog = time.AfterFunc(patience, func() {
	_, _ = os.Stderr.WriteString("ragenv: error: the D-Bus session bus does not answer (" + os.Getenv(variable) + ")\n" +
		"ragenv: hint: export " + variable + "=" + disabled + "\n")
	os.Exit(1) // nothing has begun that could be lost
})

// Started says that the library is initialized. Whoever imports the library and this package calls it in its own init.
func Started() { watchdog.Stop() }
