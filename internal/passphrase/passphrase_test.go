package passphrase

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	_ "github.com/ragenv/ragenv/test/umask"
)

func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // regardless of the umask
		t.Fatal(err)
	}
	return path
}

func from(variables map[string]string) ([]byte, error) {
	return FromEnvironment(func(name string) string { return variables[name] })
}

func TestOrder(t *testing.T) {
	file := write(t, "p", "from file\nsecond line\n", 0o600)
	credential := filepath.Dir(write(t, CredentialName, "from systemd\r\n", 0o400))
	all := map[string]string{EnvFile: file, EnvCredentials: credential, EnvValue: "from value"}
	for _, step := range []struct{ want, drop string }{
		{"from file", EnvFile}, {"from systemd", EnvCredentials}, {"from value", EnvValue},
	} {
		got, err := from(all)
		if err != nil || string(got) != step.want {
			t.Errorf("with %d variables: %q, %v; want %q", len(all), got, err, step.want)
		}
		delete(all, step.drop)
	}
	if _, err := from(all); !errors.Is(err, ErrNone) {
		t.Errorf("without variables: %v, want ErrNone", err)
	}
}

func TestAnEmptyCredentialsDirectoryIsPassedOver(t *testing.T) {
	got, err := from(map[string]string{EnvCredentials: t.TempDir(), EnvValue: "x"})
	if err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestUnusableFileIsAnErrorNotPassedOver(t *testing.T) {
	cases := map[string]struct {
		path, want string
	}{
		"absent":      {filepath.Join(t.TempDir(), "absent"), "no such file"},
		"empty":       {write(t, "p", "\nsecond", 0o600), "empty"},
		"a directory": {t.TempDir(), "it is a directory"},
	}
	if runtime.GOOS != "windows" {
		cases["world-readable"] = struct{ path, want string }{write(t, "p", "x", 0o604), "other users"}
		cases["group-readable"] = struct{ path, want string }{write(t, "p", "x", 0o640), "0640"}
	}
	for name, test := range cases {
		_, err := from(map[string]string{EnvFile: test.path, EnvValue: "never"})
		var fileError *FileError
		if !errors.As(err, &fileError) || runtime.GOOS != "windows" && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want a FileError that says %q", name, err, test.want)
			continue
		}
		if fileError.Hint() == "" || !strings.Contains(err.Error(), EnvFile) {
			t.Errorf("%s: %v, hint %q", name, err, fileError.Hint())
		}
	}
}

// Others who can write to the file or to its directory choose the passphrase. The hint names what to change.
func TestFileThatOthersCanWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	file := write(t, "p", "x", 0o602)
	open := write(t, "p", "x", 0o600)
	if err := os.Chmod(filepath.Dir(open), 0o777); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{file: "chmod 600 " + file, open: "move it to a directory that nobody else can write to"} {
		_, err := from(map[string]string{EnvFile: path, EnvValue: "never"})
		var fileError *FileError
		if !errors.As(err, &fileError) || fileError.Hint() != want || strings.Count(err.Error(), path) > 1 {
			t.Errorf("%v, want the hint %q", err, want)
		}
	}
}

func TestCredentialWithAnAccessControlList(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root owns such a file")
	}
	path := write(t, CredentialName, "words", 0o440)
	if got, err := from(map[string]string{EnvCredentials: filepath.Dir(path)}); err != nil || string(got) != "words" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := from(map[string]string{EnvFile: path}); err == nil {
		t.Error("the same file, named by hand, was accepted")
	}
}

func TestForBackup(t *testing.T) {
	variables := map[string]string{EnvFile: write(t, "store", "of the store", 0o600), EnvValue: "of the store"}
	getenv := func(name string) string { return variables[name] }
	if _, err := ForBackup(getenv); !errors.Is(err, ErrNone) {
		t.Errorf("the store's passphrase was taken: %v", err)
	}
	variables[EnvBackupFile] = write(t, "backup", "of the backup\r\nsecond line\n", 0o600)
	if got, err := ForBackup(getenv); err != nil || string(got) != "of the backup" {
		t.Errorf("%q, %v", got, err)
	}
	variables[EnvBackupFile] = t.TempDir()
	var fileError *FileError
	if _, err := ForBackup(getenv); !errors.As(err, &fileError) || fileError.Variable != EnvBackupFile {
		t.Errorf("a directory: %v", err)
	}
}
