package setup

import "github.com/ragenv/ragenv/internal/ui"

// say writes a line of the guide, wrapped.
func say(terminal *ui.Terminal, text string) { terminal.Printf("%s\n", terminal.Style.Wrap(text, 0)) }

// done reports a step that succeeded.
func done(terminal *ui.Terminal, text string) {
	terminal.Printf("%s %s\n", terminal.Style.Check(), terminal.Style.Wrap(text, 2))
}

// aside writes text indented by two columns.
func aside(terminal *ui.Terminal, text string) {
	terminal.Printf("  %s\n", terminal.Style.Wrap(text, 2))
}
