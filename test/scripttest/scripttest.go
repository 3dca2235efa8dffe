// Package scripttest runs the end-to-end scripts (testdata/script/*.txtar) of both programs.
//
// A script's world is its own: HOME and the XDG directories are in $WORK, and nothing of the caller's environment but PATH
// gets in. Keys are made at run time; a script never spells one out. Besides testscript's own commands there are:
//
//	genkey VAR...                        puts a new key, shaped like NVIDIA's, into each variable
//	nokey [-stdout] VAR...               fails if a file in $WORK outside the store, or the last command's output, holds
//	                                     the variable's value, plain or in base64; -stdout lets standard output have it
//	mkstore [PASSPHRASE-VAR]             makes the file store, protected if there is a passphrase
//	putitem KIND NAME VAR [ATTR=VALUE...]  stores an item; KIND is env, registry or previous; ATTR is user, profile,
//	                                     updated or expires, the latter two as durations from now ("-24h")
//	noitem KIND NAME [ATTR=VALUE...]     fails if the item is stored
//	damage KIND NAME                     cuts the item's file short
//	snapshot FILE, unchanged FILE        remember a file; fail if it was written or replaced since, or appeared
//	credential SERVER USER VAR           prints what a client writes to the helper's "store", for "stdin stdout"
//
// $STORE is the store's directory and $CONFIG the config file.
//
// Both programs are on PATH. "exec" runs them; scripts must say it.
package scripttest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
)

// Main is TestMain's body for the package of one program, whose main function is given. It exits.
func Main(m *testing.M, program string, main func()) {
	testscript.Main(cleaner{m}, map[string]func(){program: func() {
		cheapBackups()
		main()
	}})
}

// Clean is TestMain's body for a package that has no scripts, and runs the programs that Binary builds. It exits.
func Clean(m *testing.M) { os.Exit(cleaner{m}.Run()) }

type cleaner struct{ *testing.M }

func (c cleaner) Run() int {
	cheapBackups()
	code := c.M.Run()
	if temporary != "" {
		_ = os.RemoveAll(temporary)
	}
	return code
}

// cheapBackups makes scrypt cheap for the backups of this process, but in the long form of the tests: they test what is done with
// a passphrase, not scrypt.
func cheapBackups() {
	if !rounds.Long() {
		backup.WorkFactor = strconv.Itoa(lowWorkFactor)
	}
}

// Run runs the scripts in testdata/script. Programs are those the scripts need in addition to the one under test; they are built
// once. Extra commands may be nil.
func Run(t *testing.T, extra map[string]func(ts *testscript.TestScript, neg bool, args []string), programs ...string) {
	t.Helper()
	bin := ""
	if len(programs) > 0 {
		bin = filepath.Dir(Binary(t, programs[0]))
	}
	cmds := commands()
	for name, cmd := range extra {
		cmds[name] = cmd
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds:                cmds,
		Setup:               func(env *testscript.Env) error { return setUp(env, bin) },
	})
}

// Environ returns the variables that give a program a world of its own below dir, which is made.
func Environ(dir string) ([]string, error) {
	home := filepath.Join(dir, "home")
	temp := filepath.Join(dir, "tmp")
	for _, d := range []string{home, temp} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	return []string{
		"HOME=" + home, "USERPROFILE=" + home,
		"TMPDIR=" + temp, "TMP=" + temp, "TEMP=" + temp,
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"), "AppData=" + filepath.Join(home, ".config"),
		"XDG_DATA_HOME=" + filepath.Join(home, ".local", "share"), "LocalAppData=" + filepath.Join(home, ".local", "share"),
		"XDG_STATE_HOME=" + filepath.Join(home, ".local", "state"),
		"XDG_RUNTIME_DIR=" + filepath.Join(dir, "run"), // there is none
		"DOCKER_CONFIG=" + filepath.Join(home, ".docker"),
	}, nil
}

func setUp(env *testscript.Env, bin string) error {
	vars, err := Environ(env.WorkDir)
	if err != nil {
		return err
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		env.Setenv(name, value)
	}
	if runtime.GOOS != "linux" {
		// The first write would choose the user's own keychain. On Linux the scripts have no session bus to reach one.
		env.Setenv("RAGENV_BACKEND", keychain.BackendFile)
	}
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else every run takes a second more under -race
	env.Values[seenKey{}] = seen{}
	env.Setenv("STORE", filepath.Join(env.Getenv("XDG_DATA_HOME"), "ragenv"))
	env.Setenv("CONFIG", filepath.Join(env.Getenv("XDG_CONFIG_HOME"), "ragenv", "config.toml"))
	env.Defer(func() { // nothing stays in the machine's keyring
		if k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: env.Getenv("STORE")}); err == nil {
			_ = k.Lock()
		}
	})
	if bin != "" {
		env.Setenv("PATH", env.Getenv("PATH")+string(os.PathListSeparator)+bin)
	}
	return nil
}

// credential prints what Docker's clients write to "store".
func credential(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: credential SERVER USER VAR")
	}
	data, err := json.Marshal(map[string]string{"ServerURL": args[0], "Username": args[1], "Secret": ts.Getenv(args[2])})
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n", data)
	ts.Check(err)
}
