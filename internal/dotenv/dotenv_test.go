package dotenv_test

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ragenv/ragenv/internal/dotenv"
)

// show formats entries as NAME=VALUE, NAME$ for a value that needs expansion, and NAME: SHELL | COMPOSE if
// the readings differ.
func show(entries []dotenv.Entry) (shown []string) {
	one := func(r dotenv.Reading) string {
		switch {
		case !r.Sets:
			return "-"
		case !r.Literal:
			return "$"
		case r.Prefix:
			return r.Value + "(once)"
		}
		return r.Value
	}
	for _, e := range entries {
		switch {
		case e.Differs != nil:
			shown = append(shown, e.Name+": "+one(e.Differs.Shell)+" | "+one(e.Differs.Compose))
		case !e.Literal:
			shown = append(shown, e.Name+"$")
		default:
			shown = append(shown, e.Name+"="+e.Value)
		}
	}
	return shown
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		doc, data string
		want      []string
		problems  int
	}{
		{"empty", "", nil, 0},
		{"only blanks", " \n\t\r\n", nil, 0},
		{"comments", "# A=1\n  # B=2\n#", nil, 0},
		{"plain", "A=1\nB=two\n", []string{"A=1", "B=two"}, 0},
		{"no line end", "A=1", []string{"A=1"}, 0},
		{"empty values", "A=\nB=''\nC=\"\"\nexport D=\nexport E=''", []string{"A=", "B=", "C=", "D=", "E="}, 0},
		{"twice", "A=1\nA=2\n", []string{"A=1", "A=2"}, 0},
		{"byte order mark", "\ufeffA=1\n", []string{"A=1"}, 0},
		{"byte order mark and export", "\ufeffexport A=1\n", []string{"A=1"}, 0},
		{"UTF-16", "\xff\xfeA\x00=\x001\x00", nil, 1},
		{"CR LF", "A=1\r\nexport B=2\r\nC='3'\r\nexport D='4'\r\nE=5\r", []string{"A=1", "B=2", "C=3", "D=4", "E=5"}, 0},
		{"around the equals sign", "A = 1\nB: 2\nexport C = 3\n", []string{"A=1", "B=2", "C=3"}, 0},
		{"a space after the equals sign", "A= 1\nexport B= 2\n", []string{"A: (once) | 1", "B:  | 2"}, 0},
		{"in a value", "A=b=c==\nB=x:y\n", []string{"A=b=c==", "B=x:y"}, 0},
		{"comment behind", "A=1 # one\nB=1#2\nC='3' # three\nexport D=4 # four\nexport E=5#6\n", []string{"A=1", "B=1#2", "C=3", "D=4", "E=5#6"}, 0},
		{"comment behind a tab", "A=1\t# one\n", []string{"A: 1 | 1\t# one"}, 0},
		{"spaces within", "A=one two  \nB='one two '\nexport C=\"one two \"\n", []string{"A: one(once) | one two", "B=one two ", "C=one two "}, 0},
		{"an exported pass phrase", "export X=my pass phrase\n", []string{"X: my | my pass phrase"}, 0},
		{"set and exported", "A=s3cret; export A\n", []string{"A: s3cret | s3cret; export A"}, 0},
		{"for one command", "A=sk-x docker compose up -d\nB=\"sk-x\" docker compose up -d\n", []string{"A: sk-x(once) | sk-x docker compose up -d", "B=sk-x"}, 0},
		{"in the background", "A=1 &\nB=a&b\n", []string{"A: 1(once) | 1 &", "B: a(once) | a&b"}, 0},
		{"not complete", "A=a&&", []string{"A: - | a&&"}, 0},
		{"after an empty command", "A=1\n;\nexport B=\\\\\n", []string{"A=1", `B: \ | \\`}, 1},
		{"redirected", "A=a>b\n", []string{"A: a | a>b"}, 0},
		{"single quotes", `A='a"$b\n'` + "\n" + `export B='a"$b\n'`, []string{`A=a"$b\n`, `B=a"$b\n`}, 0},
		{"lines", "A='x\ny'\nB=\"x\ny\"\nexport C='x\ny'\nexport D=\"x\ny\"\nE=1", []string{"A=x\ny", "B=x\ny", "C=x\ny", "D=x\ny", "E=1"}, 0},
		{"escapes in quotes", `A="a\nb"`, []string{`A: a\nb | ` + "a\nb"}, 0},
		{"the same escapes", `A="a\"b\\c\$d"`, []string{`A=a"b\c$d`}, 0},
		{"an apostrophe", "A='it\\'s'\nB=1\nC=Don't\nD=2\nE=Won't\n", []string{"A: it\\s\nB=1\nC=Dont | it's", "B: - | 1", "C: - | Don't", "D=2", "E=Won't"}, 0},
		{"backslashes", `A=a\ b` + "\n" + `B=a\b`, []string{`A: a b | a\ b`, `B: ab | a\b`}, 0},
		{"a shell's single quotes", `export A='it'\''s'` + "\n" + `B='it'\''s'` + "\n", []string{"A=it's", "B=it's"}, 0},
		{"quotes within", `A=a"b"` + "\n" + `B="a"'b'` + "\n" + `C="a"b` + "\n", []string{`A: ab | a"b"`, "B=ab", "C: ab | a"}, 0},
		{"going on", "export A=b\\\nc\nE=f\n", []string{`A: bc | b\`, "E=f"}, 0},
		{"many in a command", "export A=1 B='2' C D=4\nE=5", []string{"A: 1 | 1 B='2' C D=4", "B: 2 | -", "D: 4 | -", "E=5"}, 0},
		{"many commands", "export A=1; export B=2\n", []string{"A: 1 | 1; export B=2", "B: 2 | -"}, 0},
		{"behind quotes", `A="1" B='2'` + "\n", []string{"A=1", "B=2"}, 0},
		{"only names", "A\nexport B\nexport C D\nE=1\nF", []string{"E=1"}, 0},
		{"not UTF-8", "A=\xff\xfe\nB='\x80'\nexport C=\xc0\n", []string{"A=\xff\xfe", "B=\x80", "C=\xc0"}, 0},
		{"expansions", "A=${B}\nC=$D\nE=\"x${F}\"\nG=$(id -u)\nI=\"`id`\"\n", []string{"A$", "C$", "E$", "G$", "I$"}, 0},
		{"expanded by a shell alone", "H=~/x\nexport J={a,b}\n", []string{"H: $ | ~/x", "J: $ | {a,b}"}, 0},
		{"exported expansions", "export A=${B}\nexport C=$D\nexport E=\"x${F}\"\nexport G=$(id -u)\nexport K=$'a\\'b'\n", []string{"A$", "C$", "E$", "G$", "K$"}, 0},
		{"an array", "A=(1 2)\n", []string{"A: $ | (1 2)"}, 0},
		{"a dollar in octal", `A="\0044B"`, []string{`A: \0044B | $`}, 0},
		{"no names", "A-B=1\n1A=2\n=3\nexport A-B=4\nexport 1A=5\nexport =6\n", nil, 6},
		{"unset", "A=1\nunset A\n", []string{"A=1", "A:  | 1"}, 0},
		{"the last one differs", "A=1\nA = 2\n", []string{"A=1", "A: 1 | 2"}, 0},
		{"a script", "if [ -f x ]; then\n  export A=1\nfi\nsource y\nf() {\n  B=2\n}\n", []string{"A=1", "B=2"}, 2},
		{"a text for another command", "cat > .env <<EOF\nA=1\nEOF\nB=2\n", []string{"A: - | 1", "B=2"}, 1},
		{"a quote that is not closed", "A='x\nB=1\n", []string{"B=1"}, 1},
		{"exported and not closed", "export A=\"x\nB=1\nexport C=$(\nD=2\n", []string{"B=1", "C$", "D=2"}, 1},
		{"options and appending", "export -n A=1\nexport B+=2\nC+=3\n", nil, 3},
		{"a value that ends the file", "A=", []string{"A="}, 0},
		{"tildes", "A=a~b\nB=a:~\nC=x=~/y\n", []string{"A=a~b", "B: $ | a:~", "C: $ | x=~/y"}, 0},
		{"braces", "A={a}\nB={a,b}\nC={1..3}\nD={a..b\nE=a{b\n", []string{"A={a}", "B: $ | {a,b}", "C: $ | {1..3}", "D={a..b", "E=a{b"}, 0},
		{"a dollar alone", "A=a$\nB=a\\$\n", []string{"A$", "B: a$ | $"}, 0},
		{"octal", `A="\0101\01019\0"` + "\nB=\"\\0109\"\n", []string{`A: \0101\01019\0 | AA9\`, `B: \0109 | \109`}, 0},
		{"a backslash at the end", `A=a\`, []string{`A=a\`}, 0},
		{"after the background", "A=1 &\nB=2\n", []string{"A: 1(once) | 1 &", "B=2"}, 0},
		{"only a flag", "A=1\nexport -x\n", []string{"A=1"}, 0},
		{"a byte above ASCII", "A=\x80\nB=\x7f\n", []string{"A=\x80", "B=\x7f"}, 0},
		{"a line that a value ends on", "A='x\ny'; foo\n", []string{"A=x\ny"}, 0},
		{"NUL", "A='\x00'\nB=1\n", []string{"B=1"}, 1},
		{"commas and dots without braces", "A=a,b\nB=a..b}\nC=a,b}\n", []string{"A=a,b", "B=a..b}", "C=a,b}"}, 0},
		{"quoted, for Compose alone", "A = \"a;b\"\nB = 'a&b'\nC = a|b\n", []string{"A=a;b", "B=a&b", "C: - | a|b"}, 0},
		{"a backslash before CR at the end", "A=a\\\r", []string{"A=a\\"}, 0},
		{"a backslash before CR within", "A=a\\\r;\n", []string{"A: a\r | a\\\r;"}, 0},
		{"as many errors as a shell's reading survives", strings.Repeat(")\n", 49) + "A=1\nB=2\n", []string{"A=1", "B=2"}, 49},
		{"one more", strings.Repeat(")\n", 50) + "A=1\nB=2\n", []string{"A: - | 1", "B: - | 2"}, 50},
		{"notes before an error", "A=1\n" + strings.Repeat("# note\n", 100) + "'x\n", []string{"A=1"}, 1},
	} {
		t.Run(test.doc, func(t *testing.T) {
			got, problems := dotenv.Parse([]byte(test.data))
			if diff := cmp.Diff(test.want, show(got)); diff != "" {
				t.Error(diff)
			}
			if len(problems) != test.problems {
				t.Errorf("%d problems, want %d: %v", len(problems), test.problems, problems)
			}
		})
	}
}

// A problem has its own line, not the end of the previous statement.
func TestProblemLines(t *testing.T) {
	for data, line := range map[string]int{"A=1\n\n  # note\n;\t'x\n": 4, "'x": 1, "A=1\n)\n": 2, "A='x\ny'\n)\n": 3} {
		if _, problems := dotenv.Parse([]byte(data)); len(problems) != 1 || problems[0].Line != line {
			t.Errorf("%q: %v, want line %d", data, problems, line)
		}
	}
}

// Files may be nested deeper than anyone writes. Beyond the limit, a shell's reading is unknown.
func TestNestingLimit(t *testing.T) {
	for depth, agreed := range map[int]bool{10_000: true, 10_001: false} {
		entries, _ := dotenv.Parse([]byte("A='" + strings.Repeat("(", depth) + "'\n"))
		if len(entries) != 1 || (entries[0].Differs == nil) != agreed {
			t.Errorf("%d: %d entries, agreed %v", depth, len(entries), !agreed)
		}
	}
}

func TestParseAs(t *testing.T) {
	for _, test := range []struct{ data, shell, compose string }{
		{"A=s; export A\n", "A=s", "A=s; export A"},
		{"export A=my pass\n", "A=my", "A=my pass"},
		{"export A=1 B=2\n", "A=1 B=2", "A=1 B=2"},
		{"A = 1\n", "", "A=1"},
		{"A='it'\\''s'\n", "A=it's", ""},
	} {
		shell, _ := dotenv.ParseAs([]byte(test.data), dotenv.Shell)
		compose, _ := dotenv.ParseAs([]byte(test.data), dotenv.Compose)
		if s, c := strings.Join(show(shell), " "), strings.Join(show(compose), " "); s != test.shell || c != test.compose {
			t.Errorf("%q: a shell %q, Compose %q", test.data, s, c)
		}
	}
}

func TestPlaces(t *testing.T) {
	data := "# first\n\n  export A='x\ny' # note\nB=\"2\"\n\tC = 3 \nexport D=4 E=5\n"
	want := []string{"3:export A='x\ny'", `5:B="2"`, "6:C = 3", "7:export D=4", "7:E=5"}
	entries, _ := dotenv.Parse([]byte(data))
	var got []string
	for _, e := range entries {
		got = append(got, string(rune('0'+e.Line))+":"+data[e.Start:e.End])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestBlueprint reads the lines of the RAG Blueprint's .env (v2.6) that matter here.
func TestBlueprint(t *testing.T) {
	entries, problems := dotenv.Parse([]byte(`# ==========================
# User / Auth
# ==========================
export USERID=$(id -u)
export NVIDIA_API_KEY=${NGC_API_KEY}
export OBJECTSTORE_SECRETKEY=seaweedfsadmin
# export APP_LLM_APIKEY=""
export APP_RANKING_MODELNAME="nvidia/llama-nemotron-rerank-1b-v2"
export OCR_HTTP_ENDPOINT=http://nemotron-ocr:8000/v1/infer
export PROMPT_CONFIG_FILE=${PWD}/src/nvidia_rag/rag_server/prompt.yaml
`))
	want := []string{
		"USERID$", "NVIDIA_API_KEY$", "OBJECTSTORE_SECRETKEY=seaweedfsadmin",
		"APP_RANKING_MODELNAME=nvidia/llama-nemotron-rerank-1b-v2", "OCR_HTTP_ENDPOINT=http://nemotron-ocr:8000/v1/infer",
		"PROMPT_CONFIG_FILE$",
	}
	if diff := cmp.Diff(want, show(entries)); diff != "" || len(problems) > 0 {
		t.Error(diff, problems)
	}
}

func TestProblemsShowNothing(t *testing.T) {
	_, problems := dotenv.Parse([]byte("\n\nA B=hunter2\n"))
	if len(problems) != 1 || problems[0].Error() != "line 3: a space in the variable's name" {
		t.Errorf("%v", problems)
	}
}

func remove(t *testing.T, data string, names ...string) (string, error) {
	t.Helper()
	entries, _ := dotenv.Parse([]byte(data))
	entries = slices.DeleteFunc(entries, func(e dotenv.Entry) bool { return !slices.Contains(names, e.Name) })
	slices.Reverse(entries) // the order does not matter
	out, err := dotenv.Remove([]byte(data), entries)
	return string(out), err
}

func TestRemove(t *testing.T) {
	for _, test := range []struct{ doc, data, want string }{
		{"in the middle", "X=1\nA=s\nY=2\n", "X=1\n# A is now kept by ragenv\nY=2\n"},
		{"nothing", "X=1\r\nY", "X=1\r\nY"},
		{"exported, indented, CR LF, comment", "X=1\r\n\texport A='s'  # mine\r\nY=2", "X=1\r\n\t# A is now kept by ragenv  # mine\r\nY=2"},
		{"over lines", "A=\"s\nt\n\" \nY=2", "# A is now kept by ragenv \nY=2"},
		{"no line end", "A=s", "# A is now kept by ragenv"},
		{"byte order mark", "\ufeffA=s\n", "\ufeff# A is now kept by ragenv\n"},
		{"more than one, and twice", "A=1\nB=2\nA=3\n", "# A is now kept by ragenv\n# B is now kept by ragenv\n# A is now kept by ragenv\n"},
		{"set and exported", "A=s; export A\nY=2\n", "# A is now kept by ragenv\nY=2\n"},
		{"set, and exported on the next line", "A=s\nexport A\n", "# A is now kept by ragenv\nexport A\n"},
		{"after a block", "if x; then\n  true\nfi\nA=s\n", "if x; then\n  true\nfi\n# A is now kept by ragenv\n"},
		{"all of a block of a script", "if x; then\n  export A=s\nfi\n", "if x; then\n  : # A is now kept by ragenv\nfi\n"},
	} {
		t.Run(test.doc, func(t *testing.T) {
			got, err := remove(t, test.data, "A", "B")
			if err != nil || got != test.want {
				t.Errorf("is   %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
	for _, data := range []string{"A=1; export X\n", "export A=1 X=2\n", "export X=1 A=2\n", "export A=1; true\n", `A="1" X="2"`, "export A=1 &\n"} {
		var shared *dotenv.SharedLineError
		if got, err := remove(t, data, "A"); !errors.As(err, &shared) || shared.Name != "A" || got != "" {
			t.Errorf("%q: %q, %v", data, got, err)
		}
	}
}

// FuzzRemove checks that removing entries keeps every other byte and entry, and leaves no trace of the
// values.
func FuzzRemove(f *testing.F) {
	for _, seed := range []string{
		"A=1\nB=2\n", "export A='x\ny' # z\r\nB: \"q\\\"\" C=3\n", "\ufeff A = $(id)\n;B='it'\\''s'", "if a; then\nexport A=1\nfi", "export A=${B:-\"}\"} C=`d`\\\n e\n", "A='\nB='\n",
		"export A=$(((((((((((((((((((((((((((((\n", "A\u0085=\u00a0b\u2003 \n", "export A\rB=1\r\n", "A=b # c\n#\nA[0]=1\nexport  \\\nA=1",
	} {
		f.Add([]byte(seed), uint(1))
		f.Add([]byte(seed), uint(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint) {
		entries, _ := dotenv.Parse(data)
		end := 0
		entries = slices.DeleteFunc(entries, func(e dotenv.Entry) bool { return e.Differs != nil })
		for _, e := range entries {
			if e.Start < end || e.End <= e.Start || e.End > len(data) || !bytes.Contains(data[e.Start:e.End], []byte(e.Name)) {
				t.Fatalf("%+v after %d", e, end)
			}
			if line := 1 + bytes.Count(data[:e.Start], []byte{'\n'}); line != e.Line {
				t.Fatalf("%+v is on line %d", e, line)
			}
			if !e.Literal && e.Value != "" {
				t.Fatalf("%+v has a value", e)
			}
			end = e.End
		}
		var removed, kept []dotenv.Entry
		for i, e := range entries {
			if which>>(i%8)&1 == 1 {
				removed = append(removed, e)
			} else {
				kept = append(kept, e)
			}
		}
		out, err := dotenv.Remove(data, removed)
		if err != nil {
			if !errors.As(err, new(*dotenv.SharedLineError)) && !errors.As(err, new(*dotenv.EntangledError)) {
				t.Fatal(err)
			}
			return
		}
		// The text between removed entries must follow in the output, with one comment in each gap.
		rest, done := out, 0
		for _, e := range removed {
			between := data[done:e.Start]
			var ok bool
			if rest, ok = bytes.CutPrefix(rest, between); !ok {
				t.Fatalf("%q becomes %q: %q is lost", data, out, between)
			}
			rest = bytes.TrimPrefix(rest, []byte(": "))
			if rest, ok = bytes.CutPrefix(rest, []byte("# "+e.Name+" is now kept by ragenv")); !ok {
				t.Fatalf("%q becomes %q: no comment for %s", data, out, e.Name)
			}
			done = e.End
		}
		if !bytes.Equal(rest, data[done:]) {
			t.Fatalf("%q becomes %q: the end is not %q", data, out, data[done:])
		}
		after, _ := dotenv.Parse(out)
		after = slices.DeleteFunc(after, func(e dotenv.Entry) bool { return e.Differs != nil })
		if len(after) != len(kept) {
			t.Fatalf("%q becomes %q: %d entries, want %d", data, out, len(after), len(kept))
		}
		for i := range after {
			if after[i].Name != kept[i].Name || after[i].Value != kept[i].Value || after[i].Literal != kept[i].Literal {
				t.Fatalf("%q becomes %q: %+v, was %+v", data, out, after[i], kept[i])
			}
		}
	})
}

// FuzzShell checks that real shells get the literal value of an export line.
func FuzzShell(f *testing.F) {
	var shells []string
	for _, name := range []string{"bash", "dash"} {
		if path, err := exec.LookPath(name); err == nil {
			shells = append(shells, path)
		}
	}
	if len(shells) == 0 {
		f.Skip("neither bash nor dash is installed")
	}
	for _, seed := range []string{`'it'\''s'`, `a\ b`, `"a\"b\\c\$d\e"`, "'x\ny'", "a#b", "a:b=c", `""''`, "a\\\nb", `\\`, `"\` + "\n" + `"`, "é\xff", "a # b", "*", "[a]?", "!x", "%^+@,.-/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data := "export VALUE=" + text + "\n"
		entries, problems := dotenv.ParseAs([]byte(data), dotenv.Shell)
		if len(entries) != 1 || !entries[0].Literal || len(problems) > 0 || strings.ContainsAny(text, "\x00\r\x01\x7f") { // \x01 and \x7f are special in bash
			return
		}
		// Only the line's end may follow, so that only quoted text reaches the shell.
		if rest := data[entries[0].End:]; rest != "\n" {
			return
		}
		for _, shell := range shells {
			cmd := exec.Command(shell, "-c", data+`printf %s "$VALUE"`)
			cmd.Env = []string{"PATH=", "LC_ALL=C"}
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err != nil || string(out) != entries[0].Value {
				t.Errorf("%s: %q: gets %q (%v), read as %q", shell, data, out, err, entries[0].Value)
			}
		}
	})
}
