package doctor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/ui"
)

var someReports = []Report{
	{"helper", OK, "docker-credential-ngc is on PATH", ""},
	{"docker-config", Warning, "config.json names no helper for nvcr.io, so Docker does not ask for the stored key", "ragenv docker configure"},
	{"keys", Failed, "no key is stored", "ragenv set NGC_API_KEY"},
}

func TestWritePlain(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, ui.Style{}, someReports, false); err != nil {
		t.Fatal(err)
	}
	const want = `ok       helper         docker-credential-ngc is on PATH
warning  docker-config  config.json names no helper for nvcr.io, so Docker does not ask for the stored key
                        hint: ragenv docker configure
failed   keys           no key is stored
                        hint: ragenv set NGC_API_KEY
3 checks: 1 ok, 1 warning, 1 failed
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// On a terminal failures come first, no line is too wide, and passed checks are only counted.
func TestWriteForTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, ui.Style{On: true, Width: 40}, someReports, false); err != nil {
		t.Fatal(err)
	}
	text := stripColors(out.String())
	const want = `✗ keys
  no key is stored
  ragenv set NGC_API_KEY

! docker-config
  config.json names no helper for
  nvcr.io, so Docker does not ask for
  the stored key
  ragenv docker configure

✓ 1 check passed (ragenv doctor
  --verbose lists them)
1 error, 1 warning

Next step: ragenv set NGC_API_KEY
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	out.Reset()
	if err := Write(&out, ui.Style{On: true, Width: 80}, someReports, true); err != nil || !strings.Contains(stripColors(out.String()), "✓ helper: docker-credential-ngc is on PATH\n") {
		t.Errorf("--verbose does not list what passed: %v\n%s", err, out.String())
	}
}

// Nothing is counted that is not there.
func TestWriteForTerminalExtremes(t *testing.T) {
	for want, reports := range map[string][]Report{
		"✓ 1 check passed (ragenv doctor --verbose lists them)\n":                                                                               someReports[:1],
		"✗ keys\n  no key is stored\n  ragenv set NGC_API_KEY\n\n✓ 0 checks passed\n1 error, 0 warnings\n\nNext step: ragenv set NGC_API_KEY\n": someReports[2:],
	} {
		var out bytes.Buffer
		if err := Write(&out, ui.Style{On: true, Width: 80}, reports, false); err != nil || stripColors(out.String()) != want {
			t.Errorf("got %v\n%s\nwant\n%s", err, stripColors(out.String()), want)
		}
	}
}

func stripColors(text string) string {
	for _, code := range []string{"0", "1", "31", "32", "33"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	return text
}
