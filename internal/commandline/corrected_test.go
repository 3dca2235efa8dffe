package commandline

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/ui"
)

// A line that cannot be run gets the one that was probably meant as its hint.
func TestCorrectedLines(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"docker", "docker.exe"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	app := func() *cli.App {
		none := func(*cli.Context) error { return nil }
		return New(Program{
			Name: "tool", Run: "run", Stdout: io.Discard, Stderr: io.Discard,
			Flags: func() []cli.Flag { return []cli.Flag{&cli.StringFlag{Name: "profile", Aliases: []string{"p"}}} },
			Commands: []*cli.Command{
				{Name: "list", Action: none, Flags: []cli.Flag{&cli.BoolFlag{Name: "json"}, &cli.StringFlag{Name: "expires"}}},
				{Name: "run", Action: none, Flags: []cli.Flag{&cli.StringFlag{Name: "only"}, &cli.BoolFlag{Name: "mask"}}},
				{Name: "docker", Subcommands: []*cli.Command{{Name: "configure", Action: none}, {Name: "status", Action: none}}},
				{Name: "group", Subcommands: []*cli.Command{{Name: "configure", Action: none}, {Name: "status", Action: none}}},
			},
			Meant: []Meant{{Words: "show", Type: "tool get NAME"}, {Words: "group add", Type: "tool set KEY --profile NAME"}},
		})
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"lits", "--json", "a b"}, "tool list --json 'a b'"},
		{[]string{"list", "--josn", "x"}, "tool list --json x"},
		{[]string{"list", "--exprires=90d"}, "tool list --expires=90d"},
		{[]string{"list", "--bogus"}, "tool list --help"},
		{[]string{"list", "-V"}, "tool list --help"},
		{[]string{"--onyl", "A", "--", "docker", "ps"}, "tool --only A -- docker ps"},
		{[]string{"--only", "A", "docker", "ps"}, "tool --only A -- docker ps"},
		{[]string{"-p", "x", "--mask", "docker", "ps"}, "tool -p x --mask -- docker ps"},
		{[]string{"--only", "A", "list"}, "tool list --help"},
		{[]string{"docker compose up"}, "tool -- docker compose up"},
		{[]string{"A=1", "docker", "ps"}, "tool -- env A=1 docker ps"},
		{[]string{"docker", "ps", "-a"}, "tool -- docker ps -a"},
		{[]string{"--profile", "x", "docker", "ps"}, "tool --profile x -- docker ps"},
		{[]string{"--profile=x", "A=1", "docker", "ps"}, "tool --profile=x -- env A=1 docker ps"},
		{[]string{"docker", "stats"}, "tool -- docker stats, or: tool docker status"},
		{[]string{"docker", "config"}, "tool -- docker config, or: tool docker configure"},
		{[]string{"group", "config"}, "tool group configure"},
		{[]string{"group", "confgure", "--x"}, "tool group configure --x"},
		{[]string{"show"}, "tool get NAME"},
		{[]string{"show", "A", "B"}, "tool get A B"},
		{[]string{"group", "add", "x"}, "tool set KEY --profile x"},
	} {
		if got := ui.Explain(Run(app(), test.args)).Hint; got != test.want {
			t.Errorf("%q: %s, want %s", test.args, got, test.want)
		}
	}
	for _, test := range []struct {
		before, command []string
		want            string
	}{
		{[]string{"--only", "A", "--"}, []string{"docker compose", "up"}, "tool --only A -- docker compose up"},
		{[]string{"run"}, []string{"A=b", "docker"}, "tool run env A=b docker"},
		{[]string{"--"}, []string{"docker ps | cat"}, "tool -- sh -c 'docker ps | cat'"},
		{[]string{"--"}, []string{"nosuch ps"}, ""},
		{[]string{"--"}, []string{"--only", "A", "docker"}, "tool --only A -- docker"},
		{[]string{"-p", "x", "--"}, []string{"--mask", "--", "docker"}, "tool -p x --mask -- docker"},
		{[]string{"--"}, []string{"--bogus", "docker"}, ""},
		{[]string{"--"}, []string{"--"}, "tool -- COMMAND"},
		{[]string{"--"}, []string{"docker-compose", "up"}, "tool -- docker compose up"},
		{[]string{"--"}, []string{"nosuch"}, ""},
	} {
		if got := CorrectedCommand(app(), test.before, test.command); got != test.want {
			t.Errorf("%q: %s, want %s", test.command, got, test.want)
		}
	}
}

func TestWithFlag(t *testing.T) {
	none := func(*cli.Context) error { return nil }
	app := New(Program{
		Name: "tool", Run: "run", Stdout: io.Discard, Stderr: io.Discard,
		Flags:   func() []cli.Flag { return []cli.Flag{&cli.StringFlag{Name: "profile", Aliases: []string{"p"}}} },
		Without: map[string][]string{"lock": {"profile"}, "group": {"profile"}, "group other": {"profile"}},
		Commands: []*cli.Command{
			{Name: "set", Action: none}, {Name: "run", Action: none}, {Name: "lock", Action: none},
			{Name: "group", Subcommands: []*cli.Command{{Name: "sub", Action: none}, {Name: "other", Action: none}}},
		},
	})
	for hint, want := range map[string]string{
		"tool set NAME --force": "tool set --profile work NAME --force",
		"tool set":              "tool set --profile work",
		"tool set a":            "tool set --profile work a",
		"keep a copy (tool set A > FILE), then: tool set": "keep a copy (tool set --profile work A > FILE), then: tool set --profile work",
		"tool set --profile other NAME":                   "tool set --profile other NAME",
		"tool set --profile other A && tool set B":        "tool set --profile other A && tool set --profile work B",
		"tool set A && tool set --profile other B":        "tool set --profile work A && tool set --profile other B",
		"tool -- docker compose --profile gpu up":         "tool --profile work -- docker compose --profile gpu up",
		"tool -- docker ps":                               "tool --profile work -- docker ps",
		"cd x && tool -- sh -c 'y'":                       "cd x && tool --profile work -- sh -c 'y'",
		"tool group sub x":                                "tool group sub --profile work x",
		"tool group other x":                              "tool group other x",
		"tool lock":                                       "tool lock",
		"tool --help":                                     "tool --help",
		"mytool set x, toolset":                           "mytool set x, toolset",
		"run tool without sudo":                           "run tool without sudo",
	} {
		if got := WithFlag(app, hint, "profile", "work"); got != want {
			t.Errorf("%s: %s, want %s", hint, got, want)
		}
	}
}
