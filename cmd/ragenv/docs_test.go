package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/urfave/cli/v2"
)

// documents returns the paths of the user documentation.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no documents (%v)", err)
	}
	return append(pages, "../../README.md")
}

var (
	inlineCode = regexp.MustCompile("`([^`]+)`")
	// ownCommand matches one of our command lines, at the start of a command and up to the shell's next
	// operator.
	ownCommand = regexp.MustCompile(`(?:^|[$#|;&(]\s?|\bsudo (?:-\w+ )*|\bthen |\bexec |/|=")(ragenv|docker-credential-ngc)((?: +[^\s|;&<>)#"'` + "`" + `]+| +'[^']*')*)`)
)

// The programs accept every command line of ours in the documentation.
func TestDocumentsHaveRealCommands(t *testing.T) {
	p, _, _ := testProgram(t)
	app := newApp(p)
	checked := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		fenced := false
		for number, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			code := []string{strings.TrimSpace(line)}
			if !fenced {
				code = nil
				if strings.HasPrefix(line, "| `") { // a message, not a command
					_, line, _ = strings.Cut(line[1:], "|")
				}
				for _, m := range inlineCode.FindAllStringSubmatch(line, -1) {
					code = append(code, m[1])
				}
			}
			for _, c := range code {
				for _, m := range ownCommand.FindAllStringSubmatch(c, -1) {
					checked++
					if err := checkCommand(app, m[1], strings.Fields(m[2])); err != nil {
						t.Errorf("%s:%d: %s: %v", strings.TrimPrefix(page, "../../"), number+1, strings.TrimSpace(m[0]), err)
					}
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d command lines were found", checked)
	}
}

// checkCommand returns an error if the program would reject the command line.
func checkCommand(app *cli.App, program string, words []string) error {
	if program == dockersetup.HelperProgram {
		if len(words) > 0 && !slices.Contains([]string{"get", "store", "erase", "list", "version", "kubelet", "--help", "--version"}, words[0]) {
			return fmt.Errorf("it has no verb %s", words[0])
		}
		return nil
	}
	var command *cli.Command
	flags, commands := slices.Concat(app.Command(runCommandName).Flags, app.Flags), app.Commands
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			return nil
		case commandline.IsFlag(word):
			name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if commandline.FindFlag(flags, name) == nil && (command != nil || name != "version" && name != "v") {
				return fmt.Errorf("it has no flag %s", word)
			}
			i += commandline.FlagLength(flags, word) - 1
		case len(commands) == 0:
			if command.ArgsUsage == "" && command.Name != runCommandName {
				return fmt.Errorf("it takes no argument %s", word)
			}
			if command.Name == runCommandName {
				return nil
			}
		default:
			next := commandline.FindCommand(commands, word)
			if next == nil && word == strings.ToUpper(word) || word == "..." {
				return nil // a placeholder
			}
			if next == nil {
				return fmt.Errorf("it has no command %s", word)
			}
			command, flags, commands = next, next.Flags, next.Subcommands
		}
	}
	return nil
}

func TestCheckCommandFindsMistakes(t *testing.T) {
	p, _, _ := testProgram(t)
	app := newApp(p)
	for line, right := range map[string]bool{
		"set NGC_API_KEY --expires 90d": true, "--only A -- docker run --rm x": true, "docker configure --store": true, "help COMMAND": true, "--version": true,
		"set NGC_API_KEY --expire 90d": false, "stet": false, "docker configur": false, "list now": false, "--nonsense -- x": false, "list --version": false,
	} {
		if err := checkCommand(app, programName, strings.Fields(line)); (err == nil) != right {
			t.Errorf("ragenv %s: %v", line, err)
		}
	}
}

var verb = regexp.MustCompile(`%(\.\d+)?[a-z]`)

// Each message of ours in the troubleshooting tables is one that the programs print. For messages of other
// programs, the table names the program after the message.
func TestDocumentsHaveRealMessages(t *testing.T) {
	var printed []*regexp.Regexp
	var texts []string
	for _, text := range literals(t, "..", "../../internal", "../../pkg") {
		texts = append(texts, text)
		parts := verb.Split(text, -1)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
			if i > 0 && len(strings.Join(parts[:i+1], "")) > 12 { // the documents may shorten a message
				printed = append(printed, regexp.MustCompile(strings.Join(parts[:i+1], ".+")))
			}
		}
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	checked := 0
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		checked++
		found := slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, m[1]) }) ||
			slices.ContainsFunc(printed, func(re *regexp.Regexp) bool { return re.MatchString(m[1]) })
		if !found {
			t.Errorf("docs/troubleshooting.md: nothing prints %q", m[1])
		}
	}
	if checked < 10 {
		t.Errorf("only %d messages were found", checked)
	}
}
