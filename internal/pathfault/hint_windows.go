package pathfault

import (
	"path/filepath"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Hint returns "": access is a matter of ACLs here.
func Hint(string, bool) string { return "" }

// LinkHint returns "", as Hint does.
func LinkHint(string) string { return "" }

// Nearby returns the command that lists where a file was searched for.
func Nearby(path string) string { return "dir " + shellquote.Word(filepath.Dir(path)) }
