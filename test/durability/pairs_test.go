//go:build unix

package durability

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

// change is a command of TestPairs. All of them start in the same world: see pairWorld.
type change struct {
	program string
	args    []string
	stdin   func(v values) string // nil for none
}

// values are the secrets of a test, by a name that its messages can show.
type values map[string]string

func (v values) named(name string) string {
	if v[name] == "" {
		v[name] = scripttest.NewKey()
	}
	return v[name]
}

// nameOf returns the name of a value.
func (v values) nameOf(value string) string {
	for name, other := range v {
		if value == other {
			return name
		}
	}
	return "a value of nobody"
}

func typed(name string) func(values) string {
	return func(v values) string { return v.named(name) }
}

var changes = map[string]change{
	"migrate":      {scripttest.Ragenv, []string{"backend", "migrate", keychain.BackendFile, keychain.BackendPass}, nil},
	"set":          {scripttest.Ragenv, []string{"set", "FIRST_TOKEN"}, typed("set")},
	"set another":  {scripttest.Ragenv, []string{"set", "NEW_TOKEN"}, typed("set another")},
	"rm":           {scripttest.Ragenv, []string{"rm", "FIRST_TOKEN"}, nil},
	"rotate":       {scripttest.Ragenv, []string{"rotate", "FIRST_TOKEN"}, typed("rotate")},
	"undo":         {scripttest.Ragenv, []string{"rotate", "--undo", "FIRST_TOKEN"}, nil},
	"confirm":      {scripttest.Ragenv, []string{"rotate", "--confirm", "FIRST_TOKEN"}, nil},
	"profile rm":   {scripttest.Ragenv, []string{"profile", "rm", "work", "--force"}, nil},
	"profile copy": {scripttest.Ragenv, []string{"profile", "copy", "default", "work", "--force"}, nil},
	"docker login": {scripttest.Helper, []string{"store"}, func(v values) string {
		return credential("nvcr.io", "$oauthtoken", v.named("docker login"))
	}},
	"docker logout": {scripttest.Helper, []string{"erase"}, func(values) string { return "nvcr.io" }},
	"restore":       {scripttest.Ragenv, []string{"restore", "--force", "--identity", "backup-identity", "keys.age"}, nil},
	"passphrase":    {scripttest.Ragenv, []string{"passphrase", "--no-passphrase"}, nil},
	"reset":         {scripttest.Ragenv, []string{"reset", "--yes", "--no-passphrase"}, nil},
}

// pairWorld creates a world with a protected file store, a replaced key, two profiles and a backup.
func pairWorld(t *testing.T, v values) *world {
	w := emptyWorld(t, t.TempDir())
	w.passphrase = []byte(v.named("passphrase"))
	put(t, filepath.Join(w.dir, "passphrase"), v["passphrase"]+"\n")
	w.extra["RAGENV_PASSPHRASE_FILE"] = filepath.Join(w.dir, "passphrase")
	if _, err := keychain.CreateFileStore(w.options(), keychain.Protection{Passphrase: w.passphrase, WorkFactor: workFactor}); err != nil {
		t.Fatal(err)
	}
	// Unlocked identities soon leave the user's kernel keyring, where they are the test's only trace.
	put(t, w.paths.ConfigFile, "backend = \"file\"\nunlock = \"1s\"\n")
	set := func(profile string, kind keychain.Kind, name string) {
		w.mustSet(keychain.Ref{Profile: profile, Kind: kind, Name: name}, v.named(profile+" "+string(kind)+" "+name))
	}
	set("default", keychain.KindEnv, "NGC_API_KEY")
	set("default", keychain.KindPrevious, "NGC_API_KEY")
	set("default", keychain.KindPrevious, "FIRST_TOKEN")
	set("work", keychain.KindEnv, "FIRST_TOKEN")
	set("work", keychain.KindEnv, "SECOND_TOKEN")
	if v["backup"] == "" { // to a public key, which takes no scrypt
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		v["backup-identity"] = id.String()
		w.mustSet(env("FIRST_TOKEN"), v.named("backed up"))
		w.run("", scripttest.Ragenv, "backup", "--only", "FIRST_TOKEN", "--recipient", id.Recipient().String(), "keys.age")
		data, err := os.ReadFile(filepath.Join(w.dir, "keys.age"))
		if err != nil {
			t.Fatal(err)
		}
		v["backup"] = string(data)
		return pairWorld(t, v)
	}
	put(t, filepath.Join(w.dir, "keys.age"), v["backup"])
	put(t, filepath.Join(w.dir, "backup-identity"), v["backup-identity"]+"\n")
	set("default", keychain.KindEnv, "FIRST_TOKEN")
	return w
}

// outcome of one or two changes: what is stored where, and the exit codes.
type ending struct {
	stored map[string]string // value names by backend and item
	codes  map[string]int    // by change
}

func (e ending) String() string {
	var lines []string
	for _, at := range slices.Sorted(maps.Keys(e.stored)) {
		lines = append(lines, at+" = "+e.stored[at])
	}
	return fmt.Sprintf("%v\n\t%s", e.codes, strings.Join(lines, "\n\t"))
}

func (e ending) equal(other ending) bool {
	return maps.Equal(e.stored, other.stored) && maps.Equal(e.codes, other.codes)
}

// look returns what is stored in every backend, and in keychains that were set aside.
func (w *world) look(v values, codes map[string]int) (ending, error) {
	e := ending{map[string]string{}, codes}
	backend, err := w.backend()
	if err != nil {
		return e, err
	}
	e.stored["backend"] = backend
	read := func(at string, options keychain.Options) error {
		k, err := keychain.Open(options)
		if err != nil {
			return err
		}
		protected, err := k.Protected()
		if err != nil {
			return err
		}
		if protected {
			at += " (protected)"
		}
		refs, err := k.List("")
		if err != nil {
			return err
		}
		for _, ref := range refs {
			item, err := k.Get(ref)
			if err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
			e.stored[at+": "+ref.String()] = v.nameOf(item.Secret.Reveal())
		}
		return nil
	}
	stores, err := filepath.Glob(w.paths.Store + "*")
	if err != nil {
		return e, err
	}
	for _, dir := range stores {
		o := w.options()
		o.Dir = dir
		if err := read(strings.Replace(filepath.Base(dir), time.Now().Format("."+time.DateOnly), " aside", 1), o); err != nil {
			return e, err
		}
	}
	got, err := w.readFrom(keychain.BackendPass)
	for ref, value := range got {
		e.stored["pass: "+ref.String()] = v.nameOf(value)
	}
	return e, err
}

func (w *world) changing(c change, v values) *exec.Cmd {
	cmd := w.command(c.program, c.args...)
	if c.stdin != nil {
		cmd.Stdin = strings.NewReader(c.stdin(v))
	}
	return cmd
}

// codeOf returns the exit code of an ended command.
func codeOf(cmd *exec.Cmd) int { return cmd.ProcessState.ExitCode() }

// inTurn returns what is stored after these changes, one after the other.
func inTurn(t *testing.T, v values, names ...string) ending {
	t.Helper()
	w := pairWorld(t, v)
	codes := map[string]int{}
	for _, name := range names {
		cmd := w.changing(changes[name], v)
		_ = cmd.Run()
		codes[name] = codeOf(cmd)
	}
	e, err := w.look(v, codes)
	if err != nil {
		t.Fatalf("%q: %v", names, err)
	}
	return e
}

// stopping is a change that stops before each of its steps.
type stopping struct {
	cmd    *exec.Cmd
	log    string
	errors bytes.Buffer
	ended  chan struct{}
}

// startStopping starts a change that stops whenever it opens the file store's lock, the config file or the lock of
// migrations, renames the config file, and runs pass.
func (w *world) startStopping(t *testing.T, strace string, c change, v values) *stopping {
	t.Helper()
	s := &stopping{log: filepath.Join(w.dir, "strace.log"), ended: make(chan struct{})}
	options := []string{"-e", "trace=openat,renameat2,rename,renameat,execve", "-e", "inject=openat,renameat2,rename,renameat,execve:signal=SIGSTOP"}
	for _, path := range []string{
		filepath.Join(w.paths.Store, "lock"), w.paths.ConfigFile, filepath.Join(w.paths.State, "switch.lock"), filepath.Join(w.paths.State, "changes.lock"), w.paths.Store, filepath.Join(w.dir, "bin", "pass"),
	} {
		options = append(options, "-P", path)
	}
	s.cmd = w.traced(strace, s.log, options, c.program, c.args...)
	if c.stdin != nil {
		s.cmd.Stdin = strings.NewReader(c.stdin(v))
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.errors, &s.errors
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() { _ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); <-s.ended })
	return s
}

// hasEnded waits a moment, and reports whether the change has ended.
func (s *stopping) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	case <-time.After(5 * time.Millisecond):
		return false
	}
}

// stops returns how often the change was stopped, whether the last stop has taken effect, and whether it is a step:
// the shell that runs the stub of pass opens it once more.
func (s *stopping) stops() (n int, stopped, step bool) {
	data, _ := os.ReadFile(s.log)
	parts := strings.Split(string(data), "--- SIGSTOP {")
	last := len(parts) - 1
	if last == 0 {
		return 0, false, false
	}
	call := parts[last-1][strings.LastIndex(strings.TrimRight(parts[last-1], "0123456789 \n"), "\n")+1:]
	return last, strings.Contains(parts[last], "--- stopped by SIGSTOP ---"), !strings.Contains(call, "openat(") || !strings.Contains(call, "/bin/pass")
}

// proceed continues the change to its stop before the nth step, and reports whether it got there.
func (s *stopping) proceed(nth int) bool {
	continued, since := 0, time.Now()
	for steps := 0; !s.hasEnded(); {
		n, stopped, step := s.stops()
		// Once per stop, since a late signal would end the next one; but one that is too early has no effect.
		switch fresh := stopped && n > continued; {
		case fresh && step:
			if steps++; steps == nth {
				return true
			}
		case !fresh && time.Since(since) < time.Second:
			continue
		}
		continued, since = n, time.Now()
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGCONT)
	}
	return false
}

// finish continues the change to its end.
func (s *stopping) finish() { s.proceed(0) }

// patience is how long the second change of a pair may take while the first is stopped. It may wait for a lock that
// the first holds, so the first then continues.
const patience = 400 * time.Millisecond

// TestPairs stops a change before each of its steps, runs another one meanwhile, and lets the first one end. What is
// stored must be what one of them leaves after the other, or what one leaves alone if the other failed.
func TestPairs(t *testing.T) {
	strace := needRootsStrace(t)
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	names := slices.Sorted(maps.Keys(changes))
	for _, first := range names {
		for _, second := range names {
			if first == second || !rounds.Long() && !slices.Contains(shortPairs, first+", "+second) {
				continue
			}
			t.Run(first+", "+second, func(t *testing.T) {
				t.Parallel()
				pair(t, strace, first, second)
			})
		}
	}
}

// shortPairs are the pairs of the short form.
var shortPairs = []string{"migrate, rm", "rm, migrate", "undo, set"}

func pair(t *testing.T, strace, first, second string) {
	v := values{}
	pairWorld(t, v)
	for _, c := range changes {
		if c.stdin != nil {
			c.stdin(v)
		}
	}
	right := []ending{inTurn(t, v, first, second), inTurn(t, v, second, first)}
	for alone, other := range map[string]string{first: second, second: first} {
		e := inTurn(t, v, alone)
		e.codes[other] = 1
		right = append(right, e)
	}
	stride := 5 // a step means all of the former ones once more
	if rounds.Long() {
		stride = 1
	}
	for step := 1; ; step += stride {
		w := pairWorld(t, v)
		s := w.startStopping(t, strace, changes[first], v)
		reached := s.proceed(step)
		if !reached {
			if step == 1 {
				t.Fatalf("%s was never stopped: %s", first, &s.errors)
			}
			t.Logf("fewer than %d steps", step)
			return
		}
		cmd := w.changing(changes[second], v)
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(patience):
		}
		s.finish()
		<-ended
		got, err := w.look(v, map[string]int{first: codeOf(s.cmd), second: codeOf(cmd)})
		if err != nil || !slices.ContainsFunc(right, got.equal) {
			t.Fatalf("LOST, or came back: %s was stopped before step %d, and %s ran: %v\n%v\nbut in turn\n%v\nor\n%v\n%s: %s%s: %s%s",
				first, step, second, err, got, right[0], right[1], first, &s.errors, second, &output, s.steps())
		}
	}
}

// steps returns the system calls at which the change was stopped, to report them.
func (s *stopping) steps() string {
	data, _ := os.ReadFile(s.log)
	var calls []string
	for line := range strings.Lines(string(data)) {
		if _, call, _ := strings.Cut(line, " "); strings.Contains(call, "(") {
			calls = append(calls, call)
		}
	}
	return strings.Join(calls, "")
}
