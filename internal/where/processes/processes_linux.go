package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

const (
	proc         = "/proc"
	maxProcesses = 20000
	maxEnviron   = 4 << 20 // bytes; the kernel's limit for an environment and a command line together is 6 MiB
)

func (o Options) others(ctx context.Context) (report where.Report) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		report.Unread = append(report.Unread, where.Unread{What: "running processes", Reason: proc + " cannot be read"})
		return report
	}
	me, parent := os.Getpid(), os.Getppid()
	namespace, _ := os.Readlink(filepath.Join(proc, "self", "ns", "pid"))
	read, closed := 0, 0
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == me {
			continue
		}
		if ctx.Err() != nil || read >= maxProcesses {
			report.Unread = append(report.Unread, where.Unread{What: "running processes", Reason: fmt.Sprintf("only %d were read", read)})
			break
		}
		if info, err := entry.Info(); err != nil || !ours(info) {
			continue
		}
		dir := filepath.Join(proc, entry.Name())
		if other, err := os.Readlink(filepath.Join(dir, "ns", "pid")); err == nil && other != namespace {
			continue // in a container
		}
		environ, err := readfile.Read(filepath.Join(dir, "environ"), 0, maxEnviron)
		if errors.Is(err, fs.ErrPermission) {
			closed++ // it forbids reading, as ragenv, ssh-agent and set-user-id programs do
			continue
		}
		if err != nil {
			continue // it has ended
		}
		read++
		if h, ok := o.process(pid, dir, environ, pid == parent); ok {
			report.Holders = append(report.Holders, h)
		}
	}
	report.Searched = append(report.Searched, fmt.Sprintf("%d running processes of this user", read))
	if closed > 0 {
		report.Unread = append(report.Unread, where.Unread{What: fmt.Sprintf("%d running processes of this user", closed), Reason: "they let nobody read their memory"})
	}
	return report
}

// process examines a process. isParent is set for the parent of this program, usually the shell.
func (o Options) process(pid int, dir string, environ []byte, isParent bool) (where.Holder, bool) {
	var found where.Found
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		name, value, _ := strings.Cut(string(entry), "=")
		found.Note(name, o.Matcher.Find(name, value))
	}
	arguments, _ := readfile.Read(filepath.Join(dir, "cmdline"), 0, maxEnviron)
	for word := range bytes.SplitSeq(arguments, []byte{0}) {
		found.Note("command line", o.Matcher.Find("", string(word)))
	}
	// A program that this one is just starting still has this one's environment.
	if found.Empty() || parentOf(dir) == os.Getpid() {
		return where.Holder{}, false
	}
	comm, _ := readfile.Read(filepath.Join(dir, "comm"), 0, 4096)
	program := strings.TrimSpace(string(comm))
	h := found.Holder(where.KindProcess, fmt.Sprintf("%d (%s)", pid, program))
	h.PID = pid
	if h.State != where.Old {
		return h, true
	}
	cgroup, _ := readfile.Read(filepath.Join(dir, "cgroup"), 0, 64<<10)
	if unit, user := unitOf(string(cgroup)); unit != "" {
		h.Service = ""
		command := "sudo systemctl restart "
		if user {
			command = "systemctl --user restart "
		}
		h.Fix = "after its unit or environment file has the new key: " + command + shellquote.Word(unit)
		return h, true
	}
	switch {
	case isParent || isShell(program):
		h.Fix = "close that shell, or in it: unset " + strings.Join(onlyNames(h.Where), " ")
	default:
		h.Fix = fmt.Sprintf("start it again behind ragenv --, after: kill %d", pid)
	}
	return h, true
}

// parentOf returns the parent's PID (proc(5), /proc/PID/stat), or this process's PID if the process has
// ended.
func parentOf(dir string) int {
	stat, err := readfile.Read(filepath.Join(dir, "stat"), 0, 4096)
	if err != nil {
		return os.Getpid()
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return os.Getpid()
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func isShell(program string) bool {
	switch strings.TrimPrefix(program, "-") {
	case "sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "nu", "pwsh", "tmux: server", "screen":
		return true
	}
	return false
}

// onlyNames returns the variables among the parts of a process that hold keys.
func onlyNames(parts []string) (names []string) {
	for _, part := range parts {
		if !strings.Contains(part, " ") {
			names = append(names, shellquote.Word(part))
		}
	}
	return names
}

// unitOf returns the systemd service of a process, from its control group (systemd.slice(5)), "" for none.
// The path of a user's own service is "user.slice/user-UID.slice/user@UID.service/app.slice/NAME.service".
func unitOf(cgroup string) (unit string, user bool) {
	for line := range strings.SplitSeq(cgroup, "\n") {
		_, controllersAndPath, found := strings.Cut(line, ":")
		controllers, path, _ := strings.Cut(controllersAndPath, ":")
		if !found || controllers != "" && controllers != "name=systemd" {
			continue
		}
		for part := range strings.SplitSeq(path, "/") {
			switch {
			case strings.HasPrefix(part, "user@") && strings.HasSuffix(part, ".service"):
				user, unit = true, ""
			case strings.HasSuffix(part, ".service"):
				unit = part
			case strings.HasSuffix(part, ".scope"):
				return "", user // a session or a container: nothing to restart
			}
		}
	}
	return unit, user
}
