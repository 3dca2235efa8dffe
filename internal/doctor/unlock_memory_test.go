package doctor

import (
	"path/filepath"
	"testing"
)

// The tests' store has work factor 10, so an unlock takes 1 MiB, and the whole program 45 MiB.
func TestUnlockMemory(t *testing.T) {
	for name, c := range map[string]struct {
		limits []string // content of the files; "-" for an absent file
		status Status
		detail string
		hint   string
	}{
		"enough":                {[]string{"47185920\n", "-"}, OK, "open, 2 items", ""},
		"one byte too few":      {[]string{"47185919\n", "-"}, Warning, "unlocking takes 1 MiB of memory, and this container may use 44 MiB", "allow this container 45 MiB, or create a keychain that needs less: ragenv setup --work-factor 15"},
		"of the older version":  {[]string{"-", "1048576\n"}, Warning, "this container may use 1 MiB", "45 MiB"},
		"no limit":              {[]string{"max\n", "-"}, OK, "open, 2 items", ""},
		"no limit, the older":   {[]string{"-", "9223372036854771712\n"}, OK, "open, 2 items", ""},
		"no such files":         {[]string{"-", "-"}, OK, "open, 2 items", ""},
		"the first one decides": {[]string{"max\n", "1048576\n"}, OK, "open, 2 items", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := lockedHome(t)
			h.env["RAGENV_PASSPHRASE"] = "correct-horse"
			for i, text := range c.limits {
				file := filepath.Join(h.env["HOME"], "limits", string(rune('a'+i)))
				if text != "-" {
					h.write(file, text)
				}
				h.memoryLimits = append(h.memoryLimits, file)
			}
			h.expect(h.keychain, c.status, c.detail, c.hint)
			if opened := len(h.stored().items) > 0; opened != (c.status == OK) {
				t.Errorf("the keychain was opened: %t", opened)
			}
		})
	}
	t.Run("no passphrase", func(t *testing.T) {
		h := newHome(t)
		file := filepath.Join(h.env["HOME"], "limits", "a")
		h.write(file, "1048576\n")
		h.memoryLimits = []string{file}
		h.expect(h.keychain, OK, "without a passphrase", "")
	})
}
