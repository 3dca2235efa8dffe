package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// expected marks every occurrence of every form, and replaces each run of marked bytes.
func expected(values []string, text string) string {
	hidden := make([]bool, len(text))
	// find marks the occurrences of a form in tokens. Each token has a position in the text.
	find := func(form string, tokens []byte, begins, ends []int) {
		for i := 0; i+len(form) <= len(tokens); i++ {
			if string(tokens[i:i+len(form)]) == form {
				for j := begins[i]; j < ends[i+len(form)-1]; j++ {
					hidden[j] = true
				}
			}
		}
	}
	for _, value := range values {
		for form := range forms(value) {
			find(form, []byte(text), places(0, len(text)), places(1, len(text)))
		}
		if len(value) < minEncoded {
			continue
		}
		// Line breaks and spaces are skipped, unless there are too many.
		for _, part := range regexp.MustCompile(`[^\r\n\t ]+(?:[\r\n\t ]{1,8}[^\r\n\t ]+)*`).FindAllStringIndex(text, -1) {
			var without []byte
			var begins, ends []int
			for i := part[0]; i < part[1]; i++ {
				if !strings.ContainsRune("\r\n\t ", rune(text[i])) {
					without, begins, ends = append(without, text[i]), append(begins, i), append(ends, i+1)
				}
			}
			for form := range digits(value) {
				find(form, without, begins, ends)
			}
		}
		var decoded []byte
		var begins, ends []int
		for i := 0; i < len(text); {
			n := 1
			c := text[i]
			if raw, err := url.PathUnescape(text[i:min(i+3, len(text))]); c == '%' && err == nil {
				c, n = raw[0], 3
			}
			decoded, begins, ends = append(decoded, c), append(begins, i), append(ends, i+n)
			i += n
		}
		find(value, decoded, begins, ends)
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			out.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			out.WriteString(replacement)
		}
	}
	return out.String()
}

// places returns n consecutive numbers from first.
func places(first, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = first + i
	}
	return all
}

func masked(t *testing.T, values []string, chunks ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := New(values).Writer(&out)
	for _, chunk := range chunks {
		if n, err := w.Write([]byte(chunk)); n != len(chunk) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHidden(t *testing.T) {
	for _, test := range []struct {
		doc    string
		values []string
		chunks []string
		want   string
	}{
		{"no values", nil, []string{"abc"}, "abc"},
		{"an empty value", []string{""}, []string{"abc"}, "abc"},
		{"whole", []string{"secret"}, []string{"secret"}, "***"},
		{"within", []string{"secret"}, []string{"a secret b secret\n"}, "a *** b ***\n"},
		{"over a border", []string{"secret"}, []string{"a sec", "ret b"}, "a *** b"},
		{"byte by byte", []string{"secret"}, strings.Split("xsecrety", ""), "x***y"},
		{"only a beginning", []string{"secret"}, []string{"sec", "sec", "ret", "secre"}, "sec***secre"},
		{"side by side", []string{"abab"}, []string{"abababab"}, "***"},
		{"overlapping itself", []string{"aba"}, []string{"xababay"}, "x***y"},
		{"overlapping another", []string{"abcd", "cdef"}, []string{"xabcdefy"}, "x***y"},
		{"within another", []string{"bc", "abcd"}, []string{"abcx abcd"}, "a***x ***"},
		{"a beginning of another", []string{"ab", "abcd"}, []string{"abc", "x", "abcd"}, "***cx***"},
		{"within one that does not come", []string{"abcde", "bc"}, []string{"abcdx"}, "a***dx"},
		{"any bytes", []string{"\xff\x00\x80"}, []string{"a\xff\x00", "\x80b\xff"}, "a***b\xff"},
	} {
		t.Run(test.doc, func(t *testing.T) {
			if got := masked(t, test.values, test.chunks...); got != test.want {
				t.Errorf("is %q, want %q", got, test.want)
			}
			if got := expected(test.values, strings.Join(test.chunks, "")); got != test.want {
				t.Errorf("the oracle says %q", got)
			}
		})
	}
}

// The minimum lengths to hide, the maximum gap between digits, and both ways to write JSON.
func TestMaskEdges(t *testing.T) {
	const quoted = `a"b<c>&defghijk`
	digits := hex.EncodeToString([]byte("0123456789ab"))
	gap := func(n int) string { return digits[:6] + strings.Repeat(" ", n) + digits[6:] }
	for _, test := range []struct {
		doc, value, output, want string
	}{
		{"JSON as Go writes it", quoted, `"a\"b\u003cc\u003e\u0026defghijk"`, `"***"`},
		{"JSON as others write it", quoted, `"a\"b<c>&defghijk"`, `"***"`},
		{"12 bytes, encoded", "0123456789ab", digits, "***"},
		{"11 bytes are not", "0123456789a", hex.EncodeToString([]byte("0123456789a")), hex.EncodeToString([]byte("0123456789a"))},
		{"12 bytes in JSON", `0123456789"b`, `0123456789\"b`, "***"},
		{"11 bytes in JSON are not", `012345678"b`, `012345678\"b`, `012345678\"b`},
		{"a line of 8 bytes", "12345678\nx", "12345678", "***"},
		{"one of 7", "1234567\nx", "1234567", "1234567"},
		{"8 spaces between digits", "0123456789ab", gap(8), "***"},
		{"9 spaces", "0123456789ab", gap(9), gap(9)},
		{"a percent sign at the end, and a digit behind", "0123456789ab%", "0123456789ab%4x", "***4x"},
		{"a percent sign at the end, encoded but for it", "0123456789ab%", "%30123456789ab%4x", "***4x"},
		{"two values without a gap", "0123456789ab", "0123456789ab0123456789ab", "***"},
	} {
		if got := masked(t, []string{test.value}, test.output); got != test.want {
			t.Errorf("%s: %q, want %q", test.doc, got, test.want)
		}
	}
}

func TestForms(t *testing.T) {
	const value = "nvapi-a/b+c&d=\"<e>\" \\ ü?~~~ \xfb\xff"
	const text = "line one is long\nshort\nline three is long\n"
	asJSON, err := json.Marshal(map[string]string{"k": text})
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{url.QueryEscape(value), url.PathEscape(value), "?key=" + url.QueryEscape(value) + "&x=1", string(asJSON),
		strings.ReplaceAll(text, "\n", "\r\n"), "  line three is long", base64.StdEncoding.EncodeToString([]byte(value)), base64.URLEncoding.EncodeToString([]byte(value))} {
		got := masked(t, []string{value, text}, output)
		if !strings.Contains(got, replacement) || strings.Contains(got, "nvapi") || strings.Contains(got, "long") || len(got) > 25 {
			t.Errorf("%q becomes %q", output, got)
		}
	}
	for user := range 7 {
		auth := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", user) + ":" + value + "!"))
		got := masked(t, []string{value}, `{"auth":"`+auth+`"}`)
		head := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", user) + ":" + value))
		if strings.Contains(got, head[(user+1)*8/6+2:(user+1)*8/6+12]) || !strings.Contains(got, replacement) || len(got) > len(`{"auth":""}`)+(user+1)*8/6+12 {
			t.Errorf("user of %d: %q becomes %q", user, auth, got)
		}
	}
	if got := masked(t, []string{text}, "short"); got != "short" {
		t.Errorf("a short line is hidden: %q", got)
	}
}

func wrap(text string, columns int, lineEnd string) string {
	var b strings.Builder
	for len(text) > columns {
		b.WriteString(text[:columns] + lineEnd)
		text = text[columns:]
	}
	return b.String() + text
}

// escapeAll percent-encodes every byte with this format.
func escapeAll(text, format string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// TestEncoded checks that encoded values are hidden wherever a write ends.
func TestEncoded(t *testing.T) {
	random := make([]byte, 48)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	key := "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
	odd := "a/b+c&d=\"<e>\" %" + base64.StdEncoding.EncodeToString(random)
	for _, value := range []string{key, odd} {
		for before := range 3 {
			for name, encoded := range map[string]string{
				"base64":            base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + value)),
				"URL-safe base64":   base64.URLEncoding.EncodeToString([]byte(strings.Repeat("x", before) + value)),
				"lower-case hex":    strings.Repeat("0", before) + hex.EncodeToString([]byte(value)),
				"upper-case hex":    strings.Repeat("0", before) + strings.ToUpper(hex.EncodeToString([]byte(value))),
				"od -An -tx1":       strings.Repeat("0", before) + strings.TrimSpace(escapeAll(value, "%02x ")),
				"%XX":               strings.Repeat("0", before) + escapeAll(value, "%%%02X"),
				"%xx":               strings.Repeat("0", before) + escapeAll(value, "%%%02x"),
				"a query":           strings.Repeat("0", before) + url.QueryEscape(value),
				"a path":            strings.Repeat("0", before) + url.PathEscape(value),
				"lower-case digits": strings.Repeat("0", before) + lowerEscapes(url.PathEscape(value)),
			} {
				for _, columns := range []int{1 << 20, 76, 64, 60, 48} {
					if columns < 1<<20 && (strings.HasPrefix(name, "%") || strings.HasSuffix(name, "y") || strings.HasPrefix(name, "a ") || name == "lower-case digits") {
						continue // an address is never wrapped
					}
					for _, lineEnd := range []string{"\n", "\r\n", "\n    "} {
						output := "before\n" + wrap(encoded, columns, lineEnd) + "\nafter\n"
						if got := masked(t, []string{value}, output); len(got) > len("before\n***\nafter\n")+before+4 || !strings.Contains(got, replacement) {
							t.Errorf("%s at %d columns, %d before: %d of %d bytes are left", name, columns, before, len(got), len(output))
						}
						if got, want := masked(t, []string{value}, strings.Split(output, "")...), expected([]string{value}, output); got != want {
							t.Errorf("%s at %d columns, byte by byte: %d bytes, want %d", name, columns, len(got), len(want))
						}
					}
				}
			}
		}
	}
	// More than 8 spaces are not line wrapping.
	if text := hex.EncodeToString([]byte(key)); masked(t, []string{key}, text[:70]+strings.Repeat("\n", 9)+text[70:]) != text[:70]+strings.Repeat("\n", 9)+text[70:] {
		t.Error("digits far from each other are hidden")
	}
}

// lowerEscapes writes percent-encoded bytes with lower-case digits.
func lowerEscapes(text string) string {
	return regexp.MustCompile("%[0-9A-F]{2}").ReplaceAllStringFunc(text, strings.ToLower)
}

// TestProgramsEncode checks that a key is hidden in the output of these programs.
func TestProgramsEncode(t *testing.T) {
	random := make([]byte, 48)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	key := "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
	for _, command := range []string{
		"base64", "base64 -w64", "openssl base64", "xxd -p", "xxd -p -u", "od -An -v -tx1", "hexdump -v -e '16/1 \"%02x \" \"\\n\"'",
		"python3 -c 'import base64, sys; print(base64.encodebytes(sys.stdin.buffer.read()).decode())'",
		"python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.stdin.read(), safe=str()))'", "jq -sRr @uri",
	} {
		t.Run(command, func(t *testing.T) {
			program, _, _ := strings.Cut(command, " ")
			if _, err := exec.LookPath(program); err != nil {
				t.Skip(err)
			}
			for _, before := range []string{"", "u:", "user:"} {
				cmd := exec.Command("sh", "-c", command)
				cmd.Stdin = strings.NewReader(before + key)
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				// What remains of the text before the key is at most four characters per byte.
				if got := strings.TrimSpace(masked(t, []string{key}, string(out))); len(got) > 4*len(before)+12 || !strings.Contains(got, replacement) {
					t.Errorf("after %q %d of %d bytes are left", before, len(got), len(out))
				}
			}
		})
	}
}

// TestNothingElseIsHeldBack checks that Write outputs everything that cannot be the beginning of a value.
func TestNothingElseIsHeldBack(t *testing.T) {
	var out bytes.Buffer
	w := New([]string{"nvapi-secret"}).Writer(&out)
	for _, step := range []struct{ in, out string }{{"Password: ", "Password: "}, {"y/n", "Password: y/"}, {"v", "Password: y/"}, {"x", "Password: y/nvx"}, {"nvapi-nva", "Password: y/nvxnvapi-"}} {
		if _, err := w.Write([]byte(step.in)); err != nil {
			t.Fatal(err)
		}
		if out.String() != step.out {
			t.Errorf("after %q the output is %q, want %q", step.in, &out, step.out)
		}
	}
}

func TestFlush(t *testing.T) {
	const value = "nvapi-secret" // 12 bytes: three may show
	var out bytes.Buffer
	w := New([]string{value}).Writer(&out)
	for _, step := range []struct{ in, out string }{
		{"y/n", "y/n"}, {"", "y/n"}, {"v", "y/nv"}, {"a", "y/nva"}, {"p", "y/nva"}, {"i-", "y/nva"}, {"x", "y/nvapi-x"},
		{"n", "y/nvapi-xn"}, {"vapi-secre", "y/nvapi-xnva"}, {"t", "y/nvapi-xnva"}, {"!", "y/nvapi-xnva***!"},
	} {
		if _, err := w.Write([]byte(step.in)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != step.out {
			t.Fatalf("after %q the output is %q, want %q", step.in, &out, step.out)
		}
	}
}

type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrors(t *testing.T) {
	w := New([]string{"secret"}).Writer(&failing{left: 1})
	if n, err := w.Write([]byte("one")); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for range 2 {
		if n, err := w.Write([]byte("two")); n != 0 || !errors.Is(err, errFull) {
			t.Errorf("%d, %v", n, err)
		}
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
	w = New(nil).Writer(io.Discard)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
}

// FuzzChunks compares the output with the oracle's, wherever writes end. With Flush in between, the output
// never contains a whole value.
func FuzzChunks(f *testing.F) {
	f.Add("secret\x00secrets\x00cre", "a secretsecrets secr", uint64(1))
	f.Add("aa\x00aab\x00baa", "aaabaabaaaabbaabaaa", uint64(2))
	f.Add("line one is it\nline two is it\n", "line one is it\r\nline two is it\r\n", uint64(3))
	f.Add("abcdefghijklmnop", "YWJjZGVm\nZ2hpamts\r\n  bW5vcA== 6162636465666768 696a6b6c6d6e6f70 %61bcdefghijklmno%70", uint64(5))
	f.Add("%bcdefghijklmnop%", "%25bcdefghijklmnop% %%bcdefghijklmnop% %bcdefghijklmno%%70%", uint64(6))
	f.Add("\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", "aaaaaaaaaaaa aaaaaaaaaaaaaa\naaaa", uint64(7))
	f.Add("abcdefghijklmnop", "YWJjZGVmZ2hpamtsbW5vcA== abcdefghijklmnop", uint64(4))
	for seed := range uint64(200) { // only two letters, so that all overlaps occur
		r := rand.New(rand.NewPCG(seed, 9))
		letters := func(n int) string {
			b := make([]byte, r.IntN(n))
			for i := range b {
				b[i] = "ab"[r.IntN(2)]
			}
			return string(b)
		}
		f.Add(strings.Join([]string{letters(9), letters(6), letters(14)}, "\x00"), letters(200), seed)
	}
	f.Fuzz(func(t *testing.T, list, text string, seed uint64) {
		values := strings.Split(list, "\x00")
		if len(values) > 20 || len(text) > 2000 || len(list) > 1000 {
			return
		}
		want := expected(values, text)
		if got := masked(t, values, text); got != want {
			t.Fatalf("values %q, text %q:\nis   %q\nwant %q", values, text, got, want)
		}
		r := rand.New(rand.NewPCG(seed, 0))
		var chunks []string
		for rest := text; rest != ""; {
			n := 1 + r.IntN(min(len(rest), 1+r.IntN(9)))
			chunks = append(chunks, rest[:n])
			rest = rest[n:]
		}
		if got := masked(t, values, chunks...); got != want {
			t.Fatalf("values %q, chunks %q:\nis   %q\nwant %q", values, chunks, got, want)
		}
		var out bytes.Buffer
		w := New(values).Writer(&out)
		for _, chunk := range chunks {
			if _, err := w.Write([]byte(chunk)); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if out.Len() < len(want) { // Flush only ever shows more
			t.Fatalf("with Flush %q, without %q", &out, want)
		}
		for _, value := range values {
			// The asterisks of replacements can form a value that contains "*".
			if len(value) >= 4 && !strings.Contains(value, "*") && strings.Count(out.String(), value) > strings.Count(want, value) {
				t.Fatalf("value %q, chunks %q: shown in %q, without Flush %q", value, chunks, &out, want)
			}
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	value := func() string {
		raw := make([]byte, 48)
		for i := range raw {
			raw[i] = byte(rand.Uint32())
		}
		return "nvapi-" + base64.RawURLEncoding.EncodeToString(raw)
	}
	values := []string{value(), value(), value(), "cyborg_" + value()}
	masker := New(values)
	var text strings.Builder
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, "rag-server-1  | 2026-11-22T10:00:%02d INFO collection nv_%d ready, client connected n=%d\n", i%60, i, i*7)
	}
	for name, data := range map[string]string{
		"log":         text.String(),
		"only-values": strings.Repeat(values[0]+"\n", 1<<20/len(values[0])),
		"worst":       strings.Repeat(values[0][:60], 1<<20/60),
	} {
		b.Run(name, func(b *testing.B) {
			w := masker.Writer(io.Discard)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				for rest := data; rest != ""; {
					n := min(len(rest), 32<<10)
					if _, err := w.Write([]byte(rest[:n])); err != nil {
						b.Fatal(err)
					}
					rest = rest[n:]
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	values := make([]string, 20)
	for i := range values {
		values[i] = fmt.Sprintf("nvapi-%064d", i*i*7919)
	}
	for b.Loop() {
		New(values)
	}
}
