package commandline

import (
	"errors"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestRun(t *testing.T) {
	for line, want := range map[string]string{ // command, profile, whether that was set, arguments; or the error
		"list":                             "list  false []",
		"-p x list":                        "list x true []",
		"list --profile=x":                 "list x true []",
		"list -p x --profile y":            "error: the flag -p is given in two forms",
		"list --bogus":                     "error: unknown flag --bogus",
		"list --profile":                   "error: the flag --profile needs a value",
		"--bogus":                          "error: unknown flag --bogus",
		"group sub a -p x -- -p":           "group sub x true [a -p]",
		"group":                            "Usage:",
		"group bogus":                      "error: bogus is not a command of tool group",
		"bogus":                            "error: bogus is not a command of tool",
		"--version":                        "tool version 1",
		"-v":                               "tool version 1",
		"list --version":                   "error: unknown flag --version",
		"--version list":                   "error: unknown flag --version",
		"list --help":                      "tool list - list things",
		"--help":                           "tool - a tool",
		"":                                 "tool - a tool",
		"-- list -p y":                     "run  false [list -p y]",
		"-p x -- list -p y":                "run x true [list -p y]",
		"run list --bogus":                 "run  false [list --bogus]",
		"list --help --bogus":              "error: unknown flag --bogus",
		"group sub --profile x -p x --all": "error: the flag -p is given in two forms",
	} {
		var out strings.Builder
		ran := func(c *cli.Context) error {
			if !c.IsSet("profile") != !c.IsSet("p") {
				t.Errorf("%q: one form is set, and the other is not", line)
			}
			_, err := out.WriteString(strings.Join([]string{c.Command.HelpName, c.String("p"), map[bool]string{true: "true", false: "false"}[c.IsSet("profile")],
				"[" + strings.Join(c.Args().Slice(), " ") + "]"}, " "))
			return err
		}
		app := New(Program{
			Name: "tool", Usage: "a tool", Version: "1", Run: "run", Stdout: &out, Stderr: &out,
			Flags: func() []cli.Flag { return []cli.Flag{&cli.StringFlag{Name: "profile", Aliases: []string{"p"}}} },
			Commands: []*cli.Command{
				{Name: "list", Usage: "list things", Action: ran},
				{Name: "run", Action: ran},
				{Name: "group", Subcommands: []*cli.Command{{Name: "sub", Action: ran, Flags: []cli.Flag{&cli.BoolFlag{Name: "all"}}}}},
			},
		})
		got := ""
		if err := Run(app, strings.Fields(line)); err != nil && !errors.Is(err, ErrHelpShown) {
			got = "error: " + err.Error()
		} else if got = out.String(); want == "Usage:" {
			got = got[strings.Index(got, want):]
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
