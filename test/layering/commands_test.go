package layering_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// programFiles are the files of cmd/ragenv without a command of their own: the program, the list of
// commands, and what every command uses to open a session. Every other file may use what they declare.
var programFiles = []string{"main.go", "commands.go", "session.go", "session_names.go"}

// TestFilePerCommand checks that every other file of cmd/ragenv holds one command: it has the command's
// constructor, and its other declarations serve only that command or its subcommands. Code shared by
// commands belongs in a package below internal.
func TestFilePerCommand(t *testing.T) {
	files := commandFiles(t)
	owner := map[string]string{} // the file of each declaration
	for name, file := range files {
		if slices.Contains(programFiles, name) {
			continue
		}
		constructor := constructorOf(name)
		if file.Scope.Lookup(constructor) == nil {
			t.Errorf("cmd/ragenv/%s: it declares no %s, so it is no command's", name, constructor)
		}
		for declared := range file.Scope.Objects {
			owner[declared] = name
		}
	}
	for name, file := range files {
		for _, use := range file.Unresolved { // names not declared in the file itself
			from, ours := owner[use.Name]
			if !ours || slices.Contains(programFiles[:2], name) {
				continue
			}
			isParent := strings.HasPrefix(from, strings.TrimSuffix(name, ".go")+"_") && use.Name == constructorOf(from)
			isChild := strings.HasPrefix(name, strings.TrimSuffix(from, ".go")+"_") && use.Name != constructorOf(from)
			if !isParent && !isChild {
				t.Errorf("cmd/ragenv/%s names %s of %s: what two commands share belongs to a package below internal", name, use.Name, from)
			}
		}
	}
	if len(owner) < 2*len(files) {
		t.Errorf("%d declarations in %d files: too few", len(owner), len(files))
	}
}

// constructorOf returns the name of the constructor that a command's file must have, such as
// newDockerConfigureCommand for docker_configure.go.
func constructorOf(file string) string {
	name := "new"
	for word := range strings.SplitSeq(strings.TrimSuffix(file, ".go"), "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name + "Command"
}

// commandFiles parses the program's files for all systems, by name.
func commandFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	dir := filepath.Join("..", "..", "cmd", "ragenv")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
