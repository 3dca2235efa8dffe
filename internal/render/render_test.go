package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/ragenv/ragenv/internal/render"
)

func TestGolden(t *testing.T) {
	values := []render.Value{{"PLAIN", "nvapi-A_b-9"}, {"EMPTY", ""}, {"QUOTES", `it's "a" \ $b`}, {"LINES", "a\nb"}, {"WIDE", "é’😀"}, {"TICK", "'`"}}
	for format, want := range map[string]string{
		"shell":      "export EMPTY=''\nexport LINES='a\nb'\nexport PLAIN='nvapi-A_b-9'\nexport QUOTES='it'\\''s \"a\" \\ $b'\nexport TICK=''\\''`'\nexport WIDE='é’😀'\n",
		"fish":       "set -gx EMPTY ''\nset -gx LINES 'a\nb'\nset -gx PLAIN 'nvapi-A_b-9'\nset -gx QUOTES 'it\\'s \"a\" \\\\ $b'\nset -gx TICK '\\'`'\nset -gx WIDE 'é’😀'\n",
		"powershell": "$env:EMPTY = ''\n$env:LINES = 'a' + [char]0x000a + 'b'\n$env:PLAIN = 'nvapi-A_b-9'\n$env:QUOTES = 'it''s \"a\" \\ $b'\n$env:TICK = '''`'\n$env:WIDE = '' + [char]0x00e9 + [char]0x2019 + [char]0xd83d + [char]0xde00\n",
		"dotenv":     "EMPTY=\nLINES='a\nb'\nPLAIN=nvapi-A_b-9\nQUOTES=\"it's \\\"a\\\" \\\\ \\$b\"\nTICK=\"'\\0140\"\nWIDE='é’😀'\n",
		"json":       "{\n  \"EMPTY\": \"\",\n  \"LINES\": \"a\\nb\",\n  \"PLAIN\": \"nvapi-A_b-9\",\n  \"QUOTES\": \"it's \\\"a\\\" \\\\ $b\",\n  \"TICK\": \"'`\",\n  \"WIDE\": \"é’😀\"\n}\n",
		"github":     "EMPTY<<RAGENV_END_OF_VALUE\n\nRAGENV_END_OF_VALUE\nLINES<<RAGENV_END_OF_VALUE\na\nb\nRAGENV_END_OF_VALUE\nPLAIN<<RAGENV_END_OF_VALUE\nnvapi-A_b-9\nRAGENV_END_OF_VALUE\nQUOTES<<RAGENV_END_OF_VALUE\nit's \"a\" \\ $b\nRAGENV_END_OF_VALUE\nTICK<<RAGENV_END_OF_VALUE\n'`\nRAGENV_END_OF_VALUE\nWIDE<<RAGENV_END_OF_VALUE\né’😀\nRAGENV_END_OF_VALUE\n",
	} {
		t.Run(format, func(t *testing.T) {
			if diff := cmp.Diff(want, string(mustRender(t, format, values, render.Options{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := render.Names(); !slices.Equal(got, []string{"docker", "dotenv", "fish", "github", "json", "kubernetes", "powershell", "shell"}) {
		t.Errorf("Names() = %q", got)
	}
}

func TestOrderOfInputDoesNotShow(t *testing.T) {
	values := []render.Value{{"B", "2"}, {"A", "1"}, {"C", "3"}}
	other := []render.Value{values[1], values[2], values[0]}
	for _, format := range render.Names() {
		if a, b := mustRender(t, format, values, render.Options{}), mustRender(t, format, other, render.Options{}); !bytes.Equal(a, b) {
			t.Errorf("%s: %q and %q", format, a, b)
		}
	}
	if values[0].Name != "B" {
		t.Error("Render has sorted the caller's slice")
	}
}

// A value is written in the simplest form that holds it: values at the edge of a range and just outside.
func TestPlainest(t *testing.T) {
	const end = "RAGENV_END_OF_VALUE"
	for _, test := range []struct{ format, value, want string }{
		{"dotenv", "azAZ09_./:@%+=,-", "A=azAZ09_./:@%+=,-\n"},
		{"dotenv", "a[", "A='a['\n"},
		{"dotenv", "a`", "A='a`'\n"},
		{"dotenv", "a{", "A='a{'\n"},
		{"dotenv", "a;", "A='a;'\n"},
		{"dotenv", `a \\`, `A='a \\'` + "\n"},
		{"dotenv", `a \`, `A="a \\"` + "\n"},
		{"powershell", " ~", "$env:A = ' ~'\n"},
		{"powershell", "\x1f\x7f", "$env:A = '' + [char]0x001f + [char]0x007f\n"},
		{"github", end + " " + end + "_1", "A<<" + end + "_2\n" + end + " " + end + "_1\n" + end + "_2\n"},
		{"docker", strings.Repeat("x", 64<<10-3), "A=" + strings.Repeat("x", 64<<10-3) + "\n"},
	} {
		var buf bytes.Buffer
		if err := render.Render(&buf, test.format, []render.Value{{Name: "A", Value: test.value}}, render.Options{}); err != nil || buf.String() != test.want {
			t.Errorf("%s: %.80q, %v; want %.80q", test.format, &buf, err, test.want)
		}
	}
}

func TestRefused(t *testing.T) {
	const secret = "hunter2"
	every := render.Names()
	text := []string{"docker", "dotenv", "github", "json", "powershell"}
	for _, test := range []struct {
		doc     string
		formats []string
		value   render.Value
		want    any
	}{
		{"NUL alone", every, render.Value{Name: "A", Value: "\x00"}, new(*render.ValueError)},
		{"NUL", every, render.Value{Name: "A", Value: secret + "\x00"}, new(*render.ValueError)},
		{"not UTF-8", text, render.Value{Name: "A", Value: secret + "\xff"}, new(*render.ValueError)},
		{"half a surrogate pair", text, render.Value{Name: "A", Value: secret + "\xed\xa0\x80"}, new(*render.ValueError)},
		{"line break", []string{"docker"}, render.Value{Name: "A", Value: secret + "\nB=2"}, new(*render.ValueError)},
		{"CR", []string{"docker"}, render.Value{Name: "A", Value: secret + "\r"}, new(*render.ValueError)},
		{"CR at the end", []string{"github"}, render.Value{Name: "A", Value: secret + "\r"}, new(*render.ValueError)},
		{"not a name", every, render.Value{Name: "A;id", Value: secret}, new(*render.NameError)},
		{"no name", every, render.Value{Value: secret}, new(*render.NameError)},
		{"the runner's", []string{"github"}, render.Value{Name: "GITHUB_SHA", Value: secret}, new(*render.NameError)},
		{"key that is not UTF-8", []string{"kubernetes"}, render.Value{Name: "NGC_API_KEY", Value: secret + "\xff"}, new(*render.ValueError)},
	} {
		for _, format := range test.formats {
			t.Run(test.doc+"/"+format, func(t *testing.T) {
				var buf bytes.Buffer
				err := render.Render(&buf, format, []render.Value{{"ZZ", "fine"}, test.value}, render.Options{})
				if err == nil || !errors.As(err, test.want) {
					t.Fatalf("error %v, want %T", err, test.want)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows the value: %v", err)
				}
				if !strings.Contains(err.Error(), test.value.Name) {
					t.Errorf("the error does not name %s: %v", test.value.Name, err)
				}
				if buf.Len() > 0 {
					t.Errorf("written in spite of the error: %q", &buf)
				}
			})
		}
	}
	if err := render.Render(&bytes.Buffer{}, "json", []render.Value{{"A", "1"}, {"A", "2"}}, render.Options{}); !errors.As(err, new(*render.NameError)) {
		t.Errorf("a name that comes twice: %v", err)
	}
	if err := render.Render(&bytes.Buffer{}, "toml", nil, render.Options{}); !errors.Is(err, render.ErrUnknownFormat) {
		t.Errorf("an unknown format: %v", err)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(uint64(1), "")
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		values := nastyValues(seed, 100, raw, true)
		var got map[string]string
		if err := json.Unmarshal(mustRender(t, "json", values, render.Options{}), &got); err != nil {
			t.Fatal(err)
		}
		compare(t, "json", got, values)
	})
}

// readGitHub reads like the runner (actions/runner, FileCommandManager.cs, EnvFileKeyValuePairs), on Linux
// or Windows.
func readGitHub(t *testing.T, text string, windows bool) map[string]string {
	t.Helper()
	line := func() (string, int, bool) {
		at := strings.IndexByte(text, '\n')
		if at < 0 {
			return "", 0, false
		}
		l, newline := text[:at], 1
		if windows && strings.HasSuffix(l, "\r") {
			l, newline = l[:at-1], 2
		}
		return l, newline, true
	}
	got := map[string]string{}
	for text != "" {
		head, newline, ok := line()
		name, delimiter, heredoc := strings.Cut(head, "<<")
		if !ok || !heredoc || strings.Contains(name, "=") || delimiter == "" {
			t.Fatalf("the runner would refuse the line %q", head)
		}
		text = text[len(head)+newline:]
		start, end, offset := text, 0, 0
		for {
			l, newline, ok := line()
			if !ok {
				t.Fatalf("the runner would not find the delimiter %q", delimiter)
			}
			text = text[len(l)+newline:]
			if l == delimiter {
				break
			}
			end = offset + len(l)
			offset += len(l) + newline
		}
		got[name] = start[:end]
	}
	return got
}

func FuzzGitHub(f *testing.F) {
	f.Add(uint64(1), "RAGENV_END_OF_VALUE\x00RAGENV_END_OF_VALUE_1\nX<<Y\nz\nY\x00\n\n\x00a\r\nb\r\n")
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		values := slices.DeleteFunc(nastyValues(seed, 100, raw, true), func(v render.Value) bool { return strings.HasSuffix(v.Value, "\r") })
		output := string(mustRender(t, "github", values, render.Options{}))
		compare(t, "runner on Linux", readGitHub(t, output, false), values)
		compare(t, "runner on Windows", readGitHub(t, output, true), values)
	})
}

func TestGitHubMasks(t *testing.T) {
	var buf bytes.Buffer
	if err := render.GitHubMasks(&buf, []render.Value{{"A", "50%\r\nof"}, {"B", ""}, {"C", "x"}}); err != nil {
		t.Fatal(err)
	}
	if want := "::add-mask::50%25%0D%0Aof\n::add-mask::x\n"; buf.String() != want {
		t.Errorf("is %q, want %q", &buf, want)
	}
}

var powershellOperand = regexp.MustCompile(`^(?:'((?:[^']|'')*)'|\[char\]0x([0-9a-f]{4}))(?: \+ |$)`)

// readPowerShell reads the commands by the language's rules: one command per line, single-quoted text in
// which a doubled quote is a quote, [char]0xNNNN for a UTF-16 code unit, and "+" to join.
func readPowerShell(output string) (map[string]string, error) {
	got := map[string]string{}
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, fmt.Errorf("not printable ASCII: %q", line)
		}
		head, expression, ok := strings.Cut(line, " = ")
		name, isEnv := strings.CutPrefix(head, "$env:")
		if !ok || !isEnv || !strings.HasPrefix(expression, "'") {
			return nil, fmt.Errorf("not an assignment of a string: %q", line)
		}
		var units []uint16
		for expression != "" {
			m := powershellOperand.FindStringSubmatch(expression)
			switch {
			case m == nil:
				return nil, fmt.Errorf("not an operand: %q", expression)
			case m[2] != "":
				unit, err := strconv.ParseUint(m[2], 16, 16)
				if err != nil {
					return nil, err
				}
				units = append(units, uint16(unit))
			default:
				units = append(units, utf16.Encode([]rune(strings.ReplaceAll(m[1], "''", "'")))...)
			}
			expression = expression[len(m[0]):]
		}
		got[name] = string(utf16.Decode(units))
	}
	return got, nil
}

func FuzzPowerShell(f *testing.F) {
	f.Add(uint64(1), "'\x00''\x00\u2019\u2018\u201a\u201b\x00\n\x00a\nb\x00 + ")
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		values := nastyValues(seed, 100, raw, true)
		got, err := readPowerShell(string(mustRender(t, "powershell", values, render.Options{})))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "PowerShell", got, values)
	})
}
