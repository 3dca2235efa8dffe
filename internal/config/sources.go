package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/tomlquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// KeySources is the key of config.toml for commands that provide keys.
const KeySources = "sources"

// Source is a command that prints a key: the table [sources.PROFILE.NAME] of config.toml.
type Source struct {
	// Command is the program, as a path or a name to find on PATH, and its arguments. No shell interprets
	// it.
	Command []string `toml:"command"`
	// Env are additional variables of the caller that the command gets.
	Env []string `toml:"env"`
	// Cache is how long the key is kept in the kernel keyring, such as "5m". Empty means not at all.
	Cache string `toml:"cache"`
}

// CacheFor returns Cache as a duration. Zero means not at all.
func (s Source) CacheFor() time.Duration {
	d, _ := ParseUnlock(s.Cache) // Load checked it
	return d
}

// Source returns the command that provides an item.
func (c *Config) Source(ref keychain.Ref) (Source, bool) {
	source, ok := c.Sources[ref.Profile][ref.Name]
	return source, ok && ref.Kind == keychain.KindEnv
}

// Sourced returns the items that commands provide, for one profile or, if profile is empty, for all.
func (c *Config) Sourced(profile string) []keychain.Ref {
	var refs []keychain.Ref
	for _, p := range slices.Sorted(maps.Keys(c.Sources)) {
		for _, name := range slices.Sorted(maps.Keys(c.Sources[p])) {
			if profile == "" || p == profile {
				refs = append(refs, keychain.Ref{Profile: p, Kind: keychain.KindEnv, Name: name})
			}
		}
	}
	return refs
}

// Check returns an error for a command that can never run.
func (s Source) Check() error {
	switch {
	case len(s.Command) == 0 || s.Command[0] == "":
		return errors.New(`command is missing: an array such as ["pass", "show", "ngc"]`)
	case slices.ContainsFunc(s.Command, func(arg string) bool { return strings.Contains(arg, "\x00") }):
		return errors.New("command holds a NUL byte")
	case strings.ContainsAny(s.Command[0], `/\`) && !filepath.IsAbs(s.Command[0]):
		return errors.New("command begins with a path that depends on the directory: write the whole path")
	}
	if s.Cache != "" {
		if _, err := ParseUnlock(s.Cache); err != nil {
			return fmt.Errorf("cache: %w", err)
		}
	}
	for _, name := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return errors.New("env holds what is no variable's name: values do not belong there")
		}
	}
	return nil
}

// checkSources returns an error for the first source that can never run.
func checkSources(sources map[string]map[string]Source) error {
	for _, profile := range slices.Sorted(maps.Keys(sources)) {
		if err := keychain.ValidateProfile(profile); err != nil {
			return fmt.Errorf("[sources.%s]: %w", profile, err)
		}
		for _, name := range slices.Sorted(maps.Keys(sources[profile])) {
			if err := sources[profile][name].Check(); err != nil {
				return fmt.Errorf("[sources.%s.%s]: %w", profile, name, err)
			}
		}
	}
	return nil
}

// SetSource writes the command that provides an item to the config file, in place of a former one, keeps
// every other line, and applies the setting. Errors: those of Pin.
func (c *Config) SetSource(ref keychain.Ref, source Source) error {
	err := c.edit(editing{
		byHand: "[" + sourceTable(ref) + "]",
		change: func(doc *document) {
			if doc.Sources == nil {
				doc.Sources = map[string]map[string]Source{}
			}
			if doc.Sources[ref.Profile] == nil {
				doc.Sources[ref.Profile] = map[string]Source{}
			}
			doc.Sources[ref.Profile][ref.Name] = source
		},
		text: func(text string) string {
			text = withoutTable(text, sourceTable(ref))
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			return text + "\n" + sourceText(ref, source)
		},
	})
	if err != nil {
		return err
	}
	if c.Sources == nil {
		c.Sources = map[string]map[string]Source{}
	}
	if c.Sources[ref.Profile] == nil {
		c.Sources[ref.Profile] = map[string]Source{}
	}
	c.Sources[ref.Profile][ref.Name] = source
	return nil
}

// RemoveSource removes the command that provides an item from the config file. Errors: those of Pin.
func (c *Config) RemoveSource(ref keychain.Ref) error {
	err := c.edit(editing{
		byHand: "remove [" + sourceTable(ref) + "]",
		change: func(doc *document) {
			delete(doc.Sources[ref.Profile], ref.Name)
			if len(doc.Sources[ref.Profile]) == 0 {
				delete(doc.Sources, ref.Profile)
			}
			if len(doc.Sources) == 0 {
				doc.Sources = nil
			}
		},
		text: func(text string) string { return withoutTable(text, sourceTable(ref)) },
	})
	if err != nil {
		return err
	}
	delete(c.Sources[ref.Profile], ref.Name)
	return nil
}

// sourceTable returns the name of an item's table. Profiles and variables are valid bare keys of TOML.
func sourceTable(ref keychain.Ref) string { return KeySources + "." + ref.Profile + "." + ref.Name }

func sourceText(ref keychain.Ref, source Source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s]\ncommand = %s\n", sourceTable(ref), tomlquote.Array(source.Command))
	if len(source.Env) > 0 {
		fmt.Fprintf(&b, "env = %s\n", tomlquote.Array(source.Env))
	}
	if source.Cache != "" {
		fmt.Fprintf(&b, "cache = %s\n", tomlquote.String(source.Cache))
	}
	return b.String()
}

// withoutTable removes a table, with its header, up to the next one. Comments and empty lines before the
// next one stay.
func withoutTable(text, table string) string {
	lines := strings.SplitAfter(text, "\n")
	start := slices.IndexFunc(lines, func(line string) bool { return isHeader(line, table) })
	if start < 0 {
		return text
	}
	end := start + 1
	for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "[") {
		end++
	}
	for end < len(lines) && isFiller(lines[end-1]) {
		end--
	}
	if end < len(lines) {
		return strings.Join(lines[:start], "") + strings.Join(lines[end:], "")
	}
	for start > 0 && strings.TrimSpace(lines[start-1]) == "" { // the empty line that SetSource wrote before the table
		start--
	}
	return strings.Join(lines[:start], "")
}

func isHeader(line, table string) bool {
	line, _, _ = strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && strings.TrimSpace(line[1:len(line)-1]) == table
}

func isFiller(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}
