// Package containers searches the containers of Docker and Podman for values of keys: in their environment,
// command line, labels and, for Compose, the files in /run/secrets.
package containers

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// Compose's labels (github.com/docker/compose, pkg/api/labels.go).
const (
	labelProject  = "com.docker.compose.project"
	labelService  = "com.docker.compose.service"
	labelDir      = "com.docker.compose.project.working_dir"
	labelFiles    = "com.docker.compose.project.config_files"
	labelEnvFiles = "com.docker.compose.project.environment_file"
	labelOneOff   = "com.docker.compose.oneoff"
)

const (
	labelSwarmService = "com.docker.swarm.service.name"
	labelPodmanUnit   = "PODMAN_SYSTEMD_UNIT" // podman-generate-systemd(1) and quadlets
)

// secretsDir is where Compose puts a service's secrets.
const secretsDir = "/run/secrets"

// Options define what to search with.
type Options struct {
	Matcher *where.Matcher
	// LookPath finds a program, as exec.LookPath does.
	LookPath func(name string) (string, error)
	// Environ is the environment for docker and podman, without keys and passphrases.
	Environ []string
}

// container is the output of "inspect", the same for Docker and Podman.
type container struct {
	ID     string `json:"Id"`
	Name   string
	Args   []string
	State  struct{ Status string }
	Config struct {
		Env        []string
		Cmd        stringOrList
		Entrypoint stringOrList
		Labels     map[string]string
	}
	Mounts []struct{ Source, Destination string }
}

// errUnreachable means that an engine does not answer.
var errUnreachable = errors.New("the engine does not answer")

// Search searches the engine that the docker program connects to, and this user's Podman containers.
func Search(ctx context.Context, o Options) where.Report {
	var reports [2]where.Report
	done := make(chan struct{})
	go func() {
		defer close(done)
		if podman, err := o.LookPath("podman"); err == nil {
			reports[1] = o.podman(ctx, podman)
		}
	}()
	if docker, err := o.LookPath("docker"); err == nil {
		reports[0] = o.docker(ctx, docker)
	} else if !errors.Is(err, exec.ErrNotFound) {
		reports[0].Unread = []where.Unread{{What: "Docker's containers", Reason: "docker cannot be run"}}
	}
	<-done
	report := reports[0]
	report.Add(reports[1])
	return report
}

// examine returns the values in a container. ok is false if there are none.
func (o Options) examine(c container, secrets map[string]string) (h where.Holder, ok bool) {
	var found, inSecrets where.Found
	for _, entry := range c.Config.Env {
		name, value, _ := strings.Cut(entry, "=")
		found.Note(name, o.Matcher.Find(name, value))
	}
	for _, words := range [][]string{c.Config.Entrypoint, c.Config.Cmd, c.Args} {
		for _, word := range words {
			found.Note("command line", o.Matcher.Find("", word))
		}
	}
	for name, value := range c.Config.Labels {
		found.Note("label "+name, o.Matcher.Find(name, value))
	}
	for path, content := range secrets {
		name := secretsDir + "/" + path
		for _, m := range c.Mounts {
			if m.Destination == name {
				name += " (the file " + m.Source + ")"
			}
		}
		matches := o.Matcher.Find("", content)
		found.Note(name, matches)
		inSecrets.Note(name, matches)
	}
	if found.Empty() {
		return where.Holder{}, false
	}
	h = found.Holder(where.KindContainer, strings.TrimPrefix(c.Name, "/"))
	slices.Sort(h.Where)
	h.Status = c.State.Status
	labels := c.Config.Labels
	h.Project, h.Service = labels[labelProject], labels[labelService]
	if h.State == where.Old {
		force := !inSecrets.Empty() && inSecrets.Holder("", "").State == where.Old
		h.Fix, h.Restart = fix(c, h, force)
	}
	return h, true
}

// fix returns how to give a container the stored key.
func fix(c container, h where.Holder, force bool) (string, *where.Restart) {
	labels := c.Config.Labels
	name := shellquote.Word(h.Name)
	switch {
	case labels[labelSwarmService] != "" && c.State.Status != "running": // the swarm keeps former tasks
		return "docker rm " + name, nil
	case labels[labelSwarmService] != "":
		return taskFix(labels[labelSwarmService]), nil
	case labels[labelPodmanUnit] != "":
		return "after its unit has the new key: systemctl --user restart " + shellquote.Word(labels[labelPodmanUnit]), nil
	case h.Service != "" && labels[labelOneOff] == "True":
		return "docker rm -f " + name, nil
	case h.Service != "":
		if restart, ok := restartOf(labels, force); ok {
			return restart.Command(), restart
		}
		return "recreate service " + h.Service + " of project " + h.Project + " where its Compose files are: ragenv -- docker compose -p " +
			shellquote.Word(h.Project) + " up -d " + forceFlag(force) + shellquote.Word(h.Service), nil
	}
	return "run its docker run line again behind ragenv --, after: docker rm -f " + name, nil
}

func forceFlag(force bool) string {
	if force {
		return "--force-recreate "
	}
	return ""
}

// restartOf returns how to recreate the service that a container's labels name. It returns false unless the
// service's Compose files are on this machine.
func restartOf(labels map[string]string, force bool) (*where.Restart, bool) {
	r := &where.Restart{Dir: labels[labelDir], Project: labels[labelProject], Services: []string{labels[labelService]}, Force: force}
	if info, err := os.Stat(r.Dir); err != nil || !info.IsDir() {
		return nil, false
	}
	var ok bool
	if r.Files, ok = paths(labels[labelFiles]); !ok || len(r.Files) == 0 {
		return nil, false
	}
	r.EnvFiles, ok = paths(labels[labelEnvFiles])
	return r, ok
}

// paths splits a list of paths at commas. Since a path may contain commas, it checks which paths exist.
func paths(list string) (found []string, ok bool) {
	if list == "" {
		return nil, true
	}
	parts := strings.Split(list, ",")
	for end := 1; end <= len(parts); end++ {
		path := strings.Join(parts[:end], ",")
		if _, err := os.Stat(path); err != nil || !filepath.IsAbs(path) {
			continue
		}
		if rest, ok := paths(strings.Join(parts[end:], ",")); ok {
			return append([]string{path}, rest...), true
		}
	}
	return nil, false
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
