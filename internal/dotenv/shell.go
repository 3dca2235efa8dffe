package dotenv

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// maxResumes limits how often the shell reader continues after a syntax error, because each time it may
// read to the end of the file. The rest is then neither read nor rejected, so nothing there counts as
// agreed.
const maxResumes = 50

// maxNesting limits the nesting of commands and expansions, because the parser recurses.
const maxNesting = 10_000

// readShell reads a file as a shell that sources it. A shell stops at a syntax error, but readShell also
// reads the lines after it, to compare them with Compose's reading.
func readShell(data []byte) reading {
	s := shellReader{data: data, source: ascii(data), lines: lines{data: data, line: 1}}
	if nesting(s.source) > maxNesting {
		s.problems = []Problem{{1, "too deeply nested"}}
		return s.reading
	}
	pos := textStart(data)
	for range maxResumes {
		if pos = s.readFrom(pos); pos == -1 {
			return s.reading
		}
	}
	s.problems = append(s.problems, Problem{s.lines.of(pos), "too many syntax errors before it"})
	return s.reading
}

type shellReader struct {
	reading
	data   []byte
	source []byte // data with "x" for each non-ASCII byte: shells accept any bytes, the parser only UTF-8
	base   int    // start in data of the part being parsed
	lines  lines

	depth      int // nesting depth of compound commands
	background int // nesting depth of background commands, whose assignments are lost
}

// ascii returns data with each non-ASCII byte replaced by one that has no meaning to a shell.
func ascii(data []byte) []byte {
	out := bytes.Clone(data)
	for i, c := range out {
		if c >= utf8.RuneSelf || c == 0 {
			out[i] = 'x'
		}
	}
	return bytes.TrimSuffix(out, []byte("\r"))
}

// nesting returns an upper bound of a text's nesting depth.
func nesting(source []byte) int {
	n := 0
	for _, c := range source {
		if strings.ContainsRune("({`[$", rune(c)) {
			n++
		}
	}
	for _, word := range []string{"if", "for", "while", "until", "case", "time", "!", "coproc"} {
		n += bytes.Count(source, []byte(word))
	}
	return n
}

// readFrom reads statements from pos. It returns where to continue after a syntax error, or -1 at the end.
func (s *shellReader) readFrom(pos int) int {
	s.base = pos
	done := pos
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	for stmt, err := range parser.StmtsSeq(bytes.NewReader(s.source[pos:])) {
		if err == nil {
			s.statement(stmt)
			done = s.end(stmt)
			continue
		}
		start := s.nextCommand(done)
		reason := "not valid in a shell"
		var parseError syntax.ParseError
		if errors.As(err, &parseError) {
			start = min(start, pos+int(parseError.Pos.Offset())) // a ";" alone is an error of its own line
			if parseError.Incomplete {
				reason = "a quote or an expansion that is not closed"
			}
		}
		next := lineEnd(s.data, start) + 1
		s.fail(start, min(next, len(s.data)), reason)
		if next >= len(s.source) {
			return -1
		}
		return next
	}
	return -1
}

// nextCommand skips what may separate two commands.
func (s *shellReader) nextCommand(pos int) int {
	for pos < len(s.source) {
		switch c := s.source[pos]; {
		case strings.ContainsRune(" \t\r\n;", rune(c)):
			pos++
		case c == '#':
			pos = lineEnd(s.source, pos)
		default:
			return pos
		}
	}
	return pos
}

func (s *shellReader) pos(node syntax.Node) int { return s.base + int(node.Pos().Offset()) }

// end returns the end of a node, which the parser may place after the end of the text.
func (s *shellReader) end(node syntax.Node) int {
	return min(s.base+int(node.End().Offset()), len(s.source))
}

func (s *shellReader) fail(start, end int, reason string) {
	s.refused = append(s.refused, span{start, end})
	s.problems = append(s.problems, Problem{s.lines.of(start), reason})
}

func (s *shellReader) statements(stmts []*syntax.Stmt) {
	s.depth++
	for _, stmt := range stmts {
		s.statement(stmt)
	}
	s.depth--
}

func (s *shellReader) statement(stmt *syntax.Stmt) {
	if stmt.Background {
		s.background++
		defer func() { s.background-- }()
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		s.call(cmd)
	case *syntax.DeclClause:
		s.declare(cmd)
	case *syntax.BinaryCmd:
		s.statement(cmd.X)
		s.statement(cmd.Y)
	case *syntax.Block:
		s.statements(cmd.Stmts)
	case *syntax.Subshell:
		s.statements(cmd.Stmts)
	case *syntax.FuncDecl:
		s.statements([]*syntax.Stmt{cmd.Body})
	case *syntax.IfClause:
		for clause := cmd; clause != nil; clause = clause.Else {
			s.statements(clause.Cond)
			s.statements(clause.Then)
		}
	case *syntax.WhileClause:
		s.statements(cmd.Cond)
		s.statements(cmd.Do)
	case *syntax.ForClause:
		s.statements(cmd.Do)
	case *syntax.CaseClause:
		for _, item := range cmd.Items {
			s.statements(item.Stmts)
		}
	default:
		s.problems = append(s.problems, Problem{s.lines.of(s.pos(stmt)), "not an assignment"})
	}
}

// call reads assignments, alone or before a command.
func (s *shellReader) call(cmd *syntax.CallExpr) {
	for _, a := range cmd.Assigns {
		s.assign(a, s.pos(a), len(cmd.Args) > 0)
	}
	if len(cmd.Args) == 0 {
		return
	}
	first := cmd.Args[0]
	if first.Lit() == "unset" {
		for _, arg := range cmd.Args[1:] {
			if name := arg.Lit(); syntax.ValidName(name) {
				at := s.pos(arg)
				s.entries = append(s.entries, Entry{Name: name, Literal: true, Line: s.lines.of(at), Start: at, End: s.end(arg), at: at})
			}
		}
		return
	}
	if len(cmd.Assigns) == 0 {
		s.fail(s.pos(first), s.pos(first)+1, "not an assignment")
	}
}

// declare reads export and similar commands.
func (s *shellReader) declare(cmd *syntax.DeclClause) {
	start := s.pos(cmd)
	flags := []string{"-x", "-r", "-g", "-gx", "-xg", "-rx", "-xr", "--"}
	valid := true
	for _, a := range cmd.Args {
		if a.Name != nil {
			continue
		}
		word := s.source[s.pos(a):s.end(a)]
		if word[0] == '-' && !slices.Contains(flags, string(word)) || cmd.Variant.Value == "nameref" {
			s.fail(start, s.end(cmd), "not a simple assignment")
			return
		}
		valid = valid && word[0] == '-'
	}
	if !valid { // an invalid name: shells differ in what they do with the others
		s.problems = append(s.problems, Problem{s.lines.of(start), "not a simple assignment"})
	}
	if len(cmd.Args) == 1 && cmd.Args[0].Name != nil && cmd.Args[0].Naked {
		s.exportLast(cmd)
	}
	first := true
	for _, a := range cmd.Args {
		switch {
		case !a.Naked:
			from := s.pos(a)
			if first {
				from = start
			}
			first = false
			s.assign(a, from, false)
		case a.Name != nil: // a name alone; the command is not part of the next assignment
			first = false
			if !valid { // "export NAME = value" sets nothing
				s.refused = append(s.refused, span{s.pos(a), s.pos(a) + 1})
			}
		}
	}
}

// exportLast extends the assignment of NAME by a directly following "; export NAME".
func (s *shellReader) exportLast(cmd *syntax.DeclClause) {
	if len(s.entries) == 0 {
		return
	}
	last := &s.entries[len(s.entries)-1]
	if last.Name == cmd.Args[0].Name.Value && !last.prefix && len(bytes.Trim(s.data[last.End:max(s.pos(cmd), last.End)], " \t;")) == 0 {
		last.End = s.end(cmd)
	}
}

func (s *shellReader) assign(a *syntax.Assign, start int, prefix bool) {
	at, end := s.pos(a), s.end(a)
	if a.Append || a.Index != nil || a.Name == nil {
		s.fail(start, end, "not a simple assignment")
		return
	}
	if s.data[end-1] == '\r' && s.data[end] == '\n' { // a CR LF; source has no CR at the end of the file
		end--
	}
	v := value{literal: a.Array == nil}
	if a.Value != nil {
		v = s.word(a.Value, end)
	}
	// Take the name from the file: the parser saw an "x" for a non-ASCII byte.
	name := string(s.data[at : at+len(a.Name.Value)])
	s.entries = append(s.entries, Entry{
		Name: name, Literal: v.literal, Value: v.text, Line: s.lines.of(start), Start: start, End: end, at: at,
		nested: s.depth > 0, prefix: prefix || s.background > 0,
	})
}
