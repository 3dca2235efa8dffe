package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/pkg/keychain"
)

const (
	manPage     = "ragenv.1"
	helperPage  = "../docker-credential-ngc/docker-credential-ngc.1"
	manBegin    = ".\\\" begin commands"
	manEnd      = ".\\\" end commands"
	updateManBy = "UPDATE_MAN=1 go test ./cmd/ragenv -run ManPage"
)

// The section of commands is generated from the command tree, so that the page and the program agree.
func TestManPageHasTheCommands(t *testing.T) {
	p, _, _ := testProgram(t)
	app := newApp(p)
	want := manCommands(app)
	page := readPage(t, manPage)
	head, rest, found := strings.Cut(page, manBegin)
	firstLine, rest, _ := strings.Cut(rest, "\n")
	got, tail, found2 := strings.Cut(rest, manEnd)
	if !found || !found2 {
		t.Fatalf("%s has no %q ... %q", manPage, manBegin, manEnd)
	}
	if got == want {
		return
	}
	if os.Getenv("UPDATE_MAN") == "" {
		t.Fatalf("%s does not have the commands and flags of the program: %s", manPage, updateManBy)
	}
	if err := os.WriteFile(manPage, []byte(head+manBegin+firstLine+"\n"+want+manEnd+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The commands and flags that the other sections mention exist, too.
func TestManPageSpeaksOfNoOtherFlags(t *testing.T) {
	p, _, _ := testProgram(t)
	known := map[string]bool{"-": true}
	walk(newApp(p).Commands, func(command *cli.Command) {
		for _, f := range command.Flags {
			for _, name := range f.Names() {
				known[strings.TrimPrefix(commandline.Dashed(name), "-")] = true
			}
		}
	})
	for _, m := range regexp.MustCompile(`\bFl (\S+)`).FindAllStringSubmatch(readPage(t, manPage), -1) {
		if !known[m[1]] && m[1] != "v" && m[1] != "-version" {
			t.Errorf("%s: there is no flag -%s", manPage, m[1])
		}
	}
}

// The page lists exactly the variables of ours that the programs read.
func TestManPageHasTheVariables(t *testing.T) {
	page := readPage(t, manPage)
	inPage := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bEv (\w+)`).FindAllStringSubmatch(page[strings.Index(page, ".Sh ENVIRONMENT"):strings.Index(page, ".Sh FILES")], -1) {
		inPage[m[1]] = true
	}
	inCode := map[string]bool{}
	for _, literal := range literals(t, "..", "../../internal", "../../pkg") {
		inCode[literal] = true
	}
	for name := range inCode {
		if strings.HasPrefix(name, "RAGENV_") && name != "RAGENV_" && name != "RAGENV_END_OF_VALUE" && !inPage[name] { // RAGENV_END_OF_VALUE is a delimiter
			t.Errorf("%s does not have %s", manPage, name)
		}
	}
	for name := range inPage {
		if !inCode[name] {
			t.Errorf("%s has %s, which nothing reads", manPage, name)
		}
	}
}

// The helper's page lists exactly the verbs of its switch.
func TestHelperManPageHasTheVerbs(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/credentialhelper/protocol.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	ast.Inspect(file, func(n ast.Node) bool {
		clause, ok := n.(*ast.CaseClause)
		if !ok {
			return true
		}
		for _, expr := range clause.List {
			name := ""
			switch e := expr.(type) {
			case *ast.SelectorExpr: // credentials.ActionGet
				name = e.Sel.Name
			case *ast.Ident: // actionKubelet
				name = e.Name
			}
			if _, verb, ok := strings.Cut(strings.ToLower(name), "action"); ok {
				served = append(served, verb)
			}
		}
		return true
	})
	var described []string
	for _, m := range regexp.MustCompile(`\n\.It Cm (\w+)`).FindAllStringSubmatch(readPage(t, helperPage), -1) {
		described = append(described, m[1])
	}
	slices.Sort(served)
	slices.Sort(described)
	if len(served) < 5 || !slices.Equal(served, described) {
		t.Errorf("%s has %q, and the helper serves %q", helperPage, described, served)
	}
}

func TestManPagesAreWellFormed(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("mandoc is not on PATH")
	}
	for _, page := range []string{manPage, helperPage} {
		if out, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", page).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("mandoc -T lint %s: %v\n%s", page, err, out)
		}
	}
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r", "")
}

// literals returns the string literals in the sources below dirs, excluding tests.
func literals(t *testing.T, dirs ...string) (texts []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						texts = append(texts, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// manCommands renders every command as mdoc.
func manCommands(app *cli.App) string {
	var b strings.Builder
	b.WriteString("These flags can be given before every command, and after each command that uses them:\n")
	manFlags(&b, app.Flags, nil)
	walk(app.Commands, func(command *cli.Command) {
		if command.Hidden {
			return
		}
		fmt.Fprintf(&b, ".Ss %s\n", commandline.Path(app, command))
		synopsis := command.UsageText
		if synopsis == "" {
			synopsis = commandline.Path(app, command) + " [flags] " + command.ArgsUsage
			if len(command.Subcommands) > 0 {
				synopsis = commandline.Path(app, command) + " COMMAND [flags]"
			}
		}
		for line := range strings.SplitSeq(strings.TrimSpace(synopsis), "\n") {
			fmt.Fprintf(&b, ".Dl %s\n", manLiteral(strings.TrimSpace(line)))
		}
		fmt.Fprintf(&b, ".Pp\n%s.\n", manText(strings.ToUpper(command.Usage[:1])+command.Usage[1:]))
		for paragraph := range strings.SplitSeq(strings.Trim(command.Description, "\n"), "\n\n") {
			switch {
			case paragraph == "":
			case strings.HasPrefix(paragraph, "  "):
				b.WriteString(".Bd -literal -offset indent\n")
				for line := range strings.SplitSeq(paragraph, "\n") {
					b.WriteString(manLiteral(strings.TrimPrefix(line, "  ")) + "\n")
				}
				b.WriteString(".Ed\n")
			default:
				b.WriteString(".Pp\n")
				b.WriteString(manText(paragraph) + "\n")
			}
		}
		manFlags(&b, command.Flags, app.Flags)
	})
	return b.String()
}

// manFlags renders a list of flags as mdoc, skipping those in without.
func manFlags(b *strings.Builder, flags, without []cli.Flag) {
	flags = slices.DeleteFunc(slices.Clone(flags), func(f cli.Flag) bool { return commandline.FindFlag(without, f.Names()[0]) != nil })
	if len(flags) == 0 {
		return
	}
	b.WriteString(".Bl -tag -width Ds\n")
	for _, f := range flags {
		doc := f.(cli.DocGenerationFlag)
		names := f.Names()
		line := ".It "
		for _, name := range names[1:] {
			line += "Fl " + strings.TrimPrefix(commandline.Dashed(name), "-") + " , "
		}
		line += "Fl " + strings.TrimPrefix(commandline.Dashed(names[0]), "-")
		if value := commandline.Placeholder(doc); value != "" && doc.TakesValue() {
			line += " Ar " + value
		}
		usage := strings.ReplaceAll(doc.GetUsage(), "`", "")
		usage = strings.ReplaceAll(usage, ": "+strings.Join(keychain.Backends(), ", "), "; ragenv backend lists them") // the names depend on the system
		fmt.Fprintf(b, "%s\n%s.\n", line, manText(strings.ToUpper(usage[:1])+usage[1:]))
	}
	b.WriteString(".El\n")
}

var sentenceEnd = regexp.MustCompile(`([.!?]["')]?) `)

// manText escapes running text and starts every sentence on a line of its own.
func manText(text string) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), `\`, `\e`)
	lines := strings.Split(sentenceEnd.ReplaceAllString(text, "$1\n"), "\n")
	for i, line := range lines {
		words := strings.Split(line, " ")
		for i, word := range words {
			if strings.HasPrefix(strings.TrimLeft(word, `("`), "-") {
				words[i] = strings.ReplaceAll(word, "-", `\-`)
			}
		}
		lines[i] = manGuard(strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}

// manLiteral escapes text that must be rendered literally.
func manLiteral(line string) string {
	return manGuard(strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(line))
}

// manGuard keeps a line from being read as a request.
func manGuard(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
