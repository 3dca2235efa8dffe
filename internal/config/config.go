// Package config finds and reads the configuration: the paths, the backend and profile in use, and where
// each setting came from.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/trustedfile"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Names of environment variables that this program reads.
const (
	EnvBackend = "RAGENV_BACKEND"
	EnvProfile = "RAGENV_PROFILE"
)

// DefaultProfile is the profile of users who have not named one.
const DefaultProfile = "default"

// The limits of Unlock.
const (
	defaultUnlock = 15 * time.Minute
	maxUnlock     = 24 * time.Hour
)

// Origin is where a setting came from: OriginDefault, OriginFile, OriginFlag, or the name of an environment
// variable.
type Origin string

// The origins other than environment variables.
const (
	OriginDefault Origin = "default"
	OriginFile    Origin = "config file"
	OriginFlag    Origin = "flag"
)

// ErrInvalid: the config file cannot be used. The error around it names the path and the line.
var ErrInvalid = errors.New("invalid config file")

// formatVersion is the newest format of config.toml that this program reads. A file need not name its
// format until there is a second one, which older programs then reject.
const formatVersion = 1

// Config is the configuration in effect.
type Config struct {
	// Backend is empty until the first write chooses one.
	Backend string
	// PinnedBackend is the backend in the config file, even if this run uses another.
	PinnedBackend string
	// Profile is the active profile.
	Profile string
	// Unlock is how long a store stays unlocked after its passphrase was given.
	Unlock time.Duration
	// Collection is the Secret Service collection; empty means the default.
	Collection string
	// Aliases maps additional variables to the item whose value they get.
	Aliases map[string]string
	// Sources are the commands that provide keys, by profile and name: see Source and Sourced.
	Sources map[string]map[string]Source
	// Required are the names that must be set for `ragenv -- COMMAND` to start.
	Required []string
	// Unused are the names of keys that the user does not use: setup does not ask for them, and nothing
	// warns about them.
	Unused []string

	// Origins maps each setting, by its key in the config file, to where it came from.
	Origins map[string]Origin
	// UnknownKeys are the unknown keys of the config file, with dots for nested ones.
	UnknownKeys []string

	Paths Paths

	text string // the config file as read
}

// document is config.toml. A nil field is not set.
type document struct {
	Format   *int              `toml:"format"`
	Backend  *string           `toml:"backend"`
	Profile  *string           `toml:"profile"`
	Unlock   *string           `toml:"unlock"`
	Required []string          `toml:"required"`
	Unused   []string          `toml:"unused"`
	Aliases  map[string]string `toml:"aliases"`

	Sources       map[string]map[string]Source `toml:"sources"`
	SecretService struct {
		Collection *string `toml:"collection"`
	} `toml:"secret-service"`
}

// Keys of config.toml.
const (
	KeyBackend    = "backend"
	KeyProfile    = "profile"
	KeyUnlock     = "unlock"
	KeyRequired   = "required"
	KeyUnused     = "unused"
	KeyAliases    = "aliases"
	KeyCollection = "secret-service.collection"
)

// Load reads the config file, if it exists, and the environment through getenv. Errors: ErrInvalid;
// keychain.ErrInsecure for a file that another user can change; keychain.ErrNewerFormat;
// keychain.ErrInvalidName for a profile; ErrNoHome.
func Load(getenv func(string) string) (*Config, error) {
	paths, err := FindPaths(getenv)
	if err != nil {
		return nil, err
	}
	c := &Config{Profile: DefaultProfile, Unlock: defaultUnlock, Paths: paths, Origins: map[string]Origin{}}
	if err := c.readFile(); err != nil {
		return nil, err
	}
	if backend := getenv(EnvBackend); backend != "" {
		c.Backend, c.Origins[KeyBackend] = backend, EnvBackend
	}
	if profile := getenv(EnvProfile); profile != "" {
		if err := c.SetProfile(profile, EnvProfile); err != nil {
			return nil, fmt.Errorf("%s: %w", EnvProfile, err)
		}
	}
	return c, nil
}

// SetProfile sets the active profile for this run. Error: keychain.ErrInvalidName.
func (c *Config) SetProfile(profile string, origin Origin) error {
	if err := keychain.ValidateProfile(profile); err != nil {
		return err
	}
	c.Profile, c.Origins[KeyProfile] = profile, origin
	return nil
}

// BackendMoved reloads the backend in use and reports whether it has changed. A migration sets the new
// backend before it empties the old one, so an item not found in the old one must then be looked up again.
func (c *Config) BackendMoved(getenv func(string) string) bool {
	// Usually the file has not changed, and need be neither parsed nor trusted: this runs for every registry
	// without a login.
	text, err := readfile.Read(c.Paths.ConfigFile, 0, atomicfile.MaxSize)
	if absent := errors.Is(err, fs.ErrNotExist); (absent || err == nil) && string(text) == c.text {
		return false
	}
	now, err := Load(getenv)
	if err != nil || now.Backend == c.Backend {
		return false
	}
	c.Backend, c.PinnedBackend, c.Collection = now.Backend, now.PinnedBackend, now.Collection
	for _, key := range []string{KeyBackend, KeyCollection} {
		c.Origins[key] = now.OriginOf(key)
	}
	return true
}

// OriginOf returns where a setting came from.
func (c *Config) OriginOf(key string) Origin {
	if origin, ok := c.Origins[key]; ok {
		return origin
	}
	return OriginDefault
}

// ForProfile returns the flag, with a leading space, that a command in a hint needs to use a profile, "" for
// the active one.
func (c *Config) ForProfile(profile string) string {
	if profile == c.Profile {
		return ""
	}
	return " --profile " + profile
}

func (c *Config) readFile() error {
	text, err := c.readText()
	if err != nil || text == "" {
		return err
	}
	c.text = text
	return c.parse(text)
}

// readText returns the config file's content, or "" if there is no file.
func (c *Config) readText() (string, error) {
	data, err := trustedfile.Read(c.Paths.ConfigFile, atomicfile.MaxSize)
	var irregular *readfile.NotRegularError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.As(err, &irregular), errors.Is(err, readfile.ErrTooLarge):
		return "", &FileError{Path: c.Paths.ConfigFile, Err: err, notAFile: true}
	}
	return string(data), err
}

func (c *Config) parse(text string) error {
	if format := formatOf(text); format > formatVersion {
		return fmt.Errorf("%w: %s has format %d, this program knows up to %d", keychain.ErrNewerFormat, c.Paths.ConfigFile, format, formatVersion)
	}
	doc, unknown, err := decode(text)
	if err != nil {
		return c.invalid(err)
	}
	c.UnknownKeys = unknown
	set := func(key string, isSet bool) bool {
		if isSet {
			c.Origins[key] = OriginFile
		}
		return isSet
	}
	if set(KeyBackend, doc.Backend != nil) {
		c.Backend, c.PinnedBackend = *doc.Backend, *doc.Backend
	}
	if set(KeyCollection, doc.SecretService.Collection != nil) {
		c.Collection = *doc.SecretService.Collection
	}
	if set(KeyAliases, doc.Aliases != nil) {
		c.Aliases = doc.Aliases
	}
	if set(KeySources, doc.Sources != nil) {
		if err := checkSources(doc.Sources); err != nil {
			return c.invalid(err)
		}
		c.Sources = doc.Sources
	}
	if set(KeyRequired, doc.Required != nil) {
		c.Required = doc.Required
	}
	if set(KeyUnused, doc.Unused != nil) {
		c.Unused = doc.Unused
	}
	if set(KeyProfile, doc.Profile != nil) {
		if err := keychain.ValidateProfile(*doc.Profile); err != nil {
			return c.invalid(err)
		}
		c.Profile = *doc.Profile
	}
	if set(KeyUnlock, doc.Unlock != nil) {
		if c.Unlock, err = ParseUnlock(*doc.Unlock); err != nil {
			return c.invalid(fmt.Errorf("unlock: %w", err))
		}
	}
	return nil
}

// formatOf returns the format that the document names, or 0. It ignores everything else, which may differ
// in another format.
func formatOf(text string) int {
	var head struct {
		Format int `toml:"format"`
	}
	// Parse twice only for the few files that contain the word.
	if !strings.Contains(text, "format") || toml.Unmarshal([]byte(text), &head) != nil {
		return 0
	}
	return head.Format
}

// decode parses the document and returns its unknown keys, sorted. Its error starts with the line number.
func decode(text string) (doc document, unknown []string, err error) {
	err = toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields().Decode(&doc)
	var strange *toml.StrictMissingError
	if errors.As(err, &strange) {
		for _, missing := range strange.Errors {
			unknown = append(unknown, strings.Join(missing.Key(), "."))
		}
		sort.Strings(unknown)
		doc = document{}
		err = toml.Unmarshal([]byte(text), &doc)
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ := at.Position()
		message := strings.TrimPrefix(at.Error(), "toml: ")
		// The error for a wrong type uses Go's terms; the line shows which setting it is.
		message, _, _ = strings.Cut(message, " into struct field ")
		return doc, unknown, &lineError{line, message}
	}
	return doc, unknown, err
}

// ParseUnlock parses a duration such as "8h" or "30m", from one second to maxUnlock.
func ParseUnlock(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a duration such as 15m or 8h", text)
	}
	if d < time.Second || d > maxUnlock {
		return 0, fmt.Errorf("%s is not between 1s and %s", d, "24h")
	}
	return d, nil
}
