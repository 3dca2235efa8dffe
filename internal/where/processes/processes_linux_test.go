package processes

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newValue() string { return "nvapi-" + rand.Text() + rand.Text() }

// TestSearch finds a real process by its environment, and this shell by its own.
func TestSearch(t *testing.T) {
	old := newValue()
	m := where.NewMatcher([]where.Key{{Name: "NGC_API_KEY", Current: keychain.NewSecret(newValue()), Former: []keychain.Secret{keychain.NewSecret(old)}}})
	// A separate process, not a child of this one: a child briefly has this process's environment.
	silent, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	start := exec.Command("sh", "-c", "cat <&3 >/dev/null 2>&1 & echo $!") // it ends with its input
	start.Env = []string{"NGC_API_KEY=" + old, "PATH=" + os.Getenv("PATH")}
	start.ExtraFiles = []*os.File{silent}
	out, err := start.Output()
	defer input.Close()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sh", "-c", "read line")
	child.Env = start.Env
	childInput, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = childInput.Close(); _ = child.Wait() }()
	for { // the shell has forked, but the other program may not run yet
		if comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); string(comm) == "cat\n" {
			break
		}
	}
	report := Search(context.Background(), Options{Matcher: m, Environ: []string{"HOME=/", "KEY=" + old}})
	i := slices.IndexFunc(report.Holders, func(h where.Holder) bool { return h.PID == pid })
	if i < 0 {
		t.Fatalf("not found among %v", report.Holders)
	}
	h := report.Holders[i]
	if h.State != where.Old || !slices.Equal(h.Where, []string{"NGC_API_KEY"}) || !strings.Contains(h.Name, "(cat)") || !strings.HasSuffix(h.Fix, fmt.Sprintf("after: kill %d", pid)) {
		t.Errorf("%+v", h)
	}
	if shell := report.Holders[0]; shell.Kind != where.KindShell || shell.Fix != "unset KEY" {
		t.Errorf("%+v", shell)
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(report.Searched[1], " running processes of this user")); err != nil || n < 1 {
		t.Errorf("searched %q", report.Searched)
	}
	for _, u := range report.Unread {
		if n, err := strconv.Atoi(strings.TrimSuffix(u.What, " running processes of this user")); err != nil || n < 1 {
			t.Errorf("not searched: %s", u.What)
		}
	}
	if len(report.Holders) != 2 {
		t.Errorf("%d holders, not 2", len(report.Holders))
	}
}

// Processes of a container are the container's, which the search of containers reports.
func TestProcessesOfContainersAreLeftOut(t *testing.T) {
	old := newValue()
	m := where.NewMatcher([]where.Key{{Name: "NGC_API_KEY", Current: keychain.NewSecret(newValue()), Former: []keychain.Secret{keychain.NewSecret(old)}}})
	container := exec.Command("sh", "-c", "cat <&3 >/dev/null & echo started; wait") // cat is not a child of this process
	container.Env = []string{"NGC_API_KEY=" + old, "PATH=" + os.Getenv("PATH")}
	container.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID}
	for _, ids := range []*[]syscall.SysProcIDMap{&container.SysProcAttr.UidMappings, &container.SysProcAttr.GidMappings} {
		*ids = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	container.SysProcAttr.GidMappings[0].HostID = os.Getgid()
	silent, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	container.ExtraFiles = []*os.File{silent}
	started, err := container.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := container.Start(); err != nil {
		_ = input.Close()
		t.Skipf("this system allows no user namespaces: %v", err)
	}
	defer func() { _ = input.Close(); _ = container.Wait() }()
	if line, err := bufio.NewReader(started).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if report := Search(context.Background(), Options{Matcher: m}); len(report.Holders) > 0 {
		t.Errorf("%+v", report.Holders)
	}
}

func TestUnitOf(t *testing.T) {
	for cgroup, want := range map[string]struct {
		unit string
		user bool
	}{
		"0::/system.slice/jupyter.service\n":                                                                          {"jupyter.service", false},
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/rag.service\n":                                    {"rag.service", true},
		"0::/user.slice/user-1000.slice/session-2.scope\n":                                                            {"", false},
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.gnome.Terminal.slice/vte-1.scope\n": {"", true},
		"12:pids:/x.service\n1:name=systemd:/system.slice/rag.service\n0::/\n":                                        {"rag.service", false},
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n":                                               {"", true},
		"0::/\n": {"", false},
		"":       {"", false},
	} {
		if unit, user := unitOf(cgroup); unit != want.unit || user != want.user {
			t.Errorf("%q: %q, %t", cgroup, unit, user)
		}
	}
}
