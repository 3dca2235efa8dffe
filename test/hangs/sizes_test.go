//go:build unix

package hangs

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// endless is a reader that never ends.
type endless struct{ b byte }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.b
	}
	return len(p), nil
}

// Huge, deeply nested or endless input causes an error within bounded memory, and changes nothing.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	const (
		memory  = 256 << 20 // many times what is needed, and less than unbounded reading would take
		patient = time.Minute
	)
	deep := strings.Repeat("[", 10<<20)
	nested := deep[:7<<20] // below every size limit, so that it is parsed
	helper, ragenv := scripttest.Binary(t, scripttest.Helper), scripttest.Binary(t, scripttest.Ragenv)
	for _, tc := range []struct {
		name  string
		file  string // path below the home
		text  string
		stdin io.Reader
		argv  []string
	}{
		{name: "get, endless", stdin: endless{'a'}, argv: []string{helper, "get"}},
		{name: "get, endless line feeds", stdin: endless{'\n'}, argv: []string{helper, "get"}},
		{name: "erase, endless", stdin: endless{'a'}, argv: []string{helper, "erase"}},
		{name: "store, endless", stdin: endless{'{'}, argv: []string{helper, "store"}},
		{name: "store, deep", stdin: strings.NewReader(deep), argv: []string{helper, "store"}},
		{name: "store, nested", stdin: strings.NewReader(nested[:1<<20-1]), argv: []string{helper, "store"}},
		{name: "kubelet, endless", stdin: endless{'['}, argv: []string{helper, "kubelet"}},
		{name: "set, endless", stdin: endless{'a'}, argv: []string{ragenv, "set", "NGC_API_KEY"}},
		{name: "import, endless", stdin: endless{'a'}, argv: []string{ragenv, "import", "-"}},
		{name: "config.json, deep", file: ".docker/config.json", text: deep, argv: []string{ragenv, "docker", "configure"}},
		{name: "config.json, nested", file: ".docker/config.json", text: nested, argv: []string{ragenv, "docker", "configure"}},
		{name: "config.json, deep, doctor", file: ".docker/config.json", text: deep, argv: []string{ragenv, "doctor"}},
		{name: "config.json, nested, doctor", file: ".docker/config.json", text: nested, argv: []string{ragenv, "doctor"}},
		{name: "config.toml, deep", file: ".config/ragenv/config.toml", text: "required = " + deep, argv: []string{ragenv, "list"}},
		{name: "config.toml, nested", file: ".config/ragenv/config.toml", text: "required = " + nested, argv: []string{ragenv, "list"}},
		{name: "config.toml, deep, helper", file: ".config/ragenv/config.toml", text: "required = " + deep, stdin: strings.NewReader("nvcr.io"), argv: []string{helper, "get"}},
		{name: "store.json, deep", file: ".local/share/ragenv/store.json", text: deep, stdin: strings.NewReader("nvcr.io"), argv: []string{helper, "get"}},
		{name: "identity, huge", file: ".local/share/ragenv/identity", text: deep, stdin: strings.NewReader("nvcr.io"), argv: []string{helper, "get"}},
		{name: "item, huge", file: ".local/share/ragenv/items/default+env+NGC_API_KEY.age", text: strings.Repeat(deep, 3), stdin: strings.NewReader("nvcr.io"), argv: []string{helper, "get"}},
		{name: "identity, scrypt of 2^22", file: ".local/share/ragenv/identity", text: scryptHeader("22"), stdin: strings.NewReader("nvcr.io"), argv: []string{helper, "get"}},
		{name: "backup, scrypt of 2^22", file: "evil.age", text: scryptHeader("22"), argv: []string{ragenv, "restore", "evil.age"}},
		{name: "backup, deep", file: "evil.age", text: deep, argv: []string{ragenv, "restore", "evil.age"}},
		{name: "backup, nested", file: "evil.age", text: nested, argv: []string{ragenv, "restore", "evil.age"}},
		{name: ".env, deep", file: "evil.env", text: deep, argv: []string{ragenv, "import", "evil.env"}},
		{name: ".env, nested", file: "evil.env", text: nested, argv: []string{ragenv, "import", "evil.env"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			env, err := scripttest.Environ(dir)
			if err != nil {
				t.Fatal(err)
			}
			home := filepath.Join(dir, "home")
			options := keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(home, ".local", "share", "ragenv")}
			k, err := keychain.CreateFileStore(options, keychain.Protection{WorkFactor: 10})
			if err != nil {
				t.Fatal(err)
			}
			key := scripttest.NewKey()
			item := keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}, Secret: keychain.NewSecret(key)}
			if err := k.Set(item); err != nil {
				t.Fatal(err)
			}
			if tc.file != "" {
				path := filepath.Join(home, tc.file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			passphrase := filepath.Join(dir, "passphrase")
			if err := os.WriteFile(passphrase, []byte("x\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			// The peak of a process starts with that of its parent, and this one may be large.
			report := filepath.Join(dir, "memory")
			cmd := exec.CommandContext(ctx, os.Args[0], tc.argv...)
			cmd.Env = append(env, envMeasure+"="+report, "PATH="+os.Getenv("PATH"), "RAGENV_PASSPHRASE=x", "RAGENV_BACKUP_PASSPHRASE_FILE="+passphrase)
			cmd.Dir, cmd.Stdin = home, tc.stdin
			cmd.WaitDelay = time.Second
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err = cmd.Run()
			if ctx.Err() != nil {
				t.Fatal("it did not end by itself")
			}
			if code := cmd.ProcessState.ExitCode(); code <= 0 {
				t.Errorf("exit %d (%v)", code, err)
			}
			if said := out.String(); len(said) > 8<<10 || scripttest.Holds(said, key) {
				t.Errorf("it said %d bytes, with the key: %t", len(said), scripttest.Holds(said, key))
			}
			rss := readPeak(t, report)
			t.Logf("%d MiB: %.150q", rss>>20, out.String())
			if rss > memory {
				t.Errorf("it took %d MiB", rss>>20)
			}
			if tc.file == "" || !strings.HasPrefix(tc.file, ".local") && !strings.HasPrefix(tc.file, ".config") {
				if got, err := k.Get(item.Ref); err != nil || got.Secret != item.Secret {
					t.Errorf("the key has changed: %v", err)
				}
			}
		})
	}
}

// envMeasure makes the test binary run its arguments as a command and write the command's peak memory, in
// bytes, to the file that it names.
const envMeasure = "RAGENV_TEST_MEASURE"

// measure runs the command, writes the report and returns the command's exit code.
func measure(report string, argv []string) int {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		panic(err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(report, []byte(strconv.FormatInt(int64(usage.Maxrss)<<maxRSSShift, 10)), 0o600); err != nil {
		panic(err)
	}
	return cmd.ProcessState.ExitCode()
}

func readPeak(t *testing.T, report string) int64 {
	t.Helper()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func init() {
	if report := os.Getenv(envMeasure); report != "" {
		_ = os.Unsetenv(envMeasure)
		os.Exit(measure(report, os.Args[1:]))
	}
}

// scryptHeader returns the header of an age file whose passphrase needs 2^work steps to try.
func scryptHeader(work string) string {
	return "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA " + work + "\n" + strings.Repeat("A", 43) + "\n--- " + strings.Repeat("A", 43) + "\n" + strings.Repeat("x", 64)
}
