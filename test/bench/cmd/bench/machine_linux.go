package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/test/bench/result"
)

// machine describes the machine. Values that cannot be read are empty.
func machine() result.Machine {
	m := result.Machine{Cores: runtime.NumCPU(), CPU: field("/proc/cpuinfo", "model name", ":"), System: field("/etc/os-release", "PRETTY_NAME", "=")}
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		m.Memory = int64(info.Totalram) * int64(info.Unit)
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _ = strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	}
	return m
}

// field returns the first value with that name in a file of name and value lines.
func field(path, name, separator string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		if key, value, found := strings.Cut(string(line), separator); found && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}
