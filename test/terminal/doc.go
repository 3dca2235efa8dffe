// Package terminal runs the built programs on a pseudo-terminal, as a user does, each test in its own home:
//
//	w := terminal.NewWorld(t)
//	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
//	d.Expect("NGC_API_KEY (hidden): ").Send(key + "\r")
//	d.Expect("stored NGC_API_KEY").WantCode(0)
//
// It waits for events, never for a fixed time. Its own tests cover every command that prompts or draws. It
// supports Linux and macOS.
package terminal
