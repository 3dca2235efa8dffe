package callgrind

import (
	"strings"
	"testing"
)

const profile = `# callgrind format
version: 1
events: Ir

ob=(1) /bin/x
fl=(1) ???
fn=(1) main.main
0 10
+3 5
cfn=(2) crypto/sha256.(*digest).Write
calls=2 0
0 100

fn=(2)
0 60
cfn=(3) memeqbody
calls=1 0
* 40

fn=(3)
0 40

fn=(4) example.com/a%2eb/c.Of[go.shape.*example.com/d.T]
* 7
totals: 122
`

func TestParse(t *testing.T) {
	p, err := Parse(strings.NewReader(profile))
	if err != nil {
		t.Fatal(err)
	}
	if p.Total != 122 {
		t.Errorf("the total is %d, want 122", p.Total)
	}
	var sum int64
	for _, f := range p.Funcs {
		sum += f.Self
	}
	if sum != p.Total {
		t.Errorf("the functions' own costs are %d, want the total %d: a call's cost is not its caller's", sum, p.Total)
	}
	if f := p.Funcs[0]; f.Name != "crypto/sha256.(*digest).Write" || f.Self != 60 {
		t.Errorf("the first is %+v", f)
	}
	want := []Func{{"crypto/sha256", 60}, {"assembly", 40}, {"main", 15}, {"example.com/a.b/c", 7}}
	got := p.Packages()
	if len(got) != len(want) {
		t.Fatalf("packages %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("package %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no totals":        "events: Ir\nfn=(1) a.b\n0 1\n",
		"an unknown name":  "fn=(1)\n0 1\ntotals: 1\n",
		"costs of nothing": "0 1\ntotals: 1\n",
		"two events":       "fn=(1) a.b\n0 1 2\ntotals: 1\n",
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
