package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// block is a line of a coverage profile: "FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT".
type block struct {
	file                 string
	from, to             position
	statements, executed int
}

type position struct{ line, column int }

func (p position) before(q position) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

func parseBlock(line string) (b block, err error) {
	colon := strings.LastIndexByte(line, ':')
	if colon < 0 {
		return b, fmt.Errorf("not a line of a coverage profile: %q", line)
	}
	b.file = line[:colon]
	_, err = fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d", &b.from.line, &b.from.column, &b.to.line, &b.to.column, &b.statements, &b.executed)
	return b, err
}

// addCases adds to a coverage profile the conditions of the cases of each switch that was reached, and what stands outside
// of functions. Go counts statements and has no block for either, so that gremlins would take their mutants for not covered.
func addCases(profile string) error {
	data, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	executed := map[string][]block{} // by file
	packages := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "mode:") {
			continue
		}
		b, err := parseBlock(line)
		if err != nil {
			return err
		}
		packages[path.Dir(b.file)] = true
		if b.executed > 0 {
			executed[b.file] = append(executed[b.file], b)
		}
	}
	var added strings.Builder
	for pkg := range packages {
		out, err := exec.Command("go", "list", "-f", "{{.Dir}}{{range .GoFiles}}\n{{.}}{{end}}", pkg).Output()
		if err != nil {
			return err
		}
		dir, files, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		for _, name := range strings.Fields(files) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			file := path.Join(pkg, name)
			found, err := cases(text, executed[file])
			if err != nil {
				return err
			}
			for _, b := range found {
				fmt.Fprintf(&added, "%s:%d.%d,%d.%d 1 1\n", file, b.from.line, b.from.column, b.to.line, b.to.column)
			}
		}
	}
	return os.WriteFile(profile, append(data, added.String()...), 0o600)
}

// cases returns the ranges of the conditions in source whose switch is in an executed block, and of the declarations of
// variables and constants of the package, which are evaluated whatever the test.
func cases(source []byte, executed []block) (found []block, err error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	at := func(pos token.Pos) position {
		p := files.Position(pos)
		return position{p.Line, p.Column}
	}
	for _, declaration := range parsed.Decls {
		if d, ok := declaration.(*ast.GenDecl); ok && (d.Tok == token.VAR || d.Tok == token.CONST) {
			found = append(found, block{from: at(d.Pos()), to: at(d.End())})
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		s, ok := node.(*ast.SwitchStmt)
		if !ok {
			return true
		}
		start, reached := at(s.Switch), false
		for _, b := range executed {
			reached = reached || !start.before(b.from) && start.before(b.to)
		}
		if !reached {
			return true
		}
		for _, statement := range s.Body.List {
			if list := statement.(*ast.CaseClause).List; len(list) > 0 {
				found = append(found, block{from: at(list[0].Pos()), to: at(list[len(list)-1].End())})
			}
		}
		return true
	})
	return found, nil
}
