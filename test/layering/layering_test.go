// Package layering_test checks the module's architecture: which packages may import which, what each
// program links, and that libraries neither print nor exit. docs/architecture.md gives the reasons.
package layering_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ragenv/ragenv"

// The systems that releases are built for. Files and imports differ by system.
var systems = []string{"linux", "darwin", "windows"}

// under reports whether pkg is our package at path, such as "pkg/keychain", or below it.
func under(pkg, path string) bool {
	return pkg == module+"/"+path || strings.HasPrefix(pkg, module+"/"+path+"/")
}

// restricted lists which of our packages may import a package, or one below it.
var restricted = []struct {
	doc     string
	imports string
	by      []string
}{
	{"the command line framework", "github.com/urfave/cli/v2", []string{"cmd/ragenv", "internal/commandline"}},
	{"Docker's credential protocol", "github.com/docker/docker-credential-helpers/credentials", []string{"internal/credentialhelper"}},
	{"the systems' keyrings", "github.com/99designs/keyring", []string{"pkg/keychain/system"}},
	{"age's library", "filippo.io/age", []string{"pkg/keychain/agestore", "internal/backup"}},
	{"HTTP", "net/http", []string{"pkg/validate/probe", "pkg/charts", "pkg/internal/https", "internal/where/containers"}},
	{"the command line", module + "/internal/commandline", []string{"cmd/ragenv", "internal/completion"}},
}

func TestDirectImports(t *testing.T) {
	for _, system := range systems {
		for _, pkg := range list(t, system, "./...") {
			for _, imported := range pkg.Imports {
				switch {
				case under(pkg.ImportPath, "pkg") && (under(imported, "cmd") || under(imported, "internal")),
					under(pkg.ImportPath, "internal") && under(imported, "cmd"):
					t.Errorf("%s: %s imports %s: arrows point from cmd/* to internal/* to pkg/*", system, pkg.ImportPath, imported)
				case under(pkg.ImportPath, "pkg/keychain") && under(imported, "pkg/validate"),
					under(pkg.ImportPath, "pkg/validate") && under(imported, "pkg/keychain"):
					t.Errorf("%s: %s imports %s: storing and checking keys know nothing of each other", system, pkg.ImportPath, imported)
				}
				for _, r := range restricted {
					if imported != r.imports && !strings.HasPrefix(imported, r.imports+"/") {
						continue
					}
					if !slices.ContainsFunc(r.by, func(path string) bool { return under(pkg.ImportPath, path) }) {
						t.Errorf("%s: %s imports %s: %s belongs to %v", system, pkg.ImportPath, imported, r.doc, r.by)
					}
				}
			}
		}
	}
}

// unlinked lists what each program must not link: package paths, including everything below them.
var unlinked = map[string][]string{
	"docker-credential-ngc": {
		// The helper runs once per registry on every pull, so its start time matters.
		"net/http", "crypto/tls", "text/template", "html/template", "github.com/urfave/cli", "github.com/spf13", module + "/pkg/validate/probe", module + "/pkg/charts", "go.yaml.in",
		"testing", "github.com/rogpeppe/go-internal", "github.com/google/go-cmp",
	},
	"ragenv": {
		"github.com/docker/cli", "k8s.io",
		"testing", "github.com/rogpeppe/go-internal", "github.com/google/go-cmp",
	},
}

// On Linux the helper contains only the file backend, see pkg/keychain/system. These packages would slow
// down its start noticeably.
var unlinkedOnLinux = []string{
	module + "/pkg/keychain/system", "github.com/99designs/keyring", "github.com/godbus", "crypto/x509",
}

func TestLinked(t *testing.T) {
	for program, forbidden := range unlinked {
		for _, system := range systems {
			here := forbidden
			if program == "docker-credential-ngc" && system == "linux" {
				here = slices.Concat(forbidden, unlinkedOnLinux)
			}
			for _, pkg := range list(t, system, "-deps", "./cmd/"+program) {
				for _, path := range here {
					if pkg.ImportPath == path || strings.HasPrefix(pkg.ImportPath, path+"/") {
						t.Errorf("%s: %s links %s", system, program, pkg.ImportPath)
					}
				}
			}
		}
	}
}

// TestGuardRunsFirst: Go initializes the packages that are ready in the order of their paths. The package
// that keeps keyring from starting a D-Bus daemon imports only packages that are ready at once, and its
// path sorts before those that keyring waits for.
func TestGuardRunsFirst(t *testing.T) {
	const guard = "pkg/keychain/internal/nodbus"
	if module >= "golang.org/" {
		t.Errorf("%s must sort before golang.org/", module)
	}
	for _, pkg := range list(t, "linux", "./"+guard) {
		for _, imported := range pkg.Imports {
			if strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: its initialisation would wait for that", guard, imported)
			}
		}
	}
}

// Only the programs' own packages read the command line, print and exit. Libraries return errors.
func TestLibrariesAreQuiet(t *testing.T) {
	forbidden := map[string][]string{
		"os":  {"Args", "Exit", "Stdin", "Stdout", "Stderr"},
		"fmt": {"Print", "Printf", "Println"},
	}
	for _, system := range systems {
		for _, pkg := range list(t, system, "./pkg/...", "./internal/...") {
			for _, imported := range pkg.Imports {
				if imported == "log" || imported == "log/slog" {
					t.Errorf("%s: %s imports %s", system, pkg.ImportPath, imported)
				}
			}
			for _, name := range pkg.GoFiles {
				if under(pkg.ImportPath, "pkg/keychain/internal/nodbus") && (name == "watchdog.go" || name == "nodbus_linux.go") {
					continue // runs while the program starts, before main could
				}
				if under(pkg.ImportPath, "pkg/keychain/system") && (name == "pass.go" || name == "pass_gpg.go") {
					continue // pass and gpg prompt and report errors on the terminal themselves
				}
				for _, use := range uses(t, filepath.Join(pkg.Dir, name), forbidden) {
					t.Errorf("%s: %s", system, use)
				}
			}
		}
	}
}

// uses returns the places where a file uses one of the forbidden members of a package.
func uses(t *testing.T, path string, forbidden map[string][]string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	local := map[string]string{} // the local name of each package
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := imported
		if spec.Name != nil {
			name = spec.Name.Name
		}
		local[name] = imported
	}
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && slices.Contains(forbidden[local[pkg.Name]], selector.Sel.Name) {
			found = append(found, files.Position(selector.Pos()).String()+": "+pkg.Name+"."+selector.Sel.Name)
		}
		return true
	})
	return found
}

type goPackage struct {
	ImportPath, Dir  string
	GoFiles, Imports []string
}

// list runs go list for a system, without cgo, in the module's root directory.
func list(t *testing.T, system string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list %v for %s: %v\n%s", args, system, err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg goPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, pkg)
	}
	if len(packages) == 0 {
		t.Fatalf("go list %v for %s lists nothing", args, system)
	}
	return packages
}
