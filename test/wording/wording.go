// Package wording holds the rules for the texts of the programs, for the tests of each program. An error,
// warning or note is in lower case and has no full stop. So is a hint, which starts with a command or says
// what to do. All texts use ordinary words.
package wording

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is a pattern that no text may match, and the words to use instead.
type rule struct {
	pattern *regexp.Regexp
	use     string
}

// forbidden lists words and phrases that no text may contain, with their replacements.
var forbidden = []rule{
	{regexp.MustCompile(`\bmend(s|ed|ing)?\b`), "fix"},
	{regexp.MustCompile(`\bbesides?\b`), "next to, in addition"},
	{regexp.MustCompile(`\b(lies|lay|lying)\b`), "is"},
	{regexp.MustCompile(`\btells? whether\b`), "reports whether"},
	{regexp.MustCompile(`\b(leaves?|left|leaving) (it |them )?out\b`), "skip, omit"},
	{regexp.MustCompile(`(?i)\bonce more\b`), "again"},
	{regexp.MustCompile(`\ball the same\b`), "anyway"},
	{regexp.MustCompile(`\b(a|the) person('s)?\b|\bof a person\b`), "you, the user"},
	{regexp.MustCompile(`\bwhoever\b`), "anyone who"},
	{regexp.MustCompile(`\b[Pp]resent passphrase\b`), "current passphrase"},
	{regexp.MustCompile(`\b(made|makes?|making) (the|a) (keychain|store|key)\b`), "create"},
	{regexp.MustCompile(`\b(have|take|takes|took) no notice\b`), "ignore"},
	{regexp.MustCompile(`\bits time is over\b`), "the unlock has expired"},
	{regexp.MustCompile(`\bpassed over\b`), "skipped"},
	{regexp.MustCompile(`\b(look|looks|looked) at\b`), "check"},
	{regexp.MustCompile(`\bcannot be made again\b`), "cannot be regenerated"},
	{regexp.MustCompile(`(?i)\bplease\b`), "nothing"},
}

// names lists capitalized words that may start a message.
var names = []string{
	"Docker", "Docker's", "Podman", "Podman's", "Compose", "Helm", "NVIDIA", "NVIDIA's", "Windows", "Linux", "Kubernetes", "PowerShell", "CyborgDB", "NGC", "JSON", "Buildah", "Skopeo",
	"Secret", "Keychain", "KWallet",
}

// Check returns the texts that break the rules, as "file:line: text: rule". It checks all Go files below
// the directories except tests and testdata.
func Check(directories ...string) (faults []string, err error) {
	checked := 0
	for _, directory := range directories {
		err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			found, n := checkFile(files, file)
			faults, checked = append(faults, found...), checked+n
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if checked == 0 {
		return nil, fmt.Errorf("no text in %q", directories)
	}
	return faults, nil
}

func checkFile(files *token.FileSet, file *ast.File) (faults []string, checked int) {
	fault := func(node ast.Node, text, rule string) {
		faults = append(faults, fmt.Sprintf("%s: %q: %s", files.Position(node.Pos()), text, rule))
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			text, ok := literal(node)
			if !ok {
				return true
			}
			checked++
			if tail.MatchString(text) {
				fault(node, text, "words after a command become its arguments: put them first")
			}
			for _, f := range forbidden {
				if found := f.pattern.FindString(text); found != "" {
					fault(node, found, "use: "+f.use)
				}
			}
		case *ast.BinaryExpr:
			text, ok := joined(node)
			if ok && aside.MatchString(text) {
				fault(node, text, "words in parentheses make a command a syntax error: put them first")
			}
			if ok && tail.MatchString(text) {
				fault(node, text, "words after a command become its arguments: put them first")
			}
		case *ast.CallExpr:
			name, receiver := called(node)
			var places []int
			switch {
			case receiver == "fmt" && name == "Errorf", receiver == "errors" && name == "New":
				places = []int{0}
			case receiver == "ui" && (name == "Errorf" || name == "Usagef"): // hint and error
				places = []int{0, 1}
			case slices.Contains([]string{"Warn", "Note", "Hint", "hint"}, name):
				places = []int{0}
			}
			for _, i := range places {
				if i >= len(node.Args) {
					continue
				}
				if text, ok := literal(node.Args[i]); ok {
					for _, rule := range Rules(text) {
						fault(node, text, rule)
					}
				}
			}
		}
		return true
	})
	return faults, checked
}

// fullStop matches a full stop, but not the final one of "ragenv where --path .".
var fullStop = regexp.MustCompile(`[^ .]\.$`)

// Rules returns the rules that a message breaks.
func Rules(text string) (broken []string) {
	if fullStop.MatchString(text) {
		broken = append(broken, "a message has no full stop")
	}
	if strings.Contains(text, "\n") {
		broken = append(broken, "a message is one line")
	}
	if strings.HasSuffix(text, "!") {
		broken = append(broken, "a message does not shout")
	}
	word, _, _ := strings.Cut(text, " ")
	word = strings.TrimRight(word, ":,")
	if len(word) > 1 && 'A' <= word[0] && word[0] <= 'Z' && 'a' <= word[1] && word[1] <= 'z' && !slices.Contains(names, word) {
		broken = append(broken, "a message is lower case")
	}
	return broken
}

// literal returns the text of a string literal, or of the first operand of a concatenation if that is a
// literal.
func literal(node ast.Expr) (string, bool) {
	switch node := node.(type) {
	case *ast.BasicLit:
		if node.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(node.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		return literal(node.X)
	}
	return "", false
}

// aside matches a command to paste with words in parentheses after it.
var aside = regexp.MustCompile(`^(ragenv|docker|podman|kubectl|helm|sudo|systemctl|kill|chmod|export) .* \([a-z]|^X \((or|with|without|it|keeps|then)\b`)

// tail matches a command to paste with words after a comma or semicolon.
var tail = regexp.MustCompile(`^X --[a-z]+[,;] [a-z]|^(ragenv|docker|podman|kubectl|helm|sudo (-|[a-z]+ctl)|systemctl|kill|chmod|export|gpg|pass|age|cat|ls|rm|mv|cp) .*[,;] [a-z]`)

// joined returns the text of a concatenation, with X for what is no literal; false if there is no literal.
func joined(node ast.Expr) (string, bool) {
	if node, ok := node.(*ast.BinaryExpr); ok && node.Op == token.ADD {
		x, okX := joined(node.X)
		y, okY := joined(node.Y)
		return x + y, okX || okY
	}
	if text, ok := literal(node); ok {
		return text, true
	}
	return "X", false
}

// called returns the name of a called function, and the package or variable before it.
func called(call *ast.CallExpr) (name, receiver string) {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			receiver = x.Name
		}
		return f.Sel.Name, receiver
	case *ast.Ident:
		return f.Name, ""
	}
	return "", ""
}
