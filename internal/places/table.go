package places

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/internal/podmanconfig"
)

// Place is an entry of the table: a kind of file in which a program keeps a key.
type Place struct {
	Name    string // stable: part of `where --json`
	Title   func(Options) string
	Instead string // tells the user how the program can get the key from the keychain

	files func(context.Context, Options) ([]string, []Unread)
	read  func(path string, text []byte) []Finding
	fix   func(path string, f Finding) string
	wins  func(opts Options, path string) bool // nil: ragenv's value is preferred
}

// Names of places that callers treat differently.
const (
	Docker  = "docker"
	Podman  = "podman"
	Startup = "startup-file"
	History = "shell-history"
	EnvFile = "env-file"
)

// table is the list of all places. The formats and paths come from the programs' own documentation and
// code.
var table = []Place{
	{
		Name: Docker, Title: titled("Docker's config.json"), Instead: "ragenv docker configure",
		files: fixed(func(o Options) []string {
			if dir := o.Getenv("DOCKER_CONFIG"); dir != "" {
				return []string{filepath.Join(dir, "config.json"), o.home(".docker/config.json"), o.home("snap/docker/current/.docker/config.json")}
			}
			return []string{o.home(".docker/config.json"), o.home("snap/docker/current/.docker/config.json")}
		}),
		read: readDocker,
		fix: func(path string, f Finding) string {
			if IsSnap(path) { // this Docker runs no helper from outside the snap
				return importLine(path)
			}
			if nameFor(strings.TrimPrefix(f.Name, "auths ")) == "" {
				return "ragenv docker configure --store"
			}
			return "ragenv docker configure"
		},
	},
	{
		Name: Podman, Title: titled("Podman's auth.json"), Instead: "ragenv docker configure --podman",
		files: fixed(func(o Options) []string {
			return slices.Concat([]string{o.Getenv(podmanconfig.EnvAuthFile)}, podmanconfig.AuthFiles(o.Home, o.Getenv), []string{o.config("containers/auth.json")})
		}),
		read: readDocker, fix: byImport,
	},
	{
		Name: "ngc-cli", Title: titled("~/.ngc/config"), Instead: "ragenv -- ngc ...",
		files: fixed(func(o Options) []string { return []string{o.home(".ngc/config")} }),
		read:  readWith(ngcFormat), fix: byImport,
	},
	{
		Name: "helm-repositories", Title: titled("Helm's repositories.yaml"), Instead: "the login is in the keychain; give it to `helm repo add` when the repository is used",
		files: fixed(func(o Options) []string {
			return []string{o.Getenv("HELM_REPOSITORY_CONFIG"), o.helm("repositories.yaml")}
		}),
		read: readWith(helmFormat), fix: byImport,
	},
	{
		Name: "helm-registry", Title: titled("Helm's registry/config.json"), Instead: `"credHelpers": {"nvcr.io": "ngc"} in that file`,
		files: fixed(func(o Options) []string {
			return []string{o.Getenv("HELM_REGISTRY_CONFIG"), o.helm("registry/config.json")}
		}),
		read: readDocker, fix: byImport,
	},
	{
		Name: "enroot", Title: titled("enroot's .credentials"), Instead: "password " + enrootPassword + ", which enroot evaluates",
		files: fixed(func(o Options) []string {
			dir := o.Getenv("ENROOT_CONFIG_PATH")
			if dir != "" {
				dir = filepath.Join(dir, ".credentials")
			}
			return []string{dir, o.config("enroot/.credentials")}
		}),
		read: readWith(enrootFormat), fix: byImport,
	},
	{
		Name: "netrc", Title: titled("~/.netrc"), Instead: "nothing in that file: curl and git take the key from a prompt or a variable",
		files: fixed(func(o Options) []string { return []string{o.Getenv("NETRC"), o.home(".netrc"), o.home("_netrc")} }),
		read:  readWith(netrcFormat), fix: byImport,
	},
	{
		Name: "apptainer", Title: titled("Apptainer's and Singularity's docker-config.json"),
		Instead: `ragenv -- sh -c 'APPTAINER_DOCKER_USERNAME=\$oauthtoken APPTAINER_DOCKER_PASSWORD=$NGC_API_KEY apptainer pull docker://...'`,
		files: fixed(func(o Options) []string {
			return []string{o.home(".apptainer/docker-config.json"), o.home(".singularity/docker-config.json")}
		}),
		read: readDocker, fix: byImport,
	},
	{
		Name: "regctl", Title: titled("regctl's config.json"), Instead: "Docker's config.json, which regctl reads: ragenv docker configure",
		files: fixed(func(o Options) []string { return []string{o.Getenv("REGCTL_CONFIG"), o.home(".regctl/config.json")} }),
		read:  readWith(regctlFormat), fix: byImport,
	},
	{
		Name: Startup, Title: titled("shell start-up files"), Instead: "ragenv -- COMMAND",
		files: fixed(startupFiles), read: readVariables, fix: byImport,
	},
	{
		Name: History, Title: titled("shell histories"), Instead: "the prompt of ragenv set",
		files: fixed(func(o Options) []string {
			data := o.Getenv("XDG_DATA_HOME")
			if data == "" {
				data = o.home(".local/share")
			}
			return []string{
				o.Getenv("HISTFILE"), o.home(".bash_history"), o.home(".zsh_history"), o.home(".zhistory"), o.home(".histfile"), o.home(".sh_history"), o.home(".ash_history"),
				filepath.Join(data, "fish/fish_history"), o.config("nushell/history.txt"), filepath.Join(data, "powershell/PSReadLine/ConsoleHost_history.txt"),
			}
		}),
		read: readHistory, fix: byHand,
	},
	{
		Name: EnvFile, Title: envTitle, Instead: "ragenv -- docker compose ...",
		files: envFiles, read: readEnvFile, fix: fixEnvFile, wins: winsInCompose,
	},
}

// snapDocker is the home directory of the Docker snap.
const snapDocker = "/snap/docker/current/.docker/"

// IsSnap reports whether a file belongs to the Docker snap.
func IsSnap(path string) bool { return strings.Contains(filepath.ToSlash(path), snapDocker) }

// Table returns the places in the order in which they are searched.
func Table() []Place { return slices.Clone(table) }

func titled(title string) func(Options) string { return func(Options) string { return title } }

// fixed is a place with known paths. It skips paths that are not absolute.
func fixed(paths func(Options) []string) func(context.Context, Options) ([]string, []Unread) {
	return func(_ context.Context, o Options) ([]string, []Unread) {
		return existing(slices.DeleteFunc(paths(o), func(path string) bool { return !filepath.IsAbs(path) })), nil
	}
}

func (o Options) home(name string) string {
	if o.Home == "" {
		return ""
	}
	return filepath.Join(o.Home, filepath.FromSlash(name))
}

func (o Options) config(name string) string {
	if dir := o.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, filepath.FromSlash(name))
	}
	return o.home(".config/" + name)
}

// helm returns a file of Helm's configuration (helm env, HELM_CONFIG_HOME).
func (o Options) helm(name string) string {
	switch dir := o.Getenv("HELM_CONFIG_HOME"); {
	case dir != "":
		return filepath.Join(dir, filepath.FromSlash(name))
	case o.Getenv("XDG_CONFIG_HOME") == "" && runtime.GOOS == "darwin":
		return o.home("Library/Preferences/helm/" + name)
	case o.Getenv("XDG_CONFIG_HOME") == "" && runtime.GOOS == "windows":
		return filepath.Join(o.Getenv("APPDATA"), "helm", filepath.FromSlash(name))
	}
	return o.config("helm/" + name)
}

// startupFiles returns the files in which shells and login sessions set variables.
func startupFiles(o Options) []string {
	names := []string{
		".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_aliases", ".bashrc.d/*", ".zshrc", ".zprofile", ".zshenv", ".zlogin", ".zshrc.d/*",
		".kshrc", ".cshrc", ".tcshrc", ".pam_environment", ".xprofile", ".xsessionrc", ".secrets", ".secrets/*", ".env", ".exports", ".aliases",
		".oh-my-zsh/custom/*.zsh", ".config/powershell/*.ps1", "Documents/PowerShell/*.ps1", "Documents/WindowsPowerShell/*.ps1",
		"Library/Application Support/nushell/*.nu",
	}
	var paths []string
	for _, name := range names {
		paths = append(paths, o.home(name))
	}
	for _, name := range []string{"fish/config.fish", "fish/conf.d/*.fish", "fish/fish_variables", "environment.d/*.conf", "nushell/env.nu", "nushell/config.nu"} {
		paths = append(paths, o.home(".config/"+name), o.config(name))
	}
	for _, moved := range []struct{ variable, names string }{{"ZDOTDIR", ".zshrc .zprofile .zshenv .zlogin"}, {"ZSH_CUSTOM", "*.zsh"}, {"ZSH", "custom/*.zsh"}} {
		if dir := o.Getenv(moved.variable); filepath.IsAbs(dir) {
			for name := range strings.FieldsSeq(moved.names) {
				paths = append(paths, filepath.Join(dir, filepath.FromSlash(name)))
			}
		}
	}
	return append(paths, o.System...)
}

// systemStartupFiles are the system-wide startup files.
var systemStartupFiles = []string{
	"/etc/environment", "/etc/profile", "/etc/profile.d/*.sh", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/zshrc", "/etc/zsh/zshenv",
	"/etc/zshrc", "/etc/zshenv", "/etc/zprofile", "/etc/fish/config.fish",
}

func itoa(n int) string { return strconv.Itoa(n) }

// At reports whether a file is one of the place's fixed files. It is false for project files (EnvFile).
func (p Place) At(o Options, path string) bool {
	if p.Name == EnvFile {
		return false
	}
	paths, _ := p.files(context.Background(), o)
	return slices.Contains(paths, path)
}
