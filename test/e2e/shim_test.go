package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const helperName = "docker-credential-ngc"

// Variables that configure the shim.
const (
	envShimLog = "E2E_SHIM_LOG" // the log file
	envBin     = "E2E_BIN"      // the directory of the programs under test
)

// helperCall is what the shim records of one call of the credential helper. It contains no secrets.
type helperCall struct {
	Verb   string
	Server string // the raw server name; ServerURL for store
	User   string // for store
	Exit   int
	// CommandLines are those of all processes while both Docker and the helper were running.
	CommandLines []string
}

func (c helperCall) String() string { return strings.TrimSpace(c.Verb + " " + c.Server) }

// shim stands in for docker-credential-ngc on PATH. It records the call and passes everything to the real
// helper unchanged. It is this test program under another name.
func shim() int {
	var input []byte
	var err error
	lists := len(os.Args) > 1 && os.Args[1] == "list"
	if !lists { // some clients, such as testcontainers, never close the input of list
		if input, err = io.ReadAll(os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, "shim:", err)
			return 1
		}
	}
	call := helperCall{Verb: strings.Join(os.Args[1:], " "), Server: strings.TrimSpace(string(input))}
	if call.Verb == "store" {
		var stored struct{ ServerURL, Username string }
		_ = json.Unmarshal(input, &stored)
		call.Server, call.User = stored.ServerURL, stored.Username
	}
	helper := exec.Command(filepath.Join(os.Getenv(envBin), helperName), os.Args[1:]...)
	helper.Stdout, helper.Stderr = os.Stdout, os.Stderr
	stdin, err := helper.StdinPipe()
	if err == nil {
		err = helper.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 1
	}
	call.CommandLines = commandLines() // the helper still waits for its input
	_, _ = stdin.Write(input)
	_ = stdin.Close()
	err = helper.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		call.Exit = failed.ExitCode()
	}
	line, _ := json.Marshal(call)
	log, err := os.OpenFile(os.Getenv(envShimLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = log.Write(append(line, '\n')) // one write, since calls run in parallel
		_ = log.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 1
	}
	return call.Exit
}

// commandLines returns the arguments of all processes in the world, with NULs replaced by spaces.
func commandLines() []string {
	var lines []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
			lines = append(lines, string(bytes.ReplaceAll(bytes.TrimRight(data, "\x00"), []byte{0}, []byte{' '})))
		}
	}
	return lines
}

// helperCalls returns the helper calls since the last time.
func (h *home) helperCalls() []helperCall {
	h.t.Helper()
	data, err := os.ReadFile(h.shimLog)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.t.Fatal(err)
	}
	_ = os.Remove(h.shimLog)
	var calls []helperCall
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		var call helperCall
		if err := decoder.Decode(&call); err == io.EOF {
			break
		} else if err != nil {
			h.t.Fatal(err)
		}
		h.checkCommandLines(call.CommandLines)
		calls = append(calls, call)
	}
	return calls
}

// wantCalls fails the test unless exactly these calls ("get nvcr.io") were made since the last time, in any order.
func (h *home) wantCalls(want ...string) {
	h.t.Helper()
	count := map[string]int{}
	var got []string
	for _, call := range h.helperCalls() {
		got = append(got, call.String())
		count[call.String()]++
	}
	for _, call := range want {
		count[call]--
	}
	for _, surplus := range count {
		if surplus != 0 {
			h.t.Errorf("the helper was called\n\t%q, want\n\t%q", got, want)
			return
		}
	}
}

// checkCommandLines fails the test if the arguments of a process contain a secret.
func (h *home) checkCommandLines(lines []string) {
	h.t.Helper()
	for _, line := range lines {
		if h.leaks(line) {
			program, _, _ := strings.Cut(line, " ")
			h.t.Errorf("a secret is in the arguments of a process of %s", program)
		}
	}
}

// watchArguments checks the arguments of all processes until the test ends.
func (h *home) watchArguments() {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				h.checkCommandLines(commandLines())
				time.Sleep(time.Millisecond)
			}
		}
	}()
	h.t.Cleanup(func() { close(stop); <-done })
}

func TestShimWritesDownNoSecret(t *testing.T) {
	bin := t.TempDir()
	key := newKey()
	script := "#!/bin/sh\ncat\nexit 3\n"
	if err := os.WriteFile(filepath.Join(bin, helperName), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link, log := filepath.Join(t.TempDir(), helperName), filepath.Join(t.TempDir(), "log")
	if err := os.Symlink(self, link); err != nil {
		t.Skip("needs symbolic links: ", err)
	}
	input := `{"ServerURL":"nvcr.io","Username":"$oauthtoken","Secret":"` + key + `"}` + "\n"
	command := exec.Command(link, "store")
	command.Env = append(os.Environ(), envShimLog+"="+log, envBin+"="+bin)
	command.Stdin = strings.NewReader(input)
	output, err := command.Output()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 3 || string(output) != input {
		t.Errorf("the shim did not hand everything through: %v, %d bytes", err, len(output))
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"Verb":"store","Server":"nvcr.io","User":"$oauthtoken","Exit":3`) {
		t.Error("the shim's log lacks the call")
	}
	if strings.Contains(string(data), key) {
		t.Error("the shim's log holds the secret")
	}
}
