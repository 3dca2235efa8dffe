package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// forgetLine returns the command that removes the previous line from the current shell's history.
// TestHistoryHints runs them, except PowerShell's, which is from its documentation.
func forgetLine(getenv func(string) string) string {
	switch filepath.Base(getenv("SHELL")) {
	case "bash":
		return "history -d -2 removes it now"
	case "fish":
		return "history delete --exact --case-sensitive -- $history[1] removes it now"
	case "zsh": // has no command to remove a line; this rewrites the file without matching lines
		return "HISTORY_IGNORE='ragenv set *' && fc -W removes it now"
	}
	if runtime.GOOS == "windows" {
		return "delete the line from the file (Get-PSReadLineOption).HistorySavePath"
	}
	return "delete the line there"
}

// valueInArguments is the error for a key on the command line, which is refused but already exposed.
func valueInArguments(command string) error {
	return ui.Usagef(forgetLine(os.Getenv)+"; replace the key at its service, then: "+command+" (it asks for the value)",
		"a key on the command line is refused, and is in the shell's history now")
}

// envName validates a variable name given as an argument.
func envName(c *cli.Context, name string) error {
	before, _, isAssignment := strings.Cut(name, "=")
	switch {
	case isAssignment && secrets.ValidName(before) && !secrets.LooksLikeKey(before):
		return valueInArguments("ragenv set " + before)
	case secrets.LooksLikeKey(name):
		return ui.Usagef(commandline.HelpHint(c), "this is a key, not the name of one")
	}
	if err := secrets.CheckName(name); err != nil {
		hint := commandline.HelpHint(c)
		if meant := meantName(name); meant != "" {
			hint = strings.TrimSuffix(hint, "--help") + meant
		}
		if strings.Contains(name, ".") && name == strings.ToLower(name) && c.Command.Name == "set" {
			hint = loginHint(name, hint)
		}
		return ui.Usagef(hint, "%w", err)
	}
	return nil
}

// meantName returns the variable's name that a name with dashes, dots or spaces stands for, or "".
func meantName(name string) string {
	meant := strings.NewReplacer("-", "_", ".", "_", " ", "_").Replace(name)
	if meant == name || secrets.CheckName(meant) != nil {
		return ""
	}
	return meant
}

// loginHint returns the command that stores the login of a registry, or the hint if server is none.
func loginHint(server, hint string) string {
	server, err := serverurl.Canonical(server)
	if err != nil {
		return hint
	}
	if known, ok := secrets.ForRegistry(server); ok {
		return "ragenv set " + known.Name
	}
	return "docker login " + shellquote.Word(server)
}

// storedRef resolves the argument of get or rm, which is a variable or a registry.
func storedRef(s *session.Session, c *cli.Context, name string) (keychain.Ref, error) {
	if secrets.ValidName(name) || secrets.LooksLikeKey(name) || strings.Contains(name, "=") {
		return s.EnvRef(name), envName(c, name)
	}
	server, err := serverurl.Canonical(name)
	if err != nil {
		return keychain.Ref{}, ui.Usagef("ragenv list", "%w", err)
	}
	return keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: server}, nil
}

// parseOnly parses the value of --only, a comma-separated list of names. It returns nil for no limit.
func parseOnly(c *cli.Context, text string) ([]string, error) {
	if !c.IsSet("only") {
		return nil, nil
	}
	names := []string{}
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if err := envName(c, name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
