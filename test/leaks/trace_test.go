//go:build linux || darwin

package leaks

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// tracer returns the path of strace, or why system calls cannot be traced here.
var tracer = sync.OnceValues(func() (path, reason string) {
	if runtime.GOOS != "linux" {
		return "", "strace is of Linux"
	}
	path, err := exec.LookPath("strace")
	if err != nil {
		return "", "strace is not installed"
	}
	if os.Geteuid() != 0 {
		return "", "only root sees what the files of a program are that forbids to be looked into"
	}
	if err := exec.Command(path, "-f", "--seccomp-bpf", "-o", os.DevNull, "true").Run(); err != nil {
		return "", "strace may trace nothing here"
	}
	return path, ""
})

// traceFlags make strace print strings in full and in hexadecimal, with the environments of execve and the
// paths of files.
var traceFlags = []string{"-f", "--seccomp-bpf", "-qq", "-v", "-y", "-xx", "-s", "1100000",
	"-e", "trace=execve,write,pwrite64,writev,pwritev,sendto,sendmsg,rename,renameat,renameat2,link,linkat,symlink,symlinkat,open,openat,mkdirat,setxattr,fsetxattr"}

// call is a traced system call.
type call struct {
	name string
	text string // the arguments, with decoded strings
	fd   int    // the first argument; -1 if it is not a descriptor
	path string // of fd
	argv string // of execve
	envp string
}

var (
	callLine = regexp.MustCompile(`(?:^|\n)\d+ +(\w+)\((.*)`)
	hexBytes = regexp.MustCompile(`(?:\\x[0-9a-f]{2})+`)
	fdStart  = regexp.MustCompile(`^(\d+)<([^>]*)>`)
)

// readTrace parses the output of strace with traceFlags.
func readTrace(text string) []call {
	var calls []call
	for _, m := range callLine.FindAllStringSubmatch(text, -1) {
		c := call{name: m[1], fd: -1}
		// With -xx every string is hexadecimal, so strings cannot contain the separators below.
		if c.name == "execve" {
			if _, rest, ok := strings.Cut(m[2], ", ["); ok {
				c.argv, c.envp, _ = strings.Cut(rest, "], [")
				c.argv, c.envp = unhex(c.argv), unhex(c.envp)
			}
		}
		c.text = unhex(m[2])
		if fd := fdStart.FindStringSubmatch(m[2]); fd != nil {
			c.fd, _ = strconv.Atoi(fd[1])
			c.path = unhex(fd[2])
		}
		calls = append(calls, c)
	}
	return calls
}

func unhex(text string) string {
	return hexBytes.ReplaceAllStringFunc(text, func(s string) string {
		var b strings.Builder
		for i := 0; i+4 <= len(s); i += 4 {
			n, _ := strconv.ParseUint(s[i+2:i+4], 16, 8)
			b.WriteByte(byte(n))
		}
		return b.String()
	})
}
