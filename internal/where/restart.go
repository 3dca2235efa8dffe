package where

import (
	"slices"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Args returns the words of the Compose command after "ragenv --", to be run in Dir.
func (r *Restart) Args() []string {
	args := []string{"docker", "compose", "-p", r.Project}
	for _, file := range r.Files {
		args = append(args, "-f", file)
	}
	for _, file := range r.EnvFiles {
		args = append(args, "--env-file", file)
	}
	args = append(args, "up", "-d")
	if r.Force {
		args = append(args, "--force-recreate")
	}
	return append(args, r.Services...)
}

// Command returns the command as a line for a POSIX shell.
func (r *Restart) Command() string {
	return "cd " + shellquote.Word(r.Dir) + " && ragenv -- " + shellquote.Words(r.Args())
}

// Restarts returns the commands that recreate all containers with an old value, one per project and set of
// files. Services that need --force-recreate get a separate command, which recreates nothing else.
func (r *Report) Restarts() []*Restart {
	var all []*Restart
	for _, h := range r.Holders {
		if h.State != Old || h.Restart == nil {
			continue
		}
		i := slices.IndexFunc(all, func(other *Restart) bool {
			return other.Force == h.Restart.Force && other.Dir == h.Restart.Dir && other.Project == h.Restart.Project &&
				slices.Equal(other.Files, h.Restart.Files) && slices.Equal(other.EnvFiles, h.Restart.EnvFiles)
		})
		if i < 0 {
			merged := *h.Restart
			merged.Services = slices.Clone(merged.Services)
			all = append(all, &merged)
			continue
		}
		if !slices.Contains(all[i].Services, h.Restart.Services[0]) {
			all[i].Services = append(all[i].Services, h.Restart.Services[0])
		}
	}
	return all
}
