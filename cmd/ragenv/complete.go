package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// completePatience is how long a keychain may take to list its names: a person waits with a finger on the key.
const completePatience = time.Second

// newCompleteCommand is what the completion scripts ask. The words are those after the program's name up to the one at the
// cursor, which may be empty. The first line of the answer is its kind:
//
//	:words      lines of a word, a tab and what it is follow
//	:files      the names of files
//	:command N  the words from the Nth on (from 0) are a command line of their own
//
// Nothing is printed where nothing is known, or on an error. It asks nobody and unlocks nothing.
func newCompleteCommand(p *program) *cli.Command {
	var newWord bool
	return &cli.Command{
		Name:      "__complete",
		Usage:     "answer a completion script",
		ArgsUsage: "WORD...",
		Hidden:    true,
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "new-word", Destination: &newWord, Usage: "the word at the cursor is empty, and left out"}},
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if newWord || len(words) == 0 {
				words = append(words, "")
			}
			_, _ = io.WriteString(p.stdout, completeWords(p, newApp(p), words).String())
			return nil
		},
	}
}

// completion is the answer to a script.
type completion struct {
	kind  string
	words []candidate
}

type candidate struct{ word, about string }

func (a completion) String() string {
	if a.kind == "" || a.kind == kindWords && len(a.words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(a.kind + "\n")
	for _, c := range a.words {
		fmt.Fprintf(&b, "%s\t%s\n", c.word, ui.Printable(c.about))
	}
	return b.String()
}

const (
	kindWords   = ":words"
	kindFiles   = ":files"
	kindCommand = ":command"
)

// source says what stands in a place of the command line.
type source func(*completer) completion

// completionSources by the word that the help shows for the place; "COMMAND PATH WORD" and "--flag" come before the word alone. A
// word that stands for free text has nil. A test holds every flag and argument to be in here.
var completionSources = map[string]source{
	"set NAME":          (*completer).knownNames,
	"verify NAME":       (*completer).variables,
	"NAME":              (*completer).storedNames,
	"--profile":         (*completer).profiles,
	"--name":            nil,
	"PROFILE":           (*completer).profiles,
	"profile copy FROM": (*completer).profiles,
	"profile copy TO":   (*completer).profiles,
	"FROM":              words(keychain.Backends),
	"TO":                words(keychain.Backends),
	"BACKEND":           words(keychain.Backends),
	"FORMAT":            words(render.Names),
	"SHELL":             words(completionShells),
	"COMMAND":           (*completer).commands,
	"FILE":              func(*completer) completion { return completion{kind: kindFiles} },
	"A,B":               (*completer).variableList,
	"WHEN":              nil,
	"DURATION":          nil,
	"IMAGE":             nil,
	"NAMESPACE":         nil,
	"SECRET":            nil,
	"WORD":              nil,
}

func words(list func() []string) source {
	return func(*completer) completion {
		answer := completion{kind: kindWords}
		for _, word := range list() {
			answer.words = append(answer.words, candidate{word: word})
		}
		return answer
	}
}

// flagSource returns what a flag's value is; ok is false if the table does not know it.
func flagSource(f cli.Flag) (source, bool) {
	if s, ok := completionSources["--"+f.Names()[0]]; ok {
		return s, true
	}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return nil, false
	}
	m := placeholder().FindStringSubmatch(doc.GetUsage())
	if m == nil {
		return nil, false
	}
	s, ok := completionSources[m[1]]
	return s, ok
}

// argumentSource returns what a command's argument number n (from 0) is; ok is false if the table does not know it. The
// last one repeats where the help has dots behind it.
func argumentSource(command *cli.Command, n int) (s source, ok bool) {
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
	path := strings.TrimPrefix(commandPath(command), programName+" ")
	if s, ok = completionSources[path+" "+word]; ok {
		return s, true
	}
	s, ok = completionSources[word]
	return s, ok
}

// completer completes one command line.
type completer struct {
	*program
	app     *cli.App
	current string            // the word at the cursor, or that part of it after "--flag="
	given   []string          // the arguments before it
	values  map[string]string // the flags before it
}

func completeWords(p *program, app *cli.App, words []string) completion {
	c := &completer{program: p, app: app, values: map[string]string{}}
	before, current := words[:len(words)-1], words[len(words)-1]
	c.current = current
	var command *cli.Command
	flags, commands := app.Flags, app.Commands
	if run := app.Command(runCommandName); run != nil {
		flags = slices.Concat(run.Flags, flags)
	}
	literal := false
	for i := 0; i < len(before); i++ {
		word := before[i]
		switch {
		case literal:
			c.given = append(c.given, word)
		case word == "--" && (command == nil || command.Name == runCommandName):
			return c.commandLine(i + 1)
		case word == "--":
			literal = true
		case isFlag(word):
			name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			f := findFlag(flags, name)
			switch {
			case f == nil || hasValue || flagLength(flags, word) == 1:
			case i+1 == len(before):
				return c.value(f, "")
			default:
				i++
				value = before[i]
			}
			if f != nil {
				c.values[f.Names()[0]] = value
			}
		default:
			if next := find(commands, word); next != nil {
				command, flags, commands = next, next.Flags, next.Subcommands
				continue
			}
			if command != nil && command.Name == runCommandName {
				return c.commandLine(i)
			}
			if command == nil || len(commands) > 0 {
				return completion{} // a word that is no command
			}
			c.given = append(c.given, word)
		}
	}
	if name, value, hasValue := strings.Cut(current, "="); !literal && hasValue && isFlag(name) {
		if f := findFlag(flags, strings.TrimLeft(name, "-")); f != nil && flagLength(flags, name) == 2 {
			c.current = value
			return c.value(f, name+"=")
		}
		return completion{}
	}
	switch {
	case strings.HasPrefix(current, "-") && !literal:
		return c.match(c.flags(flags, command == nil || command.Name == runCommandName), "")
	case command == nil:
		return c.match(commandWords(app.Commands), "")
	case command.Name == runCommandName:
		return c.commandLine(len(before))
	case len(commands) > 0:
		return c.match(commandWords(commands), "")
	}
	if s, _ := argumentSource(command, len(c.given)); s != nil {
		return c.match(s(c), "")
	}
	return completion{}
}

func (c *completer) commandLine(from int) completion {
	return completion{kind: fmt.Sprintf("%s %d", kindCommand, from)}
}

// value completes the value of a flag. What is put before it belongs to the same word.
func (c *completer) value(f cli.Flag, before string) completion {
	if s, _ := flagSource(f); s != nil {
		return c.match(s(c), before)
	}
	return completion{}
}

// match leaves the words that begin as the current one does, in either case of letters if none does in its own.
func (c *completer) match(answer completion, before string) completion {
	matching := slices.Clone(answer.words)
	matching = slices.DeleteFunc(matching, func(w candidate) bool { return !strings.HasPrefix(w.word, c.current) })
	if len(matching) == 0 {
		matching = slices.DeleteFunc(slices.Clone(answer.words), func(w candidate) bool {
			return !strings.HasPrefix(strings.ToLower(w.word), strings.ToLower(c.current))
		})
	}
	for i := range matching {
		matching[i].word = before + matching[i].word
	}
	answer.words = matching
	return answer
}

func findFlag(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func (c *completer) flags(flags []cli.Flag, beforeCommand bool) completion {
	answer := completion{kind: kindWords}
	seen := map[string]bool{}
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if visible, isVisible := f.(cli.VisibleFlag); !ok || isVisible && !visible.IsVisible() || seen[f.Names()[0]] {
			continue
		}
		seen[f.Names()[0]] = true
		answer.words = append(answer.words, candidate{"--" + f.Names()[0], strings.ReplaceAll(doc.GetUsage(), "`", "")})
	}
	if beforeCommand {
		answer.words = append(answer.words, candidate{"--", "a command to run with the keys follows"})
	}
	return answer
}

func commandWords(commands []*cli.Command) completion {
	answer := completion{kind: kindWords}
	for _, command := range commands {
		if !command.Hidden {
			answer.words = append(answer.words, candidate{command.Name, command.Usage})
		}
	}
	return answer
}

// commands completes the path of a command, as "help" takes it.
func (c *completer) commands() completion {
	known := c.app.Commands
	for _, word := range c.given {
		command := find(known, word)
		if command == nil {
			return completion{}
		}
		known = command.Subcommands
	}
	return commandWords(known)
}

// listing is what a keychain says of itself without being unlocked.
type listing struct {
	profile string // the active one; empty if it is not known
	refs    []keychain.Ref
}

// list lists what is stored in the active profile, or in all; it is empty if that is not known in time.
func (c *completer) list(all bool) listing {
	answer := make(chan listing, 1)
	go func() { answer <- c.listSlowly(all) }()
	select {
	case listed := <-answer:
		listed.refs = slices.DeleteFunc(listed.refs, func(ref keychain.Ref) bool {
			return strings.ContainsFunc(ref.Name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
		})
		return listed
	case <-time.After(completePatience):
		return listing{}
	}
}

func (c *completer) listSlowly(all bool) listing {
	cfg, err := config.Load(c.getenv)
	if err != nil {
		return listing{}
	}
	if profile, ok := c.values[flagProfile]; ok && !all && cfg.SetProfile(profile, config.OriginFlag) != nil {
		return listing{}
	}
	profile := cfg.Profile
	if all {
		profile = ""
	}
	k, err := opener.Opener{Config: cfg, Getenv: c.getenv, Print: ui.Printer{Program: programName, W: io.Discard}}.Read()
	if err != nil {
		return listing{profile: cfg.Profile}
	}
	refs, _ := k.List(profile)
	return listing{cfg.Profile, refs}
}

func (c *completer) stored(kinds ...keychain.Kind) completion {
	answer := completion{kind: kindWords}
	for _, ref := range c.list(false).refs {
		if !slices.Contains(kinds, ref.Kind) || slices.Contains(c.given, ref.Name) {
			continue
		}
		about := "stored key"
		if known, ok := secrets.Lookup(ref.Name); ok {
			about = known.Title
		}
		if ref.Kind == keychain.KindRegistry {
			about = "login of a registry"
		}
		answer.words = append(answer.words, candidate{ref.Name, about})
	}
	return answer
}

func (c *completer) storedNames() completion {
	return c.stored(keychain.KindEnv, keychain.KindRegistry)
}

func (c *completer) variables() completion { return c.stored(keychain.KindEnv) }

// variableList completes the last name of a list with commas.
func (c *completer) variableList() completion {
	listed := c.current[:strings.LastIndex(c.current, ",")+1]
	c.given = strings.Split(listed, ",")
	answer := c.variables()
	for i := range answer.words {
		answer.words[i].word = listed + answer.words[i].word
	}
	return answer
}

// knownNames are the names that something is known of, and those stored.
func (c *completer) knownNames() completion {
	answer := completion{kind: kindWords}
	for _, known := range secrets.All() {
		answer.words = append(answer.words, candidate{known.Name, known.Title})
	}
	for _, stored := range c.variables().words {
		if _, ok := secrets.Lookup(stored.word); !ok {
			answer.words = append(answer.words, stored)
		}
	}
	return answer
}

// profiles are those that something is stored in, and the active one.
func (c *completer) profiles() completion {
	listed := c.list(true)
	names := []string{}
	if listed.profile != "" {
		names = append(names, listed.profile)
	}
	for _, ref := range listed.refs {
		names = append(names, ref.Profile)
	}
	slices.Sort(names)
	answer := completion{kind: kindWords}
	for _, name := range slices.Compact(names) {
		answer.words = append(answer.words, candidate{word: name, about: "profile"})
	}
	return answer
}
