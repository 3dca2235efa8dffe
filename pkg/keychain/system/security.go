package system

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// securityProgram is macOS's Keychain client. A test build overrides it with -ldflags -X.
var securityProgram = "/usr/bin/security"

// securityLine is the longest command in bytes, without the line feed, that security(1) accepts on standard
// input. It reads lines into a 4096-byte buffer and treats the rest of a longer line as another command, so
// a truncated value would be stored. At 4095 bytes the line feed remains and, as an empty command, hides
// the exit status of the one before (readline in SecurityTool/sharedTool/readline.c).
const securityLine = 4094

// The exit statuses of security(1) that are handled here: the low byte of the OSStatus (SecBase.h).
const (
	securityNotFound      = 44  // errSecItemNotFound, -25300
	securityNoInteraction = 36  // errSecInteractionNotAllowed, -25308: locked, and no desktop to show a dialog
	securityAuthFailed    = 51  // errSecAuthFailed, -25293
	securityNoKeychain    = 37  // errSecNoDefaultKeychain, -25307
	securityCanceled      = 128 // errSecUserCanceled, -128
	securityDuplicate     = 45  // errSecDuplicateItem, -25299: both the update and the creation were refused
)

// securityTool accesses the macOS Keychain as a client, through security(1).
//
// The Keychain trusts programs by their code signature. Any caller of security can read an item that
// security created. An item that ragenv created could be read only by that very build, and
// docker-credential-ngc would show a dialog for it. All commands go through standard input, because every
// user of the machine can read an argument list.
type securityTool struct {
	program string
	service string

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
}

func newSecurityTool(opts keychain.Options) *securityTool {
	s := &securityTool{program: securityProgram, service: namespace}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// abandon ends running programs, such as one that waits for a dialog.
func (s *securityTool) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.ctx, s.cancel = context.WithCancel(context.Background())
}

// securityError is a failure of security(1). It does not quote the program's output, which may contain a
// secret.
type securityError struct {
	command string
	exit    int
	status  string // the OSStatus that security printed, or empty
}

func (e *securityError) Error() string {
	if e.status != "" {
		return fmt.Sprintf("security %s failed: OSStatus %s (security error %s)", e.command, e.status, e.status)
	}
	return fmt.Sprintf("security %s failed: exit status %d", e.command, e.exit)
}

// run runs one command and returns its standard output. Errors: errAbsent, *securityError,
// keychain.ErrTooLarge, and those of starting the program.
func (s *securityTool) run(command string, args ...string) ([]byte, error) {
	line, err := securityCommand(command, args...)
	if err != nil {
		return nil, err
	}
	if len(line) > securityLine {
		return nil, fmt.Errorf("%w: a command of security(1) holds at most %d bytes", keychain.ErrTooLarge, securityLine)
	}
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.program, "-i")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(line+"\n"), &stdout, &stderr
	cmd.Env = cleanEnviron()
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case !errors.As(err, &exit):
		return nil, err
	case exit.ExitCode() == securityNotFound:
		return nil, errAbsent
	}
	return nil, &securityError{command: command, exit: exit.ExitCode(), status: osStatus(stderr.Bytes(), command)}
}

// osStatus returns the number in the line "COMMAND: returned NUMBER" that ends an error of security -i.
func osStatus(stderr []byte, command string) string {
	_, after, found := bytes.Cut(stderr, []byte(command+": returned "))
	if !found {
		return ""
	}
	number, _, _ := bytes.Cut(after, []byte{'\n'})
	if _, err := strconv.Atoi(string(number)); err != nil {
		return ""
	}
	return string(number)
}

// securityCommand quotes a command for security -i, which understands double quotes and backslashes
// (split_line in SecurityTool/macOS/security.c).
func securityCommand(command string, args ...string) (string, error) {
	var b strings.Builder
	b.WriteString(command)
	for _, arg := range args {
		if strings.ContainsAny(arg, "\x00\n") {
			return "", errors.New("a name holds a line feed or a NUL")
		}
		b.WriteString(` "`)
		for i := range len(arg) {
			if arg[i] == '"' || arg[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(arg[i])
		}
		b.WriteByte('"')
	}
	return b.String(), nil
}

func (s *securityTool) item(name string) []string { return []string{"-a", name, "-s", s.service} }

// Get reads an item. security's output is unambiguous only for printable text, so data is stored as base64.
func (s *securityTool) Get(name string) (entry, error) {
	out, err := s.run("find-generic-password", append(s.item(name), "-w")...)
	if err != nil {
		return entry{}, err
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(string(out), "\n"))
	if err != nil {
		return entry{}, fmt.Errorf("%w: it is not what this program stores", keychain.ErrDamaged)
	}
	return entry{Key: name, Data: data}, nil
}

// has reports whether an item is stored, even if the keychain is locked.
func (s *securityTool) has(name string) (bool, error) {
	_, err := s.run("find-generic-password", s.item(name)...)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	return err == nil, err
}

// Set stores an item in the default keychain, or replaces it where it is.
func (s *securityTool) Set(item entry) error {
	args := append(s.item(item.Key), "-l", item.Label, "-D", item.Description, "-U", "-w", "")
	empty, err := securityCommand("add-generic-password", args...)
	if err != nil {
		return err
	}
	if limit := max(0, (securityLine-len(empty))/4*3); len(item.Data) > limit {
		return fmt.Errorf("%w: the %s backend holds at most %d bytes under this name, this item has %d",
			keychain.ErrTooLarge, keychain.BackendKeychain, limit, len(item.Data))
	}
	args[len(args)-1] = base64.StdEncoding.EncodeToString(item.Data)
	_, err = s.run("add-generic-password", args...)
	var failed *securityError
	if errors.As(err, &failed) && failed.exit == securityDuplicate { // another process created it after -U searched
		_, err = s.run("add-generic-password", args...)
	}
	return err
}

// Remove removes an item.
func (s *securityTool) Remove(name string) error {
	_, err := s.run("delete-generic-password", s.item(name)...)
	return err
}

// Keys lists the names of ragenv's items in all keychains of the search list, without unlocking.
func (s *securityTool) Keys() ([]string, error) {
	out, err := s.run("dump-keychain")
	if err != nil {
		return nil, err
	}
	return accounts(out, s.service), nil
}

// accounts returns the accounts of a service's generic passwords in the output of security dump-keychain.
// Each item has a line `keychain: "PATH"`, a line `class: "genp"`, and attribute lines such as `
// "acct"<blob>="NAME"`. Values that are not printable ASCII start with hexadecimal; ragenv's never do.
func accounts(dump []byte, service string) []string {
	var names []string
	var class, account, owner string
	end := func() {
		if class == "genp" && owner == service && account != "" {
			names = append(names, account)
		}
		class, account, owner = "", "", ""
	}
	for line := range strings.Lines(string(dump)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "keychain: ") {
			end()
		}
		for prefix, value := range map[string]*string{`class: "`: &class, `    "acct"<blob>="`: &account, `    "svce"<blob>="`: &owner} {
			if rest, found := strings.CutPrefix(line, prefix); found {
				*value = strings.TrimSuffix(rest, `"`)
			}
		}
	}
	end()
	return names
}

// probe returns why nothing could be read or written now. show-keychain-info needs the keychain unlocked,
// and fails at once over SSH if it is not.
func (s *securityTool) probe() error {
	_, err := s.run("show-keychain-info")
	return err
}

// securityGuard returns the guard of the Keychain.
func securityGuard(s *securityTool) guard {
	return guard{
		exists: s.has, finds: true, probe: s.probe, abandon: s.abandon,
		failed: func(err error) error {
			var failed *securityError
			if !errors.As(err, &failed) {
				return err
			}
			switch failed.exit {
			case securityNoInteraction, securityAuthFailed:
				return &keychain.LockedElsewhereError{Backend: keychain.BackendKeychain}
			case securityCanceled:
				return keychain.ErrLocked
			case securityNoKeychain:
				return fmt.Errorf("the %s backend is %w: there is no default keychain", keychain.BackendKeychain, keychain.ErrUnavailable)
			case securityDuplicate:
				return fmt.Errorf("the %s backend is %w: an item of this name is there that security(1) may not change; remove it in Keychain Access",
					keychain.BackendKeychain, keychain.ErrUnavailable)
			}
			return err
		},
	}
}
