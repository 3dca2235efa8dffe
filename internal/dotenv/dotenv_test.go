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

type reading struct {
	Name, Value string
	Literal     bool
}

func read(data string) (got []reading, problems []dotenv.Problem) {
	entries, problems := dotenv.Parse([]byte(data))
	for _, e := range entries {
		got = append(got, reading{e.Name, e.Value, e.Literal})
	}
	return got, problems
}

func TestParse(t *testing.T) {
	lit := func(pairs ...string) (all []reading) {
		for pair := range slices.Chunk(pairs, 2) {
			all = append(all, reading{pair[0], pair[1], true})
		}
		return all
	}
	open := func(names ...string) (all []reading) {
		for _, name := range names {
			all = append(all, reading{Name: name})
		}
		return all
	}
	for _, test := range []struct {
		doc, data string
		want      []reading
		problems  int
	}{
		{"empty", "", nil, 0},
		{"only blanks", " \n\t\r\n", nil, 0},
		{"comments", "# A=1\n  # B=2\n#", nil, 0},
		{"plain", "A=1\nB=two\n", lit("A", "1", "B", "two"), 0},
		{"no line end", "A=1", lit("A", "1"), 0},
		{"empty values", "A=\nB=''\nC=\"\"\nexport D=\nexport E=''", lit("A", "", "B", "", "C", "", "D", "", "E", ""), 0},
		{"twice", "A=1\nA=2\n", lit("A", "1", "A", "2"), 0},
		{"byte order mark", "\ufeffA=1\n", lit("A", "1"), 0},
		{"byte order mark and export", "\ufeffexport A=1\n", lit("A", "1"), 0},
		{"UTF-16", "\xff\xfeA\x00=\x001\x00", nil, 1},
		{"CR LF", "A=1\r\nexport B=2\r\nC='3'\r\nexport D='4'\r\n", lit("A", "1", "B", "2", "C", "3", "D", "4"), 0},
		{"around the equals sign", "A = 1\nB: 2\n", lit("A", "1", "B", "2"), 0},
		{"in a value", "A=b=c==\nB=x:y\n", lit("A", "b=c==", "B", "x:y"), 0},
		{"comment behind", "A=1 # one\nB=1#2\nC='3' # three\nexport D=4 # four\nexport E=5#6\n", lit("A", "1", "B", "1#2", "C", "3", "D", "4", "E", "5#6"), 0},
		{"spaces within", "A=one two  \nB='one two '\nexport C=\"one two \"\n", lit("A", "one two", "B", "one two ", "C", "one two "), 0},
		{"single quotes", `A='a"$b\n'` + "\n" + `export B='a"$b\n'`, lit("A", `a"$b\n`, "B", `a"$b\n`), 0},
		{"lines", "A='x\ny'\nB=\"x\ny\"\nexport C='x\ny'\nexport D=\"x\ny\"\nE=1", lit("A", "x\ny", "B", "x\ny", "C", "x\ny", "D", "x\ny", "E", "1"), 0},
		{"Compose's escapes", `A="\a\b\f\n\r\t\v\\\"\$\0140\c\q\0"`, lit("A", "\a\b\f\n\r\t\v\\\"$`\\c\\q\\"), 0},
		{"Compose's single quotes", `A='it\'s'` + "\nB=1\n", lit("A", "it's", "B", "1"), 0},
		{"a shell's escapes", `export A="\"\\\$\` + "`" + `\n"` + "\nexport B=a\\ b\\'c\n", lit("A", "\"\\$`\\n", "B", "a b'c"), 0},
		{"a shell's single quotes", `export A='it'\''s'` + "\n" + `B='it'\''s'` + "\n" + `C='a\'` + "\nD='b'\n", lit("A", "it's", "B", "it's", "C", `a\`, "D", "b"), 0},
		{"one word of many quotes", `export A=a'b'"c"d` + "\n" + `B="a"'b'` + "\n", lit("A", "abcd", "B", "ab"), 0},
		{"going on", "export A=b\\\nc \\\n B=d\nE=f\n", lit("A", "bc", "B", "d", "E", "f"), 0},
		{"many in a command", "export A=1 B='2' C D=4\nE=5", lit("A", "1", "B", "2", "D", "4", "E", "5"), 0},
		{"many commands", "export A=1; export B=2 && export C=3;export D=4\n", lit("A", "1", "B", "2", "C", "3", "D", "4"), 0},
		{"behind quotes", `A="1" B='2'` + "\n", lit("A", "1", "B", "2"), 0},
		{"only names", "A\nexport B\nexport C D\nE=1\nF", lit("E", "1"), 0},
		{"not UTF-8", "A=\xff\xfe\nB='\x80'\nexport C=\xc0\n", lit("A", "\xff\xfe", "B", "\x80", "C", "\xc0"), 0},
		{"expansions", "A=${B}\nC=$D\nE=\"x${F}\"\nG=$(id -u)\nH=`id`\nI=\"`id`\"\nJ=a$\n", open("A", "C", "E", "G", "H", "I", "J"), 0},
		{"exported expansions", "export A=${B}\nexport C=$D\nexport E=\"x${F}\"\nexport G=$(id -u)\nexport H=`id`\nexport I=~/x\nexport J={a,b}\nexport K=$'a\\'b'\n", open("A", "C", "E", "G", "H", "I", "J", "K"), 0},
		{"expansions with quotes and lines", "export A=$(echo \"a )\" ')' \\) $(b) (c)\n) B=\"${C:-\"}\"}\" D=`echo \\` '`'`\nexport E=${F:-'}'}\n", open("A", "B", "D", "E"), 0},
		{"a dollar in octal", `A="\0044B"`, open("A"), 0},
		{"an escaped dollar", "A=\"\\$B\"\nexport C=\\$D\n", lit("A", "$B", "C", "$D"), 0},
		{"no names", "A-B=1\n1A=2\n=3\nexport A-B=4\nexport 1A=5\nexport =6\n", nil, 6},
		{"a name that is not ours, over lines", "A.B='x\nC=1\n'\nD=2\n", lit("D", "2"), 1},
		{"a script", "if [ -f x ]; then\n  export A=1\nfi\nsource y\nA=(1 2)\nexport B=(1 2)\n", []reading{{"A", "1", true}, {"A", "(1 2)", true}}, 3},
		{"not closed", "A='x\nB=1\n", lit("B", "1"), 1},
		{"exported and not closed", "export A=\"x\nB=1\nexport C=$(\nD=2\n", lit("B", "1", "D", "2"), 2},
		{"options and appending", "export -n A=1\nexport B+=2\nexport C = 3\n", nil, 3},
		{"NUL", "A='\x00'\nB=1\n", lit("B", "1"), 1},
	} {
		t.Run(test.doc, func(t *testing.T) {
			got, problems := read(test.data)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(problems) != test.problems {
				t.Errorf("%d problems, want %d: %v", len(problems), test.problems, problems)
			}
		})
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
	got, problems := read(`# ==========================
# User / Auth
# ==========================
export USERID=$(id -u)
export NVIDIA_API_KEY=${NGC_API_KEY}
export OBJECTSTORE_SECRETKEY=seaweedfsadmin
# export APP_LLM_APIKEY=""
export APP_RANKING_MODELNAME="nvidia/llama-nemotron-rerank-1b-v2"
export OCR_HTTP_ENDPOINT=http://nemotron-ocr:8000/v1/infer
export PROMPT_CONFIG_FILE=${PWD}/src/nvidia_rag/rag_server/prompt.yaml
`)
	want := []reading{
		{"USERID", "", false}, {"NVIDIA_API_KEY", "", false}, {"OBJECTSTORE_SECRETKEY", "seaweedfsadmin", true},
		{"APP_RANKING_MODELNAME", "nvidia/llama-nemotron-rerank-1b-v2", true}, {"OCR_HTTP_ENDPOINT", "http://nemotron-ocr:8000/v1/infer", true},
		{"PROMPT_CONFIG_FILE", "", false},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
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
		{"all of a block of a script", "if x; then\n  export A=s\nfi\n", "if x; then\n  : # A is now kept by ragenv\nfi\n"},
	} {
		t.Run(test.doc, func(t *testing.T) {
			got, err := remove(t, test.data, "A", "B")
			if err != nil || got != test.want {
				t.Errorf("is   %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
	for _, data := range []string{"export A=1 X=2\n", "export X=1 A=2\n", "export A=1; true\n", `A="1" X="2"`, "export A=1 &\n"} {
		var shared *dotenv.SharedLineError
		if got, err := remove(t, data, "A"); !errors.As(err, &shared) || shared.Name != "A" || got != "" {
			t.Errorf("%q: %q, %v", data, got, err)
		}
	}
}

// FuzzRemove: whatever is in a file, taking entries out leaves every other byte and every other entry, and no trace of the values.
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
		// Every other byte: what is between the removed entries follows in the output, with one comment at each gap.
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

// FuzzShell: what is read as literal from an export line is what the real shells get from it.
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
		entries, problems := dotenv.Parse([]byte(data))
		if len(entries) != 1 || !entries[0].Literal || len(problems) > 0 || strings.ContainsAny(text, "\x00\r\x01\x7f") { // the last two mean something to bash itself (CTLESC, CTLNUL)
			return
		}
		// Nothing may follow but the line's end, so that nothing that is not quoted text is ever run.
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
