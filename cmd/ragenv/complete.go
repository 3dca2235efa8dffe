package main

import (
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/completion"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/render"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// completePatience limits how long a keychain may take to list its names, since the user is waiting at the
// prompt.
const completePatience = time.Second

// newCompleteCommand is what the completion scripts run. Its arguments are the words after the program's
// name, up to the one at the cursor, which may be empty. It prints a commandline.Completion.
//
// It prints nothing on an error or if nothing is known. It never prompts or unlocks.
func newCompleteCommand(p *program) *cli.Command {
	var newWord bool
	return &cli.Command{
		Name:      "__complete",
		Usage:     "answer a completion script",
		ArgsUsage: "WORD...",
		Hidden:    true,
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "new-word", Destination: &newWord, Usage: "the word at the cursor is empty, and omitted"}},
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if newWord || len(words) == 0 {
				words = append(words, "")
			}
			_, _ = io.WriteString(p.stdout, p.completionSources().Complete(newApp(p), words).String())
			return nil
		},
	}
}

// completionSources maps each place of a command line to what completes it. A test checks that every flag
// and argument is here.
func (p *program) completionSources() commandline.Sources {
	return commandline.Sources{
		"set NAME":          p.completeKnownNames,
		"--unused":          p.completeKnownNames,
		"--used":            p.completeKnownNames,
		"verify NAME":       p.completeVariables,
		"source set NAME":   p.completeKnownNames,
		"source set A,B":    nil,
		"source rm NAME":    p.completeSources,
		"NAME":              p.completeStoredNames,
		"--profile":         p.completeProfiles,
		"--name":            nil,
		"PROFILE":           p.completeProfiles,
		"profile copy FROM": p.completeProfiles,
		"profile copy TO":   p.completeProfiles,
		"FROM":              commandline.List(keychain.Backends),
		"TO":                commandline.List(keychain.Backends),
		"BACKEND":           commandline.List(keychain.Backends),
		"FORMAT":            commandline.List(render.Names),
		"SHELL":             commandline.List(completion.Shells),
		"COMMAND":           commandline.Commands,
		"FILE":              commandline.Files,
		"A,B":               p.completeVariableList,
		"WHEN":              nil,
		"DURATION":          nil,
		"KEY":               nil,
		"IMAGE":             nil,
		"NAMESPACE":         nil,
		"SECRET":            nil,
		"RELEASE":           nil,
		"VAR=NAME[:FORMAT]": nil,
		"URL":               nil,
		"DIR":               commandline.Files,
		"WORD":              nil,
		"N":                 nil,
		"shell|compose":     commandline.List(func() []string { return []string{string(dotenv.Shell), string(dotenv.Compose)} }),
	}
}

// listing is what a keychain shows without being unlocked.
type listing struct {
	profile string // the active profile; empty if unknown
	refs    []keychain.Ref
}

// listForCompletion lists what is stored in the active profile, or in all. It is empty if the keychain does
// not answer in time.
func (p *program) listForCompletion(c *commandline.Line, all bool) listing {
	answer := make(chan listing, 1)
	go func() { answer <- p.listSlowly(c, all) }()
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

func (p *program) listSlowly(c *commandline.Line, all bool) listing {
	cfg, err := config.Load(p.getenv)
	if err != nil {
		return listing{}
	}
	if profile, ok := c.Values[session.FlagProfile]; ok && !all && cfg.SetProfile(profile, config.OriginFlag) != nil {
		return listing{}
	}
	profile := cfg.Profile
	if all {
		profile = ""
	}
	k, err := opener.Opener{Config: cfg, Getenv: p.getenv, Print: ui.Printer{Program: programName, W: io.Discard}}.Read()
	if err != nil {
		return listing{profile: cfg.Profile}
	}
	refs, _ := k.List(profile)
	return listing{cfg.Profile, refs}
}

func (p *program) completeStored(c *commandline.Line, kinds ...keychain.Kind) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	for _, ref := range p.listForCompletion(c, false).refs {
		if !slices.Contains(kinds, ref.Kind) || slices.Contains(c.Given, ref.Name) {
			continue
		}
		about := "stored key"
		if known, ok := secrets.Lookup(ref.Name); ok {
			about = known.Title
		}
		if ref.Kind == keychain.KindRegistry {
			about = "login of a registry"
		}
		answer.Words = append(answer.Words, commandline.Candidate{Word: ref.Name, About: about})
	}
	return answer
}

func (p *program) completeStoredNames(c *commandline.Line) commandline.Completion {
	return p.completeStored(c, keychain.KindEnv, keychain.KindRegistry)
}

func (p *program) completeVariables(c *commandline.Line) commandline.Completion {
	return p.completeStored(c, keychain.KindEnv)
}

// completeSources completes the keys that come from commands.
func (p *program) completeSources(c *commandline.Line) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	cfg, err := config.Load(p.getenv)
	if err != nil {
		return answer
	}
	if profile, ok := c.Values[session.FlagProfile]; ok && cfg.SetProfile(profile, config.OriginFlag) != nil {
		return answer
	}
	for _, ref := range cfg.Sourced(cfg.Profile) {
		answer.Words = append(answer.Words, commandline.Candidate{Word: ref.Name, About: "from a command"})
	}
	return answer
}

// completeVariableList completes the last name of a comma-separated list.
func (p *program) completeVariableList(c *commandline.Line) commandline.Completion {
	listed := c.Current[:strings.LastIndex(c.Current, ",")+1]
	c.Given = strings.Split(listed, ",")
	answer := p.completeVariables(c)
	for i := range answer.Words {
		answer.Words[i].Word = listed + answer.Words[i].Word
	}
	return answer
}

// completeKnownNames completes the variables that ragenv knows and those stored.
func (p *program) completeKnownNames(c *commandline.Line) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	for _, known := range secrets.All() {
		answer.Words = append(answer.Words, commandline.Candidate{Word: known.Name, About: known.Title})
	}
	for _, stored := range p.completeVariables(c).Words {
		if _, ok := secrets.Lookup(stored.Word); !ok {
			answer.Words = append(answer.Words, stored)
		}
	}
	return answer
}

// completeProfiles completes the profiles that hold something, and the active one.
func (p *program) completeProfiles(c *commandline.Line) commandline.Completion {
	listed := p.listForCompletion(c, true)
	names := []string{}
	if listed.profile != "" {
		names = append(names, listed.profile)
	}
	for _, ref := range listed.refs {
		names = append(names, ref.Profile)
	}
	slices.Sort(names)
	answer := commandline.Completion{Kind: commandline.KindWords}
	for _, name := range slices.Compact(names) {
		answer.Words = append(answer.Words, commandline.Candidate{Word: name, About: "profile"})
	}
	return answer
}
