package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The kinds of change, named as in gremlins (https://gremlins.dev).
const (
	boundary   = "CONDITIONALS_BOUNDARY"
	negation   = "CONDITIONALS_NEGATION"
	arithmetic = "ARITHMETIC_BASE"
	step       = "INCREMENT_DECREMENT"
	negative   = "INVERT_NEGATIVES"
)

type change struct {
	kind string
	to   token.Token
}

var changes = map[token.Token][]change{
	token.EQL: {{negation, token.NEQ}},
	token.NEQ: {{negation, token.EQL}},
	token.LSS: {{boundary, token.LEQ}, {negation, token.GEQ}},
	token.LEQ: {{boundary, token.LSS}, {negation, token.GTR}},
	token.GTR: {{boundary, token.GEQ}, {negation, token.LEQ}},
	token.GEQ: {{boundary, token.GTR}, {negation, token.LSS}},
	token.ADD: {{arithmetic, token.SUB}},
	token.SUB: {{arithmetic, token.ADD}},
	token.MUL: {{arithmetic, token.QUO}},
	token.QUO: {{arithmetic, token.MUL}},
	token.REM: {{arithmetic, token.MUL}},
	token.INC: {{step, token.DEC}},
	token.DEC: {{step, token.INC}},
}

// mutant is a change of one operator.
type mutant struct {
	file, kind, source string // file is relative to the module's root; source is the line, trimmed
	line               int

	id       int // starts at 1
	change   change
	op       token.Token
	at       int  // the operator's offset in the file
	constant bool // the operator is in a constant, so the program must be built for this change alone
}

// key identifies a mutant independently of line numbers.
func (m mutant) key() string { return m.file + "\t" + m.kind + "\t" + m.source }

// source is a package with all its mutants, each of which can be switched on at run time.
type source struct {
	mutants []mutant
	files   map[string][]byte // by absolute path, with all mutants applied
	plain   map[string][]byte
}

// find returns the mutants of the package in the directory dir of the module at root.
func find(root, dir string) (*source, error) {
	pkg, err := load(filepath.Join(root, dir))
	if err != nil {
		return nil, err
	}
	s := &source{files: map[string][]byte{}, plain: map[string][]byte{}}
	for i, parsed := range pkg.syntax {
		path := filepath.Join(root, dir, pkg.files[i])
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := &file{pkg: pkg, text: string(text), start: int(parsed.FileStart), name: filepath.ToSlash(filepath.Join(dir, pkg.files[i])), mutants: &s.mutants, inline: map[ast.Node][]mutant{}}
		f.collect(parsed, false)
		s.plain[path] = text
		s.files[path] = []byte(f.text[:f.offset(parsed.Package)] + f.rewrite(parsed) + f.text[f.offset(parsed.End()):])
	}
	s.files[filepath.Join(root, dir, "mutants_on.go")] = []byte(strings.Replace(switches, "package p", "package "+pkg.types.Name(), 1))
	return s, nil
}

// loaded is a parsed and type-checked package.
type loaded struct {
	positions *token.FileSet
	files     []string
	syntax    []*ast.File
	info      types.Info
	types     *types.Package
}

func load(dir string) (*loaded, error) {
	names, lookup, err := list(dir)
	if err != nil {
		return nil, err
	}
	l := &loaded{positions: token.NewFileSet(), files: names, info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	for _, name := range names {
		parsed, err := parser.ParseFile(l.positions, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		l.syntax = append(l.syntax, parsed)
	}
	config := types.Config{Importer: lookup(l.positions)}
	l.types, err = config.Check(dir, l.positions, l.syntax, &l.info)
	return l, err
}

// file is a source file while its mutants are collected and applied.
type file struct {
	pkg     *loaded
	name    string
	text    string
	start   int
	mutants *[]mutant
	inline  map[ast.Node][]mutant // those switched on at run time
}

func (f *file) offset(pos token.Pos) int { return int(pos) - f.start }

// collect finds the mutants in a node.
func (f *file) collect(node ast.Node, constant bool) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			if n.Tok == token.CONST && !constant {
				f.collect(n, true)
				return false
			}
		case *ast.ArrayType:
			if n.Len != nil && !constant {
				f.collect(n.Len, true)
				f.collect(n.Elt, constant)
				return false
			}
		case *ast.BinaryExpr:
			return f.operator(n, n.Op, n.OpPos, changes[n.Op], constant)
		case *ast.UnaryExpr:
			if n.Op == token.SUB {
				return f.operator(n, n.Op, n.OpPos, []change{{negative, token.ADD}}, constant)
			}
		case *ast.IncDecStmt:
			f.add(n, n.Tok, n.TokPos, changes[n.Tok], f.typeOf(n.X) == "")
		}
		return true
	})
}

// operator adds the mutants of an expression. It reports whether the caller must still search its operands.
func (f *file) operator(n ast.Expr, op token.Token, pos token.Pos, kinds []change, constant bool) bool {
	if len(kinds) == 0 {
		return true
	}
	known := f.pkg.info.Types[n]
	comparison := len(kinds) > 0 && (kinds[0].kind == boundary || kinds[0].kind == negation)
	if basic, ok := known.Type.Underlying().(*types.Basic); ok && basic.Info()&types.IsString != 0 {
		return true // strings have no operator but +
	}
	isConstant := known.Value != nil
	f.add(n, op, pos, kinds, constant || isConstant && (comparison || f.overflows(n, kinds)) || !comparison && f.typeOf(n) == "")
	if !isConstant || constant {
		return true
	}
	for _, operand := range operands(n) {
		f.collect(operand, true)
	}
	return false
}

// overflows reports whether a constant expression could be too large with one of the changes, so that the
// compiler would reject all of them.
func (f *file) overflows(n ast.Expr, kinds []change) bool {
	expr, ok := n.(*ast.BinaryExpr)
	if !ok || !slices.ContainsFunc(kinds, func(c change) bool { return c.to == token.MUL }) {
		return false
	}
	product := constant.BinaryOp(f.pkg.info.Types[expr.X].Value, token.MUL, f.pkg.info.Types[expr.Y].Value)
	_, exact := constant.Int64Val(constant.ToInt(product))
	return !exact
}

func operands(n ast.Expr) []ast.Expr {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return []ast.Expr{n.X, n.Y}
	case *ast.UnaryExpr:
		return []ast.Expr{n.X}
	}
	return nil
}

func (f *file) add(n ast.Node, op token.Token, pos token.Pos, kinds []change, constant bool) {
	for _, c := range kinds {
		at := f.offset(pos)
		line := 1 + strings.Count(f.text[:at], "\n")
		text, _, _ := strings.Cut(f.text[1+strings.LastIndexByte(f.text[:at], '\n'):], "\n")
		m := mutant{file: f.name, kind: c.kind, source: strings.TrimSpace(text), line: line, id: len(*f.mutants) + 1, change: c, op: op, at: at, constant: constant}
		*f.mutants = append(*f.mutants, m)
		if !constant {
			f.inline[n] = append(f.inline[n], m)
		}
	}
}

// typeOf returns the type of a numeric expression as the package writes it. It returns "" if the type has
// no name, such as that of an untyped constant.
func (f *file) typeOf(n ast.Expr) string {
	known := f.pkg.info.Types[n].Type
	basic, ok := known.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsUntyped != 0 || basic.Info()&types.IsNumeric == 0 {
		return ""
	}
	return types.TypeString(known, func(p *types.Package) string {
		if p == f.pkg.types {
			return ""
		}
		return p.Name()
	})
}

// rewrite returns the text of a node in which each operator with mutants checks which of them is on.
func (f *file) rewrite(node ast.Node) string {
	var out strings.Builder
	at := node.Pos()
	if parsed, ok := node.(*ast.File); ok {
		at = parsed.Package
	}
	ast.Inspect(node, func(n ast.Node) bool {
		if n == nil || f.inline[n] == nil {
			return true
		}
		out.WriteString(f.text[f.offset(at):f.offset(n.Pos())] + f.switched(n))
		at = n.End()
		return false
	})
	return out.String() + f.text[f.offset(at):f.offset(node.End())]
}

// switched returns the text of an operator with mutants, including its operands.
func (f *file) switched(n ast.Node) string {
	found := f.inline[n]
	first := found[0]
	switch n := n.(type) {
	case *ast.IncDecStmt:
		x, name := f.rewrite(n.X), "mutantADD"
		if n.Tok == token.DEC {
			name = "mutantSUB"
		}
		return fmt.Sprintf("%s = %s[%s](mutantOn(%d), %s, 1)", x, name, f.typeOf(n.X), first.id, x)
	case *ast.UnaryExpr:
		x := f.rewrite(n.X)
		return fmt.Sprintf("mutantPick[%s](mutantOn(%d), +%s, -%s)", f.typeOf(n), first.id, x, x)
	case *ast.BinaryExpr:
		x, y := f.rewrite(n.X), f.rewrite(n.Y)
		if first.kind != arithmetic {
			out, off := "", ""
			for _, m := range found {
				out += fmt.Sprintf("mutantOn(%d) && (%s %s %s) || ", m.id, x, m.change.to, y)
				off += fmt.Sprintf("mutantIs != %d && ", m.id)
			}
			out = fmt.Sprintf("(%s%s(%s %s %s))", out, off, x, n.Op, y)
			if named, ok := f.pkg.info.Types[n].Type.(*types.Named); ok {
				out = named.Obj().Name() + out
			}
			return out
		}
		typ := f.typeOf(n)
		if f.pkg.info.Types[n].Value != nil {
			return fmt.Sprintf("mutantPick[%s](mutantOn(%d), %s %s %s, %s %s %s)", typ, first.id, x, first.change.to, y, x, n.Op, y)
		}
		return fmt.Sprintf("mutant%s[%s](mutantOn(%d), %s, %s)", map[token.Token]string{token.ADD: "ADD", token.SUB: "SUB", token.MUL: "MUL", token.QUO: "QUO", token.REM: "REM"}[n.Op], typ, first.id, x, y)
	}
	panic("an operator without a text")
}

// alone returns the file of one mutant with only that change.
func (s *source) alone(root string, m mutant) map[string][]byte {
	path := filepath.Join(root, filepath.FromSlash(m.file))
	plain := s.plain[path]
	return map[string][]byte{path: slices.Concat(plain[:m.at], []byte(m.change.to.String()), plain[m.at+len(m.op.String()):])}
}

// switches is the file added to the package. The linker sets the directory, in which a file has the number
// of the mutant that is on. With 0 no mutant is on, and those that are reached are recorded.
const switches = `package p

import (
	"os"
	"strconv"
	"sync"
)

var mutantDir string

var mutantIs = func() int {
	data, err := os.ReadFile(mutantDir + "/on")
	if err != nil {
		panic(err)
	}
	n, err := strconv.Atoi(string(data))
	if err != nil {
		panic(err)
	}
	return n
}()

var mutantsReached sync.Map

func mutantOn(id int) bool {
	if mutantIs == 0 {
		if _, known := mutantsReached.LoadOrStore(id, true); !known {
			f, err := os.OpenFile(mutantDir+"/reached", os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				panic(err)
			}
			_, _ = f.WriteString(strconv.Itoa(id) + "\n")
			_ = f.Close()
		}
	}
	return mutantIs == id
}

type mutantInteger interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type mutantNumber interface {
	mutantInteger | ~float32 | ~float64
}

func mutantPick[T any](on bool, a, b T) T {
	if on {
		return a
	}
	return b
}

func mutantADD[T mutantNumber](on bool, a, b T) T {
	if on {
		return a - b
	}
	return a + b
}

func mutantSUB[T mutantNumber](on bool, a, b T) T {
	if on {
		return a + b
	}
	return a - b
}

func mutantMUL[T mutantNumber](on bool, a, b T) T {
	if on {
		return a / b
	}
	return a * b
}

func mutantQUO[T mutantNumber](on bool, a, b T) T {
	if on {
		return a * b
	}
	return a / b
}

func mutantREM[T mutantInteger](on bool, a, b T) T {
	if on {
		return a * b
	}
	return a % b
}
`
