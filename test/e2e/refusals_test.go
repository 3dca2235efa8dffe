package e2e

import (
	"os"
	"strconv"
	"strings"
)

// refusals are the messages of the world's engine when nvcr.io refuses it. Each is a list of parts that the
// message contains, and docs/troubleshooting.md quotes one of the parts.
type refusals struct {
	noKey, wrongKey             []string // for a pull
	noKeyQuoted, wrongKeyQuoted string
	login                       string // for a login with a wrong key
}

// The messages of containerd, and of BuildKit with every engine.
const (
	noAnonymous = "failed to fetch anonymous token"
	noOAuth     = "failed to fetch oauth token"
)

func engineRefuses() refusals {
	if fromContainerd() {
		of := func(quoted string) []string {
			return []string{
				`Error response from daemon: unknown: failed to resolve reference "` + nimImage + `": failed to authorize: ` + quoted +
					": unexpected status from GET request to https://nvcr.io/proxy_auth?scope=",
				": 401 Unauthorized",
			}
		}
		// Unlike nvcr.io, the world's token endpoint answers this one word, which the engine repeats.
		return refusals{of(noAnonymous), of(noOAuth), noAnonymous, noOAuth, `Error response from daemon: Get "https://nvcr.io/v2/": unauthorized: Unauthorized`}
	}
	const required = "unauthorized: authentication required"
	pull := []string{"Error response from daemon: ", nimManifest + ": " + required}
	return refusals{pull, pull, required, required, `Error response from daemon: Get "https://nvcr.io/v2/": ` + required}
}

// fromContainerd reports whether the world's engine keeps its images in containerd's store, as engines from
// 29 on do.
func fromContainerd() bool {
	version := major(os.Getenv("E2E_DOCKER_VERSION"))
	return version >= 29 || version == 2 // an engine built from its Go module calls itself 2.0.0-beta
}

// cliMajor returns the major version of the world's docker program.
func cliMajor() int { return major(cliVersion()) }

func major(version string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	number, _ := strconv.Atoi(first)
	return number
}

// quoted fails the test unless docs/troubleshooting.md quotes the message.
func (r result) quoted(message string) result {
	r.t.Helper()
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n| `"+message+"`") {
		r.t.Errorf("docs/troubleshooting.md does not quote %q", message)
	}
	return r.says(message)
}
