package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// engineHung is this program's exit status (EX_TEMPFAIL of sysexits.h) if the engine no longer answers, as Engine 20.10 may
// (github.com/moby/moby/issues/46661). That says nothing about the programs under test, and scripts/e2e then starts again in
// a new world.
const engineHung = 75

// plainDocker runs docker without a home, for the engine's own state. If the engine does not answer, no later step can
// succeed: the whole test ends with engineHung.
func plainDocker(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	command := exec.CommandContext(ctx, dockerCLI(), args...)
	command.Env = append(os.Environ(), "DOCKER_CONFIG="+os.Getenv("E2E_WORLD"))
	command.WaitDelay = time.Second
	output, err := command.Output()
	switch {
	case ctx.Err() != nil:
		printTable()
		fmt.Printf("%s: docker %s: still running after %v. The engine:\n%s\n", t.Name(), strings.Join(args, " "), commandLimit, engineStacks())
		os.Exit(engineHung)
	case err != nil:
		t.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(output))
}

// askEngine asks the engine about each container, which it cannot answer in its deadlock: then the whole test ends with
// engineHung.
func askEngine(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_DOCKER_VERSION") == "" {
		return
	}
	if containers := strings.Fields(plainDocker(t, "ps", "-aq")); len(containers) > 0 {
		plainDocker(t, append([]string{"inspect"}, containers...)...)
	}
}

// engineStacks returns the end of the engine's log, and the stacks of the goroutines of its own code that have waited for a
// minute or longer. The engine writes all stacks to a file at SIGUSR1.
func engineStacks() string {
	log, _ := os.ReadFile(filepath.Join(os.Getenv("E2E_WORLD"), "dockerd.log"))
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	report := lines[max(0, len(lines)-20):]
	pid, err := os.ReadFile("/run/docker.pid")
	if err != nil || exec.Command("kill", "-USR1", strings.TrimSpace(string(pid))).Run() != nil {
		return strings.Join(append(report, "(it does not run)"), "\n")
	}
	var files []string
	for tries := 0; len(files) == 0 && tries < 100; tries++ {
		time.Sleep(100 * time.Millisecond)
		files, _ = filepath.Glob("/run/docker/goroutine-stacks-*.log")
	}
	if len(files) == 0 {
		return strings.Join(append(report, "(it does not write its stacks)"), "\n")
	}
	stacks, _ := os.ReadFile(files[len(files)-1])
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		first, _, _ := strings.Cut(stack, "\n")
		if strings.Contains(first, " minutes") && strings.Contains(stack, "github.com/docker/docker/") {
			report = append(report, "", stack)
		}
	}
	return strings.Join(report, "\n")
}

// emptyEngine removes all containers and images, so that every pull downloads.
func emptyEngine(t *testing.T) {
	t.Helper()
	if containers := strings.Fields(plainDocker(t, "ps", "-aq")); len(containers) > 0 {
		plainDocker(t, append([]string{"rm", "-f"}, containers...)...)
	}
	if images := plainDocker(t, "images", "-aq"); images != "" {
		plainDocker(t, "image", "prune", "-af")
	}
}

// serviceEnvironment returns the environment of a Compose service's only container, as the engine reports
// it.
func serviceEnvironment(t *testing.T, project, service string) map[string]string {
	t.Helper()
	ids := strings.Fields(plainDocker(t, "ps", "-q",
		"--filter", "label=com.docker.compose.project="+project, "--filter", "label=com.docker.compose.service="+service))
	if len(ids) != 1 {
		t.Fatalf("service %s: %d containers run, want 1", service, len(ids))
	}
	return containerEnvironment(t, ids[0])
}

// containerEnvironment returns the environment of a container, as the engine reports it.
func containerEnvironment(t *testing.T, container string) map[string]string {
	t.Helper()
	var pairs []string
	if err := json.Unmarshal([]byte(plainDocker(t, "inspect", "--format", "{{json .Config.Env}}", container)), &pairs); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		environment[name] = value
	}
	return environment
}
