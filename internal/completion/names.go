package completion

import (
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// patience limits how long a keychain may take to list its names, since the user is waiting at the prompt.
const patience = time.Second

// Names completes the names of keys and profiles. It never prompts or unlocks, and completes nothing if the
// configuration or the keychain cannot be read.
type Names struct{ Getenv func(string) string }

// listing is what a keychain shows without being unlocked.
type listing struct {
	profile string // the active profile; empty if unknown
	refs    []keychain.Ref
}

// list lists what is stored in the active profile, or in all. It is empty if the keychain does not answer
// in time.
func (n Names) list(c *commandline.Line, all bool) listing {
	answer := make(chan listing, 1)
	go func() { answer <- n.listSlowly(c, all) }()
	select {
	case listed := <-answer:
		listed.refs = slices.DeleteFunc(listed.refs, func(ref keychain.Ref) bool {
			return strings.ContainsFunc(ref.Name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
		})
		return listed
	case <-time.After(patience):
		return listing{}
	}
}

func (n Names) listSlowly(c *commandline.Line, all bool) listing {
	cfg, err := config.Load(n.Getenv)
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
	k, err := opener.Opener{Config: cfg, Getenv: n.Getenv, Print: ui.Printer{W: io.Discard}}.Read()
	if err != nil {
		return listing{profile: cfg.Profile}
	}
	refs, _ := k.List(profile)
	return listing{cfg.Profile, refs}
}

// kinds completes the stored items of some kinds.
func (n Names) kinds(c *commandline.Line, kinds ...keychain.Kind) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	for _, ref := range n.list(c, false).refs {
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

// Stored completes the stored keys and logins.
func (n Names) Stored(c *commandline.Line) commandline.Completion {
	return n.kinds(c, keychain.KindEnv, keychain.KindRegistry)
}

// Variables completes the stored keys.
func (n Names) Variables(c *commandline.Line) commandline.Completion {
	return n.kinds(c, keychain.KindEnv)
}

// Sourced completes the keys that come from commands.
func (n Names) Sourced(c *commandline.Line) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	cfg, err := config.Load(n.Getenv)
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

// VariableList completes the last name of a comma-separated list.
func (n Names) VariableList(c *commandline.Line) commandline.Completion {
	listed := c.Current[:strings.LastIndex(c.Current, ",")+1]
	c.Given = strings.Split(listed, ",")
	answer := n.Variables(c)
	for i := range answer.Words {
		answer.Words[i].Word = listed + answer.Words[i].Word
	}
	return answer
}

// Known completes the variables that ragenv knows and those stored.
func (n Names) Known(c *commandline.Line) commandline.Completion {
	answer := commandline.Completion{Kind: commandline.KindWords}
	for _, known := range secrets.All() {
		answer.Words = append(answer.Words, commandline.Candidate{Word: known.Name, About: known.Title})
	}
	for _, stored := range n.Variables(c).Words {
		if _, ok := secrets.Lookup(stored.Word); !ok {
			answer.Words = append(answer.Words, stored)
		}
	}
	return answer
}

// Profiles completes the profiles that hold something, and the active one.
func (n Names) Profiles(c *commandline.Line) commandline.Completion {
	listed := n.list(c, true)
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
