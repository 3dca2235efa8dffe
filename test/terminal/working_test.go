//go:build linux || darwin

package terminal_test

import (
	"net"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// While a service does not answer, a progress indicator moves. It is removed when ragenv gives up.
func TestSomethingMovesWhileWaiting(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // never accepts a connection
	url := "https://" + listener.Addr().String()
	w := terminal.NewWorld(t, "TERM=xterm", "RAGENV_NGC_API_URL="+url, "RAGENV_NGC_AUTHN_URL="+url, "RAGENV_NGC_REGISTRY_URL="+url)
	w.Open()
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "verify")
	d.Expect("Checking NGC_API_KEY... |").Expect("Checking NGC_API_KEY... /").SendNow("\x03")
	d.Expect("\x1b[K").Expect("ragenv: error: interrupted").WantCode(130)

	d = w.Start("sh", "-c", "TERM=dumb exec "+scripttest.Binary(t, scripttest.Ragenv)+" verify")
	d.Expect("the NGC key is sent to")
	d.SendNow("\x03").WantCode(130)
	if strings.Contains(d.Text(), "Checking") {
		t.Error("a dumb terminal got a moving mark:\n" + d.Text())
	}
}
