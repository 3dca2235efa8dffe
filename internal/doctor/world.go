package doctor

import (
	"context"
	"sync"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// World is the setup to check.
type World struct {
	Getenv     func(string) string
	Environ    []string // passed to programs, without secrets
	Dir        string   // the current directory
	Executable string   // path of this program's file; empty if unknown
	Version    string   // version of this program
	Now        func() time.Time

	Paths config.Paths
	// Config is the configuration in effect, or nil if it could not be read; ConfigErr then says why.
	Config    *config.Config
	ConfigErr error

	// systemFiles are system-wide startup files. Nil means those of this operating system.
	systemFiles []string
	// podmanEtc is the directory of Podman's system-wide configuration. Empty means that of this operating
	// system.
	podmanEtc string
	// memoryLimits are files that may contain a container's memory limit. Nil means those of this operating
	// system.
	memoryLimits []string

	// Commands, if not nil, runs the commands that provide keys.
	Commands keychain.Source
	// Services, if not nil, are asked whether the stored keys are valid.
	Services Services
	// Image is the image that the stored key should be able to pull.
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

// Services are the services that accept the keys. *probe.Client implements it.
type Services interface {
	NGC(ctx context.Context, key string) probe.Result
	RegistryPull(ctx context.Context, key string, image probe.Image) probe.Result
	Clock(ctx context.Context) (time.Time, error)
}

var _ Services = (*probe.Client)(nil)

// The credential helper's name on PATH and in config.json.
const (
	helperName    = credentialhelper.Name
	helperProgram = credentialhelper.Program
)

const ngcRegistry = serverurl.NGC

// unreadableConfig is the result of checks that need the configuration if it cannot be read.
var unreadableConfig = Result{Warning, "not checked: the configuration cannot be read", "once config-file is fixed: ragenv doctor"}

// docker returns Docker's config.json, read once.
func (w *World) docker() (*dockerconfig.File, error) {
	w.dockerOnce.Do(func() { w.dockerFile, w.dockerErr = dockerconfig.Load(w.dockerConfigPath()) })
	return w.dockerFile, w.dockerErr
}

func (w *World) dockerConfigPath() string { return dockerconfig.Path(w.Getenv, w.Paths.Home) }
