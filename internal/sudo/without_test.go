package sudo

import "testing"

func TestAdapted(t *testing.T) {
	for _, tc := range []struct{ hint, root, user string }{
		{"sudo systemctl start docker", "systemctl start docker", "as root: systemctl start docker"},
		{`sudo chown "$(id -un)" /a`, `chown "$(id -un)" /a`, "as root: chown ann /a"},
		{"after its unit file has the new key: sudo systemctl restart rag.service", "after its unit file has the new key: systemctl restart rag.service",
			"after its unit file has the new key, as root: systemctl restart rag.service"},
		{"run ragenv and docker without sudo", "run ragenv and docker without sudo", "run ragenv and docker without sudo"},
		{"ragenv -- sudo --preserve-env=NGC_API_KEY id", "ragenv -- sudo --preserve-env=NGC_API_KEY id", "ragenv -- sudo --preserve-env=NGC_API_KEY id"},
	} {
		name := func() string { return "ann" }
		if got := adapted(tc.hint, true, false, name); got != tc.hint {
			t.Errorf("with sudo: %q", got)
		}
		if got := adapted(tc.hint, false, true, name); got != tc.root {
			t.Errorf("root: %q, want %q", got, tc.root)
		}
		if got := adapted(tc.hint, false, false, name); got != tc.user {
			t.Errorf("user: %q, want %q", got, tc.user)
		}
	}
}
