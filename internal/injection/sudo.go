package injection

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

// warnOfSudo warns of variables that sudo, unless it is configured otherwise, removes from the environment of
// the command.
func warnOfSudo(s *session.Session, o Options, injected []string) {
	kept, removed := keptBySudo(o.Command, injected)
	if kept == nil {
		return
	}
	flags := ""
	if o.Only != nil {
		flags = " --only " + strings.Join(o.Only, ",")
	}
	s.Print.Warn("sudo removes %s from the environment of the command", strings.Join(removed, ", "))
	s.Hint("ragenv" + s.ForProfile() + flags + " -- " + ui.QuoteWords(kept))
}

// The flags of sudo(8) with a value in the next word: the letter, and the long form.
const sudoValues = "CDRTUghprtu"

var sudoLong = []string{"--close-from", "--chdir", "--chroot", "--command-timeout", "--other-user", "--group", "--host", "--prompt", "--role", "--type", "--user"}

// keptBySudo returns the form of a command with sudo that keeps the variables, and the variables that the
// command removes; nil if it is not sudo with a command, or removes none.
func keptBySudo(command, injected []string) (kept, removed []string) {
	if filepath.Base(command[0]) != "sudo" {
		return nil, nil
	}
	var flags, listed []string // flags are those but --preserve-env
	shell := false
	i := 1
	for ; i < len(command) && strings.HasPrefix(command[i], "-") && command[i] != "--"; i++ {
		word := command[i]
		list, isList := strings.CutPrefix(word, "--preserve-env=")
		isLong := strings.HasPrefix(word, "--")
		switch {
		case isList:
			listed = append(listed, strings.Split(list, ",")...)
			continue
		case word == "--preserve-env", !isLong && strings.ContainsRune(letters(word), 'E'):
			return nil, nil
		}
		flags = append(flags, word)
		shell = shell || word == "--shell" || word == "--login" || !isLong && strings.ContainsAny(letters(word), "is")
		if takesNext := slices.Contains(sudoLong, word) || !isLong && strings.ContainsRune(sudoValues, rune(word[len(word)-1])) && len(letters(word)) == len(word)-1; takesNext && i+1 < len(command) {
			i++
			flags = append(flags, command[i])
		}
	}
	for _, name := range injected {
		if !slices.Contains(listed, name) {
			removed = append(removed, name)
		}
	}
	if len(removed) == 0 || i == len(command) && !shell {
		return nil, nil
	}
	slices.Sort(removed)
	preserve := "--preserve-env=" + strings.Join(slices.Concat(listed, removed), ",")
	return slices.Concat(command[:1], []string{preserve}, flags, command[i:]), removed
}

// letters returns the letters of a word of short flags, up to the first that takes a value.
func letters(word string) string {
	word = word[1:]
	if i := strings.IndexAny(word, sudoValues); i >= 0 {
		return word[:i+1]
	}
	return word
}
