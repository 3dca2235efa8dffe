package nodbus

import (
	"os"
	"time"
)

// patience is how long the session bus may take to answer the library during initialization, when none of
// the program's own time limits apply.
const patience = 5 * time.Second

var watchdog = time.AfterFunc(patience, func() {
	_, _ = os.Stderr.WriteString("ragenv: error: the D-Bus session bus does not answer (" + os.Getenv(variable) + ")\n" +
		"ragenv: hint: export " + variable + "=" + disabled + "\n")
	os.Exit(1) // nothing has started that could be lost
})

// Started tells the watchdog that the library is initialized. A package that imports the library and this
// one calls it in its init.
func Started() { watchdog.Stop() }
