package layering_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// TestStartIsShort checks what keeps the start of both programs short. Package variables with regular
// expressions use internal/lazyregexp. Package internal/bigstack imports nothing, and so runs before
// packages that need a large stack.
func TestStartIsShort(t *testing.T) {
	const stack = "internal/bigstack"
	for _, system := range systems {
		for _, pkg := range list(t, system, "./cmd/...", "./internal/...", "./pkg/...") {
			for _, name := range pkg.GoFiles {
				for _, call := range compiledAtStart(t, filepath.Join(pkg.Dir, name)) {
					t.Errorf("%s: %s: every start compiles it", system, call)
				}
			}
			if under(pkg.ImportPath, stack) && len(pkg.Imports) > 0 {
				t.Errorf("%s imports %q: it would run later", stack, pkg.Imports)
			}
		}
	}
}

// compiledAtStart returns the calls of regexp.MustCompile that initialize package variables of a file.
func compiledAtStart(t *testing.T, path string) (calls []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		variables, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		ast.Inspect(variables, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "regexp" && selector.Sel.Name == "MustCompile" {
					calls = append(calls, files.Position(selector.Pos()).String()+": regexp.MustCompile")
				}
			}
			_, later := node.(*ast.FuncLit)
			return !later
		})
	}
	return calls
}
