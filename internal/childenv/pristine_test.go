package childenv

import (
	"slices"
	"testing"
)

func TestPristine(t *testing.T) {
	for _, test := range []struct {
		doc      string
		environ  []string
		foldCase bool
		want     []string
	}{
		{"nothing", nil, false, []string{}},
		{
			"paths, languages and proxies stay, credentials and settings do not",
			[]string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "LC_ALL=C", "XDG_RUNTIME_DIR=/run", "LD_PRELOAD=x", "http_proxy=p", "HTTP_PROXY=P", "NGC_API_KEY=x", "HOME=/h"},
			false, []string{"PATH=/bin", "LC_ALL=C", "XDG_RUNTIME_DIR=/run", "http_proxy=p", "HTTP_PROXY=P", "HOME=/h"},
		},
		{"Docker's settings stay, its logins do not", []string{"DOCKER_HOST=ssh://h", "DOCKER_AUTH_CONFIG={}", "SSH_AUTH_SOCK=/s"}, false, []string{"DOCKER_HOST=ssh://h", "SSH_AUTH_SOCK=/s"}},
		{"the passphrase's file stays, the passphrase does not", []string{"RAGENV_PASSPHRASE=x", "RAGENV_PASSPHRASE_FILE=/f"}, false, []string{"RAGENV_PASSPHRASE_FILE=/f"}},
		{"case counts", []string{"Path=/bin", "SystemRoot=x", "=C:=C:\\"}, false, []string{}},
		{"but on Windows", []string{"Path=C:\\bin", "SystemRoot=C:\\Windows", "=C:=C:\\", "Secret=x"}, true, []string{"Path=C:\\bin", "SystemRoot=C:\\Windows", "=C:=C:\\"}},
		{"an entry without a name or a value", []string{"", "=x", "PATH", "OTHER"}, false, []string{"PATH"}},
	} {
		if got := Pristine(test.environ, test.foldCase); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.doc, got, test.want)
		}
	}
}
