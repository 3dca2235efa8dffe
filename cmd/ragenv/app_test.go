package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/test/scripttest"
)

// walk calls visit for every command and group of commands.
func walk(commands []*cli.Command, visit func(*cli.Command)) {
	for _, command := range commands {
		visit(command)
		walk(command.Subcommands, visit)
	}
}

func TestEveryCommandIsPrepared(t *testing.T) {
	p, _, _ := testProgram(t)
	walk(newApp(p).Commands, func(c *cli.Command) {
		if c.OnUsageError == nil || c.Before == nil || c.Action == nil {
			t.Errorf("%s: OnUsageError, Before or Action is missing", c.HelpName)
		}
		if c.Usage == "" || strings.HasSuffix(c.Usage, ".") || c.Usage != lowerFirst(c.Usage) {
			t.Errorf("%s: usage %q", c.HelpName, c.Usage)
		}
		for _, f := range c.Flags {
			doc, ok := f.(cli.DocGenerationFlag)
			if !ok || doc.GetUsage() == "" {
				t.Errorf("%s: --%s has no usage", c.HelpName, f.Names()[0])
				continue
			}
			if len(doc.GetEnvVars()) > 0 {
				t.Errorf("%s: --%s reads the environment: the help would show its value", c.HelpName, f.Names()[0])
			}
			if doc.TakesValue() != strings.Contains(doc.GetUsage(), "`") {
				t.Errorf("%s: --%s: a placeholder belongs to a flag with a value, and only to it", c.HelpName, f.Names()[0])
			}
		}
		for _, name := range []string{session.FlagProfile, flagQuiet, "help"} {
			want, count := 1, 0
			if slices.Contains(withoutFlags[c.HelpName], name) {
				want = 0
			}
			for _, f := range c.Flags {
				if slices.Contains(f.Names(), name) {
					count++
				}
			}
			if count != want {
				t.Errorf("%s has --%s %d times, want %d", c.HelpName, name, count, want)
			}
		}
	})
}

// A global flag that does not apply to a command is unknown after the command's name and ignored before it.
func TestGlobalFlags(t *testing.T) {
	known := map[string]*cli.Command{}
	p, _, _ := testProgram(t)
	walk(newApp(p).Commands, func(c *cli.Command) { known[c.HelpName] = c })
	for path, flags := range withoutFlags {
		if known[path] == nil {
			t.Errorf("there is no command %s", path)
			continue
		}
		for _, flag := range flags {
			args := []string{"--" + flag}
			if flag == session.FlagProfile {
				args = append(args, "work")
			}
			p, _, stderr := testProgram(t)
			line := append(strings.Fields(path), append(args, "--help")...)
			if code := p.main(line); len(known[path].Subcommands) == 0 && (code != 2 || !strings.Contains(stderr.String(), "ragenv: error: unknown flag --"+flag)) {
				t.Errorf("%q: exit code %d: %s", line, code, stderr)
			}
			p, stdout, stderr := testProgram(t)
			line = append(args, append(strings.Fields(path), "--help")...)
			if code := p.main(line); code != 0 || !strings.HasPrefix(stdout.String(), "ragenv "+path+" - ") {
				t.Errorf("%q: exit code %d: %s", line, code, stderr)
			}
		}
	}
}

// Every command's help has examples, each with a comment above it.
func TestEveryCommandHasExamples(t *testing.T) {
	p, _, _ := testProgram(t)
	walk(newApp(p).Commands, func(c *cli.Command) {
		if c.Hidden || c.Name == "help" {
			return
		}
		_, examples := commandline.SplitExamples(c.Description)
		if !strings.HasPrefix(examples, "  # ") || !strings.Contains(examples, "ragenv ") {
			t.Errorf("ragenv %s has no examples", c.HelpName)
		}
	})
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' { // a name such as JSON
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// Flags with the same name agree on taking a value, since arrange reads flags before it knows the command.
func TestFlagsAgreeOnTakingAValue(t *testing.T) {
	p, _, _ := testProgram(t)
	takes := map[string]bool{}
	walk(newApp(p).Commands, func(c *cli.Command) {
		for _, f := range c.Flags {
			doc := f.(cli.DocGenerationFlag)
			for _, name := range f.Names() {
				if before, ok := takes[name]; ok && before != doc.TakesValue() {
					t.Errorf("%s: %s takes a value in one command and none in another", c.HelpName, name)
				}
				takes[name] = doc.TakesValue()
			}
		}
	})
}

var message = regexp.MustCompile(`^ragenv: (error|hint|warning|note): \S.*([^.\s]|\.\.\.)$`)

// A usage error prints one error line and one hint, nothing on stdout, and no flag's value.
func TestUsageErrors(t *testing.T) {
	key := scripttest.NewKey()
	for _, line := range []string{
		"--bogus", "--bogus=KEY", "list --bogus=KEY", "list KEY", "list --json=KEY", "list --profile", "list --profile KEY", "list --profile=",
		"nonsense", "KEY", "docker nonsense", "docker KEY", "docker status --bogus", "set", "set KEY", "set NAME KEY", "set NAME=KEY", "set NAME KEY --force", "set 1X", "set PATH",
		"set RAGENV_PASSPHRASE", "set NAME --expires KEY", "set NAME --expires", "set NAME --from-env --generate", "get", "get KEY", "get A B", "get NAME=KEY", "rm", "rm KEY",
		"unlock --for KEY", "unlock --for 25h", "unlock 8h", "lock now", "passphrase KEY", "help nonsense", "setup KEY", "setup --backend KEY", "--quiet nonsense", "help docker nonsense",
		"get user:KEY@nvcr.io", "rm https://x:KEY@nvcr.io/", "set Bearer:KEY", "docker configure KEY",
	} {
		p, stdout, stderr := testProgram(t)
		code := p.main(strings.Fields(strings.ReplaceAll(line, "KEY", key)))
		if code != 2 {
			t.Errorf("%q: exit code %d, want 2", line, code)
		}
		if stdout.Len() > 0 {
			t.Errorf("%q: on stdout: %s", line, stdout)
		}
		lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "ragenv: error: ") || !strings.HasPrefix(lines[1], "ragenv: hint: ") {
			t.Errorf("%q: %q, want an error and a hint", line, lines)
		}
		for _, l := range lines {
			if !message.MatchString(l) {
				t.Errorf("%q: %q is not in the style of messages", line, l)
			}
		}
		if strings.Contains(stderr.String(), key) {
			t.Errorf("%q: the message repeats the key", line)
		}
	}
}
