package importer

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// What an import of one file says. KEY is the stored value of NGC_API_KEY, FORMER the one before it, and
// OTHER is new. DIR is the file's directory.
func TestSays(t *testing.T) {
	key, former, other := scripttest.NewKey(), scripttest.NewKey(), scripttest.NewKey()
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + key))
	index := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(key[:8]), 4))
	for _, test := range []struct {
		name, file string
		options    Options
		failing    bool
		says, not  string
	}{
		{"x.env", "NGC_API_KEY=KEY\n", Options{}, false, "NGC_API_KEY already has that value", "skipped"},
		{"x.env", "NGC_API_KEY=KEY\n", Options{DryRunOnly: true}, false, "NGC_API_KEY already has that value", "would be stored"},
		{"x.env", "NGC_API_KEY=OTHER\n", Options{DryRunOnly: true}, true, "is already stored with a different value", "would be stored"},
		{"x.env", "NGC_API_KEY=OTHER\n", Options{DryRunOnly: true, Replace: true}, false, "NGC_API_KEY would be stored", "already"},
		// The value from before a rotation.
		{"x.env", "NGC_API_KEY=FORMER\n", Options{}, true, "x.env line 1 holds a former value of NGC_API_KEY", "different value"},
		{"x.env", "NGC_API_KEY=FORMER\n", Options{Remove: true}, false, "holds a former value of NGC_API_KEY, which is not stored again", "different value"},
		{"x.env", "NVIDIA_API_KEY=FORMER\n", Options{}, false, "stored NVIDIA_API_KEY", "former"},
		// A line of the file that is not the stored value stays.
		{"x.env", "NGC_API_KEY=OTHER\nNGC_API_KEY=KEY\n", Options{Remove: true}, false, "line 1 holds another value of NGC_API_KEY, which stays there", "line 2"},
		{"x.env", "NGC_API_KEY=\nNGC_API_KEY=KEY\n", Options{Remove: true}, false, "removed from ", "another value"},
		// Lines that were not read.
		{"x.env", "NGC_API_KEY=KEY\nset NGC_API_KEY=OTHER\n", Options{}, true, "x.env line 2 was not imported: ", ""},
		{"x.env", "NGC_API_KEY=KEY\n$env:NGC_API_KEY = 'OTHER'\n", Options{}, true, "x.env line 2 was not imported: it is an assignment of PowerShell", ""},
		{"x.env", "set NGC_API_KEY=x\nNGC_API_KEY=KEY\n", Options{}, true, "x.env line 1 was not imported: ", ""},
		{"x.env", "NGC_API_KEY=KEY\nset NGC_API_KEY=x", Options{}, true, "x.env line 2 was not imported: ", ""},
		{"x.env", "NGC_API_KEY=KEY\nset x OTHER\n", Options{}, true, "x.env line 2 was not imported: ", ""},
		{"x.env", "NGC_API_KEY=KEY\nset x y\n", Options{}, false, "already has that value", "was not imported"},
		{"x.env", "NGC_API_KEY=KEY\nset -- -\n", Options{All: true}, false, "already has that value", "was not imported"},
		// What to do after a removal.
		{"x.env", "NGC_API_KEY=KEY\n", Options{Remove: true}, false, "docker compose now needs ragenv", "direnv"},
		{".env.local", "NGC_API_KEY=KEY\n", Options{Remove: true}, false, "docker compose now needs ragenv", "history"},
		{"keys.sh", "NGC_API_KEY=KEY\n", Options{Remove: true}, false, "removed from ", "docker compose"},
		{".envrc", "NGC_API_KEY=KEY\n", Options{Remove: true}, false, "to give direnv the keys", "docker compose"},
		{"repository/deep/x.env", "NGC_API_KEY=KEY\n", Options{Remove: true}, false, "if x.env was ever committed", "this shell"},
		{"docker.env", `{"auths": {"nvcr.io": {"auth": "` + auth + `"}}}`, Options{Remove: true}, false, "already has that value", "docker compose"},
		{"index_key.txt", index + "\n", Options{Remove: true}, false, "is not changed by --remove", "removed from"},
		{"index_key.txt", "\n", Options{Remove: true}, true, "found no key to import", "is not changed"},
		// Text in UTF-16 without a mark, and what is no text.
		{"x.env", "A\x00=\x001\x00\n\x00", Options{}, true, "iconv -f UTF-16LE -t UTF-8 DIR/x.env | ragenv import -", ""},
		{"x.env", "\x00A\x00=\x001\x00\n", Options{}, true, "iconv -f UTF-16BE -t UTF-8 DIR/x.env | ragenv import -", ""},
		{"-", "A\x00=\x001\x00\n\x00", Options{}, true, "iconv -f UTF-16LE -t UTF-8 | ragenv import -", ""},
		{"x.env", "\x00NGC_API_KEY=KEY\n", Options{}, true, "it has NUL bytes", ""},
	} {
		if runtime.GOOS == "windows" && strings.Contains(test.says, "DIR/") {
			continue // the path has other separators
		}
		s, k, stderr := sessiontest.New(t)
		s.Print.Quiet = false
		before := keychain.Item{Ref: s.EnvRef("NGC_API_KEY"), Secret: keychain.NewSecret(former)}
		if err := k.Set(before); err != nil {
			t.Fatal(err)
		}
		if err := s.KeepFormer(k, before); err != nil {
			t.Fatal(err)
		}
		if err := k.Set(keychain.Item{Ref: before.Ref, Secret: keychain.NewSecret(key)}); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "repository", "deep"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, "repository", ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "standard-input")
		test.options.Files = []string{"-"}
		if test.name != "-" {
			path = filepath.Join(dir, test.name)
			test.options.Files[0] = path
		}
		if err := os.WriteFile(path, []byte(strings.NewReplacer("KEY\n", key+"\n", "FORMER\n", former+"\n", "OTHER", other).Replace(test.file)), 0o600); err != nil {
			t.Fatal(err)
		}
		stdin, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Stdin = stdin
		err = Run(s, test.options)
		_ = stdin.Close()
		s.Print.Fail(err)
		said := strings.ReplaceAll(stderr.String(), dir, "DIR")
		if (err != nil) != test.failing || !strings.Contains(said, test.says) || test.not != "" && strings.Contains(said, test.not) {
			t.Errorf("%s, %q: failed %v, and it says, without %q:\n%s", test.name, test.file, err != nil, test.not, said)
		}
		for _, value := range []string{key, former, other, index} {
			if strings.Contains(said, value) {
				t.Errorf("%s, %q: it shows a key", test.name, test.file)
			}
		}
	}
}

func TestStandardInputIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for size, says := range map[int64]string{atomicfile.MaxSize: "it has NUL bytes", atomicfile.MaxSize + 1: "is too long"} {
		s, _, _ := sessiontest.New(t)
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		stdin, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Stdin = stdin
		err = Run(s, Options{Files: []string{"-"}})
		_ = stdin.Close()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d bytes: %v, want %q", size, err, says)
		}
	}
}

func TestShellThatStillHasTheKey(t *testing.T) {
	s, _, stderr := sessiontest.New(t)
	s.Print.Quiet = false
	s.Getenv = func(name string) string { return map[string]string{"SET": "x"}[name] }
	afterRemoval(s, source{path: filepath.Join(t.TempDir(), "keys.sh")}, []string{"SET", "UNSET"})
	if said := stderr.String(); !strings.Contains(said, "this shell still has SET\n") || strings.Contains(said, "has UNSET") {
		t.Errorf("it says %q", said)
	}
}

// Of Docker's own file, a dry run changes a copy in memory.
func TestLoginsInADryRun(t *testing.T) {
	for helper, says := range map[string]string{`"credHelpers": {"nvcr.io": "ngc"}, `: "would be removed from ", "": "Docker does not ask "} {
		s, _, stderr := sessiontest.New(t)
		s.Print.Quiet = false
		path := filepath.Join(s.Getenv("HOME"), ".docker", "config.json")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		text := "{" + helper + `"auths": {"nvcr.io": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("$oauthtoken:"+scripttest.NewKey())) + `"}}}`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Run(s, Options{Docker: true, Remove: true, DryRunOnly: true})
		s.Print.Fail(err)
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Error("a dry run changed the file")
		}
		if said := stderr.String(); (err != nil) != (helper == "") || !strings.Contains(said, says) || strings.Contains(said, ": removed from") {
			t.Errorf("with %q: %v, it says %q", helper, err, said)
		}
		if err := os.WriteFile(path, []byte("["), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := editUnlessDry(Options{DryRunOnly: true}, path, func(*dockerconfig.File) error { return nil }); err == nil {
			t.Error("a file that is no JSON was read")
		}
	}
}

func TestShowReading(t *testing.T) {
	for _, test := range []struct {
		reading dotenv.Reading
		want    string
	}{
		{dotenv.Reading{}, "not set"},
		{dotenv.Reading{Sets: true}, "to be expanded"},
		{dotenv.Reading{Sets: true, Literal: true}, "empty"},
		{dotenv.Reading{Sets: true, Literal: true, Value: "short"}, "… (under 16 bytes)"},
		{dotenv.Reading{Sets: true, Literal: true, Value: "a bc", Prefix: true}, "… (under 16 bytes) and 3 more bytes (for one command)"},
		{dotenv.Reading{Sets: true, Literal: true, Value: " a"}, "… (under 16 bytes)"},
	} {
		if got := showReading(test.reading); got != test.want {
			t.Errorf("%+v: %q, want %q", test.reading, got, test.want)
		}
	}
}
