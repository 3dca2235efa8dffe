package shellquote

import (
	"os/exec"
	"strings"
	"testing"
)

func TestPowerShell(t *testing.T) {
	for got, want := range map[string]string{
		powerShell.word(`C:\Users\me\x.txt`):                       `C:\Users\me\x.txt`,
		powerShell.word(`C:\My Files\it's`):                        `'C:\My Files\it''s'`,
		powerShell.word("$x"):                                      "'$x'",
		powerShell.set("A_FILE", powerShell.word("FILE")):          "$env:A_FILE = 'FILE'",
		powerShell.set("A_FILE", powerShell.word("a b")):           "$env:A_FILE = 'a b'",
		powerShell.unset([]string{"A"}):                            "Remove-Item Env:A",
		powerShell.edit(powerShell.word(`C:\x y\config.json`), 12): `notepad 'C:\x y\config.json'`,
		powerShell.onPath(`C:\Users\o'neil\bin`):                   `$env:PATH = 'C:\Users\o''neil\bin;' + $env:PATH`,
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestPOSIXCommands runs the commands in a shell.
func TestPOSIXCommands(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	const odd = "/d d/p;x$(id)'\"`"
	for script, want := range map[string]string{
		posix.set("A", posix.word(odd)) + `; printf %s "$A"`:                  odd,
		posix.unset([]string{"HOME"}) + `; printf %s "${HOME-none}"`:          "none",
		posix.onPath(odd) + `; printf %s "${PATH%%:/*}"`:                      odd,
		posix.onPath("/plain/bin") + `; printf %s "${PATH%%:*}"`:              "/plain/bin",
		"EDITOR='printf %s,'; " + posix.edit(posix.word(odd), 12):             "+12," + odd + ",",
		"EDITOR='printf %s,'; " + posix.edit(posix.word("/a/config.json"), 0): "/a/config.json,",
	} {
		out, err := exec.Command(sh, "-c", script).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %q, %v; want %q", script, out, err, want)
		}
	}
}

func TestUnsetSeveral(t *testing.T) {
	for got, want := range map[string]string{
		posix.unset([]string{"A", "B"}):      "unset A B",
		powerShell.unset([]string{"A", "B"}): "Remove-Item Env:A, Env:B",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
