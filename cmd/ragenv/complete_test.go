package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/test/scripttest"
)

// Every place of every command line is in completionSources, so that completion cannot fall behind.
func TestCompletionKnowsEveryPlace(t *testing.T) {
	p, _, _ := testProgram(t)
	app, sources := newApp(p), p.completionSources()
	walk(app.Commands, func(command *cli.Command) {
		for _, f := range command.Flags {
			if _, ok := sources.OfFlag(f); !ok && f.(cli.DocGenerationFlag).TakesValue() {
				t.Errorf("%s: what is the value of --%s? completionSources does not say", command.HelpName, f.Names()[0])
			}
		}
		for n := range strings.Fields(command.ArgsUsage) {
			if _, ok := sources.OfArgument(app, command, n); !ok {
				t.Errorf("%s: what is its argument %d, of %q? completionSources does not say", command.HelpName, n+1, command.ArgsUsage)
			}
		}
	})
}

// Every command and every flag of the command tree completes.
func TestEveryCommandAndFlagCompletes(t *testing.T) {
	p, _, _ := testProgram(t)
	app := newApp(p)
	walk(app.Commands, func(command *cli.Command) {
		if command.Hidden {
			return
		}
		path := strings.Fields(commandline.Path(app, command))[1:]
		if !slices.ContainsFunc(p.completionSources().Complete(app, path).Words, func(c commandline.Candidate) bool { return c.Word == command.Name }) {
			t.Errorf("%q does not complete", path)
		}
		for _, f := range command.Flags {
			name := "--" + f.Names()[0]
			if !slices.ContainsFunc(p.completionSources().Complete(app, append(slices.Clone(path), name)).Words, func(c commandline.Candidate) bool { return c.Word == name }) {
				t.Errorf("%q %s does not complete", path, name)
			}
		}
	})
}

func TestCompleteWords(t *testing.T) {
	_, env := scripttest.LockedHome(t)
	p := &program{stdout: io.Discard, stderr: io.Discard, now: time.Now, getenv: func(name string) string {
		for _, v := range env {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}}
	for _, tc := range []struct{ line, want string }{
		{"se", ":words setup set"},
		{"docker ", ":words configure unconfigure status"},
		{"--quiet docker c", ":words configure"},
		{"get ", ":words MY_TOKEN NGC_API_KEY ghcr.io"},
		{"get ngc", ":words NGC_API_KEY"},
		{"get NGC_API_KEY ", ""},
		{"rm MY_TOKEN ", ":words NGC_API_KEY ghcr.io"},
		{"rm --force -- N", ":words NGC_API_KEY"},
		{"verify ", ":words MY_TOKEN NGC_API_KEY"},
		{"get --profile staging ", ":words OTHER_TOKEN"},
		{"--profile=staging get ", ":words OTHER_TOKEN"},
		{"--profile ", ":words default staging"},
		{"-p s", ":words staging"},
		{"list --profile=st", ":words --profile=staging"},
		{"profile copy default ", ":words default staging"},
		{"backend use f", ":words file"},
		{"export --format pow", ":words powershell"},
		{"--only MY_TOKEN,N", ":words MY_TOKEN,NGC_API_KEY"},
		{"--only MY_TOKEN,", ":words MY_TOKEN,NGC_API_KEY"},
		{"set NGC", ":words NGC_API_KEY NGC_CLI_API_KEY"},
		{"set MY", ":words MY_TOKEN"},
		{"set NGC_API_KEY --exp", ":words --expires"},
		{"set NGC_API_KEY --expires ", ""},
		{"help docker st", ":words status"},
		{"completion z", ":words zsh"},
		{"list ", ""},
		{"nonsense ", ""},
		{"docker nonsense ", ""},
		{"-- ", ":command 1"},
		{"-- docker compose ", ":command 1"},
		{"--only A --quiet -- docker -", ":command 4"},
		{"run ", ":command 1"},
		{"run --only A docker -", ":command 3"},
		{"run --quiet -- l", ":command 3"},
		{"__com", ""},
	} {
		answer := p.completionSources().Complete(newApp(p), strings.Split(tc.line, " "))
		got := answer.Kind
		for _, c := range answer.Words {
			got += " " + c.Word
		}
		if answer.String() == "" {
			got = ""
		}
		if got != tc.want {
			t.Errorf("%q: %q, want %q", tc.line, got, tc.want)
		}
	}
}
