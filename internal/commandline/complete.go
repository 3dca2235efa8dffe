package commandline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/ui"
)

// Completion is the answer to a completion script. Its first line is its kind:
//
//	:words      followed by lines with a word, a tab and its description
//	:files      the shell completes file names
//	:command N  the words from index N on (from 0) are a command line of their own
type Completion struct {
	Kind  string
	Words []Candidate
}

// Candidate is a word for the cursor's position, and its description.
type Candidate struct{ Word, About string }

// The kinds of a Completion.
const (
	KindWords   = ":words"
	KindFiles   = ":files"
	kindCommand = ":command"
)

// String returns the answer in the form that the script reads, or "" if there is nothing to complete.
func (a Completion) String() string {
	if a.Kind == "" || a.Kind == KindWords && len(a.Words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(a.Kind + "\n")
	for _, c := range a.Words {
		fmt.Fprintf(&b, "%s\t%s\n", c.Word, ui.Printable(c.About))
	}
	return b.String()
}

// Source returns the completions for a place on the command line.
type Source func(*Line) Completion

// Sources maps the placeholders in the help to their Source. "COMMAND PATH WORD" and "--flag" take
// precedence over the word alone. A placeholder for free text maps to nil.
type Sources map[string]Source

// List returns a Source of words that do not depend on the line.
func List(words func() []string) Source {
	return func(*Line) Completion {
		answer := Completion{Kind: KindWords}
		for _, word := range words() {
			answer.Words = append(answer.Words, Candidate{Word: word})
		}
		return answer
	}
}

// Files is a Source of file names, which the shell completes best.
func Files(*Line) Completion { return Completion{Kind: KindFiles} }

// OfFlag returns the Source of a flag's value; ok is false if there is no entry.
func (sources Sources) OfFlag(f cli.Flag) (Source, bool) {
	if s, ok := sources["--"+f.Names()[0]]; ok {
		return s, true
	}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return nil, false
	}
	s, ok := sources[Placeholder(doc)]
	return s, ok
}

// OfArgument returns the Source of a command's nth argument (from 0); ok is false if there is no entry. The
// last argument repeats if the help shows dots after it.
func (sources Sources) OfArgument(app *cli.App, command *cli.Command, n int) (s Source, ok bool) {
	places := strings.Fields(command.ArgsUsage)
	if len(places) == 0 {
		return nil, n > 0
	}
	if last := len(places) - 1; n > last {
		if !strings.Contains(places[last], "...") {
			return nil, true
		}
		n = last
	}
	word := strings.Trim(places[n], "[].")
	path := strings.TrimPrefix(Path(app, command), app.Name+" ")
	if s, ok = sources[path+" "+word]; ok {
		return s, true
	}
	s, ok = sources[word]
	return s, ok
}

// Line is the command line being completed.
type Line struct {
	Current string            // the word at the cursor, or the part after "--flag="
	Given   []string          // arguments before the cursor
	Values  map[string]string // flags before the cursor

	app     *cli.App
	sources Sources
}

// Complete completes the last of words, which may be empty. words excludes the program's name.
func (sources Sources) Complete(app *cli.App, words []string) Completion {
	c := &Line{app: app, Values: map[string]string{}, sources: sources}
	before, current := words[:len(words)-1], words[len(words)-1]
	c.Current = current
	var command *cli.Command
	flags, commands := app.Flags, app.Commands
	run := runCommand(app)
	if run != nil {
		flags = slices.Concat(run.Flags, flags)
	}
	literal := false
	for i := 0; i < len(before); i++ {
		word := before[i]
		switch {
		case literal:
			c.Given = append(c.Given, word)
		case word == "--" && (command == nil || command == run):
			return c.commandLine(i + 1)
		case word == "--":
			literal = true
		case IsFlag(word):
			name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			f := FindFlag(flags, name)
			switch {
			case f == nil || hasValue || FlagLength(flags, word) == 1:
			case i+1 == len(before):
				return c.value(f, "")
			default:
				i++
				value = before[i]
			}
			if f != nil {
				c.Values[f.Names()[0]] = value
			}
		default:
			if next := FindCommand(commands, word); next != nil {
				command, flags, commands = next, next.Flags, next.Subcommands
				continue
			}
			if command != nil && command == run {
				return c.commandLine(i)
			}
			if command == nil || len(commands) > 0 {
				return Completion{} // not a command
			}
			c.Given = append(c.Given, word)
		}
	}
	if name, value, hasValue := strings.Cut(current, "="); !literal && hasValue && IsFlag(name) {
		if f := FindFlag(flags, strings.TrimLeft(name, "-")); f != nil && FlagLength(flags, name) == 2 {
			c.Current = value
			return c.value(f, name+"=")
		}
		return Completion{}
	}
	switch {
	case strings.HasPrefix(current, "-") && !literal:
		return c.match(c.flags(flags, command == nil || command == run), "")
	case command == nil:
		return c.match(commandWords(app.Commands), "")
	case command == run:
		return c.commandLine(len(before))
	case len(commands) > 0:
		return c.match(commandWords(commands), "")
	}
	if s, _ := c.sources.OfArgument(c.app, command, len(c.Given)); s != nil {
		return c.match(s(c), "")
	}
	return Completion{}
}

func (c *Line) commandLine(from int) Completion {
	return Completion{Kind: fmt.Sprintf("%s %d", kindCommand, from)}
}

// value completes a flag's value. before is a prefix that belongs to the same word.
func (c *Line) value(f cli.Flag, before string) Completion {
	if s, _ := c.sources.OfFlag(f); s != nil {
		return c.match(s(c), before)
	}
	return Completion{}
}

// match keeps the words that start like the current one. If none does, it ignores case.
func (c *Line) match(answer Completion, before string) Completion {
	matching := slices.Clone(answer.Words)
	matching = slices.DeleteFunc(matching, func(w Candidate) bool { return !strings.HasPrefix(w.Word, c.Current) })
	if len(matching) == 0 {
		matching = slices.DeleteFunc(slices.Clone(answer.Words), func(w Candidate) bool {
			return !strings.HasPrefix(strings.ToLower(w.Word), strings.ToLower(c.Current))
		})
	}
	for i := range matching {
		matching[i].Word = before + matching[i].Word
	}
	answer.Words = matching
	return answer
}

// FindFlag returns the flag with that name, or nil.
func FindFlag(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func (c *Line) flags(flags []cli.Flag, beforeCommand bool) Completion {
	answer := Completion{Kind: KindWords}
	seen := map[string]bool{}
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if visible, isVisible := f.(cli.VisibleFlag); !ok || isVisible && !visible.IsVisible() || seen[f.Names()[0]] {
			continue
		}
		seen[f.Names()[0]] = true
		answer.Words = append(answer.Words, Candidate{"--" + f.Names()[0], strings.ReplaceAll(doc.GetUsage(), "`", "")})
	}
	if beforeCommand {
		answer.Words = append(answer.Words, Candidate{"--", "a command to run with the keys follows"})
	}
	return answer
}

func commandWords(commands []*cli.Command) Completion {
	answer := Completion{Kind: KindWords}
	for _, command := range commands {
		if !command.Hidden {
			answer.Words = append(answer.Words, Candidate{command.Name, command.Usage})
		}
	}
	return answer
}

// Commands is a Source of command paths, as "help" accepts them.
func Commands(c *Line) Completion {
	known := c.app.Commands
	for _, word := range c.Given {
		command := FindCommand(known, word)
		if command == nil {
			return Completion{}
		}
		known = command.Subcommands
	}
	return commandWords(known)
}
