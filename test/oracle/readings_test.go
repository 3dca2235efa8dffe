package oracle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"

	"github.com/ragenv/ragenv/internal/dotenv"
)

// theShells are the installed shells, each with the arguments to source a file.
func theShells(t testing.TB) map[string][]string {
	shells := map[string][]string{}
	for name, command := range map[string][]string{
		"bash": {"bash", "--norc", "--noprofile"}, "dash": {"dash"}, "busybox": {"busybox", "sh"}, "zsh": {"zsh", "-f"}, "mksh": {"mksh"}, "ksh": {"ksh"},
	} {
		if path, err := exec.LookPath(command[0]); err == nil {
			shells[name] = append([]string{path}, command[1:]...)
		}
	}
	if len(shells) == 0 {
		t.Skip("no POSIX shell is installed")
	}
	return shells
}

// sourced returns the variables V0 to Vn-1 of a shell after it sourced the file. PATH has no programs,
// since the shell runs what is in the file.
func sourced(t testing.TB, shell []string, file string, n int) map[string]string {
	var dump strings.Builder
	dump.WriteString("trap '")
	for i := range n {
		fmt.Fprintf(&dump, `[ -z "${V%d+x}" ] || printf "%%s\0" "V%d=$V%d" >&3;`, i, i, i)
	}
	dump.WriteString("' EXIT\nPATH=\n. ./" + filepath.Base(file) + " >/dev/null 2>&1\n")
	out, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], append(shell[1:len(shell):len(shell)], "-c", dump.String())...)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = filepath.Dir(file), []string{"LC_ALL=C.UTF-8", "HOME=/nowhere"}, []*os.File{out}
	_ = cmd.Run() // ignore the error: a shell stops at what it cannot parse, and keeps what it has read
	if ctx.Err() != nil {
		t.Fatalf("%s does not end", shell[0])
	}
	data, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if name, value, ok := strings.Cut(string(entry), "="); ok {
			got[name] = value
		}
	}
	return got
}

var lineForms = []string{
	"%s=%s", "%s=%s", "export %s=%s", "export %s=%s", "%[1]s=%[2]s; export %[1]s", "%s = %s", "%s: %s", "  %s=%s  ", "%s=%s # note", "%s= %s", "readonly %s=%s",
	"%s=%s command -v x", "export %s=%s OTHER", "%s=%s &", "%s=%s && true", "export\t%s=%s", "%s=%s;", "declare -x %s=%s", "true; %s=%s", "if true; then\n  export %s=%s\nfi",
}

var valuePieces = append([]string{
	"nvapi-abc_DEF-123", "s3cret", "my pass phrase", "(x)", "[KEY]", "{KEY}", "{a,b}", "~", "~/x", "a~b", "*", "?", "!", "&", "|", ";", "<x", ">x", "^", "@", "%", "+=", `\ `, "&&", "é", "$1", "$", "\t#", "it's", "`true`",
}, pieces...)

func valueText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(valuePieces[r.IntN(len(valuePieces))])
	}
	switch text := b.String(); r.IntN(4) {
	case 0:
		return "'" + text + "'"
	case 1:
		return `"` + text + `"`
	default:
		return text
	}
}

// TestReadings reads generated files with real shells, with compose-go and with our parser. A value that
// ours returns as definite is what each of them reads. A value that it returns as one program's reading is
// what that program reads.
//
//	READINGS=20000 go -C test/oracle test -run Readings -v .
func TestReadings(t *testing.T) {
	shells := theShells(t)
	rounds := 60
	if n, err := strconv.Atoi(os.Getenv("READINGS")); err == nil {
		rounds = n
	}
	logrus.SetOutput(io.Discard) // compose-go warns about each variable that is not set
	const perFile = 3
	file := filepath.Join(t.TempDir(), "vars.env")
	var inputs, agreed, differing, expanding, neither, compared int
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 7))
		var b strings.Builder
		for i := range perFile {
			fmt.Fprintf(&b, lineForms[r.IntN(len(lineForms))]+"\n", fmt.Sprintf("V%d", i), valueText(r))
		}
		// A CR is part of the value for a shell, but never intended. CTLESC and CTLNUL are special to bash
		// itself.
		text := strings.NewReplacer("\r", "", "\x01", "", "\x7f", "").Replace(b.String())
		if strings.Contains(text, "$$") { // a shell's process ID, which differs
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		inputs += perFile
		composeHas, composeErr := compose.ParseWithLookup(strings.NewReader(text), func(string) (string, bool) { return "", false })
		last := map[string]dotenv.Entry{}
		entries, _ := dotenv.Parse([]byte(text))
		for _, e := range entries {
			last[e.Name] = e
		}
		asShell, asCompose := map[string]dotenv.Entry{}, map[string]dotenv.Entry{}
		shellEntries, shellProblems := dotenv.ParseAs([]byte(text), dotenv.Shell)
		for _, e := range shellEntries {
			asShell[e.Name] = e
		}
		composeEntries, _ := dotenv.ParseAs([]byte(text), dotenv.Compose)
		for _, e := range composeEntries {
			asCompose[e.Name] = e
		}
		for i := range perFile {
			e, ok := last[fmt.Sprintf("V%d", i)]
			switch {
			case !ok:
				neither++
			case e.Differs != nil:
				differing++
			case !e.Literal:
				expanding++
			default:
				agreed++
			}
		}
		check := func(who string, has map[string]string, ours map[string]dotenv.Entry) {
			for name, value := range has {
				if e, ok := ours[name]; ok && e.Literal && e.Value != value {
					t.Errorf("seed %d, %s: %s is %q, ours %q in\n%s", seed, who, name, value, e.Value, text)
				} else if ok && e.Literal {
					compared++
				}
			}
		}
		if composeErr == nil {
			check("Compose", composeHas, last)
			check("Compose, asked for", composeHas, asCompose)
		}
		for _, name := range slices.Sorted(maps.Keys(shells)) {
			has := sourced(t, shells[name], file, perFile)
			check(name, has, last)
			if len(shellProblems) == 0 {
				check(name+", asked for", has, asShell)
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d assignments: %d read alike, %d differently (refused), %d to be expanded, %d by neither; %d values compared with %d shells and Compose, 0 wrong",
		inputs, agreed, differing, expanding, neither, compared, len(shells))
	if agreed < inputs/20 || differing == 0 {
		t.Errorf("of %d assignments %d were read alike and %d differently: the inputs test nothing", inputs, agreed, differing)
	}
}
