// Package scripttest runs the test scripts (testdata/script/*.txtar) of both programs.
//
// Each script has its own world: HOME and the XDG directories are in $WORK, and only PATH is inherited from
// the caller. Keys are created at run time; no script contains one. In addition to testscript's commands
// there are:
//
//	genkey VAR...                        sets each variable to a new key in the format of NVIDIA's
//	nokey [-stdout] VAR...               fails if a file in $WORK outside the store, or the last command's output, contains
//	                                     the variable's value, plain or in base64; -stdout allows it in standard output
//	mkstore [PASSPHRASE-VAR]             creates the file store, protected if a passphrase is given
//	putitem KIND NAME VAR [ATTR=VALUE...]  stores an item; KIND is env, registry or previous; ATTR is user, profile,
//	                                     updated or expires, the latter two as durations from now ("-24h")
//	noitem KIND NAME [ATTR=VALUE...]     fails if the item is stored
//	damage KIND NAME                     truncates the item's file
//	snapshot FILE, unchanged FILE        record a file; fail if it was written, replaced or created since
//	credential SERVER USER VAR           prints what a client writes to the helper's "store", for "stdin stdout"
//
// $STORE is the store's directory and $CONFIG the config file.
//
// Both programs are on PATH. Scripts run them with an explicit "exec".
package scripttest

import (
	"encoding/json"
	"flag"
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
	_ "github.com/ragenv/ragenv/test/umask"
)

// Main is the body of TestMain for a package with one program, whose main function is given. It exits.
func Main(m *testing.M, program string, main func()) {
	testscript.Main(cleaner{m}, map[string]func(){program: func() {
		cheapBackups()
		main()
	}})
}

// Clean is the body of TestMain for a package without scripts that runs the programs of Binary. It exits.
func Clean(m *testing.M) { os.Exit(cleaner{m}.Run()) }

// Waiting is Clean for tests that wait more than they compute: more of the parallel ones run at once than
// there are processors. The flag -parallel has precedence.
func Waiting(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "8") // a number
	}
	Clean(m)
}

type cleaner struct{ *testing.M }

func (c cleaner) Run() int {
	cheapBackups()
	code := c.M.Run()
	if temporary != "" {
		_ = os.RemoveAll(temporary)
	}
	return code
}

// cheapBackups makes scrypt cheap for the backups of this process, except in the long form: the tests cover
// the use of a passphrase, not scrypt.
func cheapBackups() {
	if !rounds.Long() {
		backup.WorkFactor = strconv.Itoa(lowWorkFactor)
	}
}

// Run runs the scripts in testdata/script. It builds the given programs once, in addition to the one under
// test. extra holds further commands and may be nil.
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

// Environ creates dir and returns the variables that give a program its own world below it.
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
		"XDG_RUNTIME_DIR=" + filepath.Join(dir, "run"), // does not exist
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
		// Otherwise the first write would choose the user's own keychain. On Linux the scripts have no
		// session bus to reach it.
		env.Setenv("RAGENV_BACKEND", keychain.BackendFile)
	}
	env.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise every run takes a second longer under -race
	env.Values[seenKey{}] = seen{}
	env.Setenv("STORE", filepath.Join(env.Getenv("XDG_DATA_HOME"), "ragenv"))
	env.Setenv("CONFIG", filepath.Join(env.Getenv("XDG_CONFIG_HOME"), "ragenv", "config.toml"))
	env.Defer(func() { // leave nothing in the machine's keyring
		if k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: env.Getenv("STORE")}); err == nil {
			_ = k.Lock()
		}
	})
	if bin != "" {
		env.Setenv("PATH", env.Getenv("PATH")+string(os.PathListSeparator)+bin)
	}
	return nil
}

// credential prints the input that Docker's clients write to "store".
func credential(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: credential SERVER USER VAR")
	}
	data, err := json.Marshal(map[string]string{"ServerURL": args[0], "Username": args[1], "Secret": ts.Getenv(args[2])})
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n", data)
	ts.Check(err)
}
