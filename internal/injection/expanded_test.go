package injection

import (
	"strings"
	"testing"
)

func TestExpandedArguments(t *testing.T) {
	for command, want := range map[string]string{
		"docker|run|-e|NGC_API_KEY=|IMG":                     "NGC_API_KEY=",
		"docker|run|-eNGC_API_KEY=|IMG":                      "-eNGC_API_KEY=",
		"docker|run|--env=NGC_API_KEY=|IMG":                  "--env=NGC_API_KEY=",
		"env|NGC_API_KEY=|sh":                                "NGC_API_KEY=",
		"docker|run|-e|OTHER=|IMG":                           "",
		"docker|run|-e|NGC_API_KEY|IMG":                      "",
		"docker|run|-e|NGC_API_KEY=x|IMG":                    "",
		"docker|login|--password||nvcr.io":                   `--password ""`,
		"docker|login|--password=|nvcr.io":                   "--password=",
		"helm|install|--set|ngcImagePullSecret.password=|r":  "ngcImagePullSecret.password=",
		"helm|install|--set=ngcApiSecret.password=|r":        "--set=ngcApiSecret.password=",
		"helm|install|--set|a.enabled=|r":                    "",
		"ngc|config|set|--api-key||":                         `--api-key ""`,
		"sh|-c|docker run -e NGC_API_KEY=$NGC_API_KEY|x|--y": "",
		"grep||file": "",
	} {
		var got []string
		for _, arg := range expandedArguments(strings.Split(command, "|"), []string{"NGC_API_KEY"}) {
			got = append(got, arg.shown)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}
