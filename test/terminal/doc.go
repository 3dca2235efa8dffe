// Package terminal runs the built programs on a pseudo-terminal, as a user does, in a home of their own:
//
//	w := terminal.NewWorld(t)
//	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
//	d.Expect("NGC_API_KEY (hidden): ").Send(key + "\r")
//	d.Expect("stored NGC_API_KEY").WantCode(0)
//
// It waits for what must come, never for a time. Its own tests are those of every command that asks or draws. Linux and macOS.
package terminal
