package shellquote

import (
	"fmt"
	"strings"
)

// Set returns the command that sets a variable in this shell and for the programs it starts.
func Set(name, value string) string { return system().set(name, system().word(value)) }

// Unset returns the command that removes variables from this shell.
func Unset(names ...string) string { return system().unset(names) }

// Edit returns the command that opens a file in an editor, at this line if the editor supports that. 0
// means no line.
func Edit(path string, line int) string { return system().edit(system().word(path), line) }

// Inner returns the words that make an inner shell run a command line. command is a placeholder, which is
// put in single quotes.
func Inner(command string) string { return system().inner + " '" + command + "'" }

// PrependPath returns the command that puts a directory first in PATH.
func PrependPath(dir string) string { return system().onPath(dir) }

const posixPlain = "-_./:=@,+%"

var posix = dialect{
	plain: posixPlain,
	inner: "sh -c",
	quote: Quote,
	set:   func(name, word string) string { return "export " + name + "=" + word },
	unset: func(names []string) string { return "unset " + strings.Join(names, " ") },
	edit: func(word string, line int) string {
		if line == 0 {
			return "${EDITOR:-vi} " + word
		}
		return fmt.Sprintf("${EDITOR:-vi} +%d %s", line, word)
	},
	onPath: func(dir string) string {
		if word := (dialect{plain: posixPlain, quote: Quote}).word(dir); word != dir {
			return "export PATH=" + word + `:"$PATH"`
		}
		return `export PATH="` + dir + `:$PATH"`
	},
}

var powerShell = dialect{
	plain: `-_./\:=+`,
	inner: "powershell -Command",
	quote: func(word string) string { return "'" + strings.ReplaceAll(word, "'", "''") + "'" },
	set:   func(name, word string) string { return "$env:" + name + " = " + quotedPowerShell(word) },
	unset: func(names []string) string { return "Remove-Item Env:" + strings.Join(names, ", Env:") },
	edit:  func(word string, _ int) string { return "notepad " + word },
	onPath: func(dir string) string {
		return "$env:PATH = '" + strings.ReplaceAll(dir, "'", "''") + ";' + $env:PATH"
	},
}

// quotedPowerShell quotes a bare word, because PowerShell reads one on the right of an assignment as a
// command.
func quotedPowerShell(word string) string {
	if strings.HasPrefix(word, "'") {
		return word
	}
	return "'" + word + "'"
}
