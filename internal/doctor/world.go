package doctor

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// World is what is examined.
type World struct {
	Getenv     func(string) string
	Environ    []string // handed to the programs that are asked, but for what is secret
	Dir        string   // the current directory
	Executable string   // this program's own file; empty if unknown
	Version    string   // this program's
	Now        func() time.Time

	Paths config.Paths
	// Config is the configuration in effect, nil if it could not be read: then ConfigErr says why.
	Config    *config.Config
	ConfigErr error

	// SystemFiles are start-up files of the whole system. Nil is those of this operating system.
	SystemFiles []string
	// PodmanEtc is the directory of Podman's system-wide configuration. Empty is that of this operating system.
	PodmanEtc string
	// MemoryLimits are files that may hold a container's limit of memory. Nil is those of this operating system.
	MemoryLimits []string

	// Commands, unless nil, runs the commands that give keys.
	Commands keychain.Source
	// Services, unless nil, are asked whether they take the stored keys.
	Services Services
	// Image is what the stored key should be able to pull.
	Image probe.Image

	storedOnce sync.Once
	storedKeys *stored

	commandsOnce   sync.Once
	commandResults map[keychain.Ref]commandAnswer

	scanOnce   sync.Once
	scanResult *scanned
	dockerOnce sync.Once
	dockerFile *dockerconfig.File
	dockerErr  error
}

// Services are the other sides of the keys. *probe.Client is one.
type Services interface {
	NGC(ctx context.Context, key string) probe.Result
	RegistryPull(ctx context.Context, key string, image probe.Image) probe.Result
	Clock(ctx context.Context) (time.Time, error)
}

var _ Services = (*probe.Client)(nil)

// The credential helper, as PATH and as config.json have it.
const (
	helperName    = "ngc"
	helperPrefix  = "docker-credential-"
	helperProgram = helperPrefix + helperName
)

const ngcRegistry = serverurl.NGC

// unreadableConfig is the result of a check that needs the configuration where there is none.
var unreadableConfig = Result{Warning, "not checked: the configuration cannot be read", "ragenv doctor, after config-file is fixed"}

// docker returns Docker's config.json, read once.
func (w *World) docker() (*dockerconfig.File, error) {
	w.dockerOnce.Do(func() { w.dockerFile, w.dockerErr = dockerconfig.Load(w.dockerConfigPath()) })
	return w.dockerFile, w.dockerErr
}

func (w *World) dockerConfigPath() string { return dockerconfig.Path(w.Getenv, w.Paths.Home) }

// forProfile is the flag that a command in a hint needs to reach the examined profile, with a leading space.
func (w *World) forProfile() string {
	if w.Config == nil || w.Config.OriginOf(config.KeyProfile) != config.OriginFlag {
		return ""
	}
	return " --profile " + w.Config.Profile
}

// tilde shortens a path in the user's home, for what is read and not pasted.
func (w *World) tilde(path string) string {
	if rest, ok := strings.CutPrefix(path, w.Paths.Home+string(filepath.Separator)); ok && w.Paths.Home != "" {
		return "~" + string(filepath.Separator) + rest
	}
	return path
}
