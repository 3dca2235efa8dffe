package childenv

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var ngcAliases = map[string][]string{"NGC_API_KEY": {"NVIDIA_API_KEY", "NGC_CLI_API_KEY"}}

func TestBuild(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want Result
	}{
		"nothing": {Input{}, Result{}},
		"order of the base, new names after it": {
			Input{Base: []string{"Z=1", "A=2"}, Stored: map[string]string{"M": "m", "B": "b"}},
			Result{Env: []string{"Z=1", "A=2", "B=b", "M=m"}},
		},
		"the stored value wins, in its place, and is reported": {
			Input{Base: []string{"A=1", "K=old", "B=2"}, Stored: map[string]string{"K": "new"}},
			Result{Env: []string{"A=1", "K=new", "B=2"}, Overridden: []string{"K"}},
		},
		"the same value, and an empty one, are no conflict": {
			Input{Base: []string{"K=v", "L="}, Stored: map[string]string{"K": "v", "L": "w"}},
			Result{Env: []string{"K=v", "L=w"}},
		},
		"preserve keeps what is not empty": {
			Input{Base: []string{"K=old", "L=", "S=s"}, Stored: map[string]string{"K": "new", "L": "l", "M": "m", "S": "s"}, Preserve: true},
			Result{Env: []string{"K=old", "L=l", "S=s", "M=m"}, Kept: []string{"K"}},
		},
		"the first of several counts": {
			Input{Base: []string{"K=first", "A=1", "K=second"}},
			Result{Env: []string{"K=first", "A=1"}},
		},
		"no duplicate survives a stored value": {
			Input{Base: []string{"K=v", "A=1", "K=stale"}, Stored: map[string]string{"K": "v"}},
			Result{Env: []string{"K=v", "A=1"}},
		},
		"values with odd bytes": {
			Input{Base: []string{"A=b=c", "E=", "F==", "N=x\ny"}, Stored: map[string]string{"K": "=a b\n\xff"}},
			Result{Env: []string{"A=b=c", "E=", "F==", "N=x\ny", "K==a b\n\xff"}},
		},
		"entries that are no variables pass": {
			Input{Base: []string{"K", "=x", "", "A=1"}, Stored: map[string]string{"K": "v"}},
			Result{Env: []string{"K", "=x", "A=1", "K=v"}},
		},
		"aliases follow when unset or empty": {
			Input{Base: []string{"NVIDIA_API_KEY="}, Stored: map[string]string{"NGC_API_KEY": "k"}, Aliases: ngcAliases},
			Result{
				Env:    []string{"NVIDIA_API_KEY=k", "NGC_API_KEY=k", "NGC_CLI_API_KEY=k"},
				Filled: []string{"NGC_CLI_API_KEY", "NVIDIA_API_KEY"},
			},
		},
		"an alias that is set stays": {
			Input{Base: []string{"NVIDIA_API_KEY=own"}, Stored: map[string]string{"NGC_API_KEY": "k"}, Aliases: ngcAliases},
			Result{Env: []string{"NVIDIA_API_KEY=own", "NGC_API_KEY=k", "NGC_CLI_API_KEY=k"}, Filled: []string{"NGC_CLI_API_KEY"}},
		},
		"an alias that is stored has its own value": {
			Input{
				Base: []string{"NVIDIA_API_KEY=old"}, Aliases: ngcAliases,
				Stored: map[string]string{"NGC_API_KEY": "k", "NVIDIA_API_KEY": "own"},
			},
			Result{
				Env:        []string{"NVIDIA_API_KEY=own", "NGC_API_KEY=k", "NGC_CLI_API_KEY=k"},
				Overridden: []string{"NVIDIA_API_KEY"}, Filled: []string{"NGC_CLI_API_KEY"},
			},
		},
		"aliases follow an inherited value": {
			Input{Base: []string{"NGC_API_KEY=mine"}, Stored: map[string]string{"NGC_API_KEY": "k"}, Aliases: ngcAliases, Preserve: true},
			Result{
				Env:  []string{"NGC_API_KEY=mine", "NVIDIA_API_KEY=mine", "NGC_CLI_API_KEY=mine"},
				Kept: []string{"NGC_API_KEY"}, Filled: []string{"NGC_CLI_API_KEY", "NVIDIA_API_KEY"},
			},
		},
		"no alias of nothing": {
			Input{Base: []string{"NGC_API_KEY=", "A=1"}, Aliases: ngcAliases},
			Result{Env: []string{"NGC_API_KEY=", "A=1"}},
		},
		"aliases of aliases, in circles too": {
			Input{Stored: map[string]string{"C": "v"}, Aliases: map[string][]string{"C": {"B"}, "B": {"A"}, "A": {"C"}}},
			Result{Env: []string{"C=v", "B=v", "A=v"}, Filled: []string{"A", "B"}},
		},
		"dropped from wherever": {
			Input{
				Base: []string{"P=1", "A=1", "P=2"}, Drop: []string{"P", "ABSENT"},
				Stored: map[string]string{"P": "3", "K": "k"}, Aliases: map[string][]string{"K": {"P"}},
			},
			Result{Env: []string{"A=1", "K=k"}},
		},
		"missing": {
			Input{Base: []string{"A=", "B=1"}, Stored: map[string]string{"C": "c"}, Wanted: []string{"D", "C", "B", "A"}},
			Result{Env: []string{"A=", "B=1", "C=c"}, Missing: []string{"A", "D"}},
		},
		"case matters": {
			Input{Base: []string{"Key=1", "=C:=x"}, Stored: map[string]string{"KEY": "2"}},
			Result{Env: []string{"Key=1", "=C:=x", "KEY=2"}},
		},
		"Windows: case does not matter": {
			Input{
				FoldCase: true, Base: []string{`=C:=C:\dir`, "Path=p", "Ngc_Api_Key=old", "PATH=q", `=D:=D:\`, "ragenv_passphrase=x"},
				Stored: map[string]string{"NGC_API_KEY": "k"}, Aliases: map[string][]string{"ngc_api_key": {"path", "nvidia_api_key"}},
				Drop: []string{"RAGENV_PASSPHRASE"}, Wanted: []string{"pAtH"},
			},
			Result{
				Env:        []string{`=C:=C:\dir`, "Path=p", "NGC_API_KEY=k", `=D:=D:\`, "nvidia_api_key=k"},
				Overridden: []string{"NGC_API_KEY"}, Filled: []string{"nvidia_api_key"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Build(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.Env == nil {
				t.Error("the environment is nil, which os/exec takes for its own")
			}
		})
	}
}

func TestBuildLeavesItsInputAlone(t *testing.T) {
	base, stored := []string{"K=old", "K=x", "P=1"}, map[string]string{"K": "new"}
	if _, err := Build(Input{Base: base, Stored: stored, Drop: []string{"P"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"K=old", "K=x", "P=1"}, base) + cmp.Diff(map[string]string{"K": "new"}, stored); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeHandedOver(t *testing.T) {
	const marker = "s3cret"
	for name, c := range map[string]struct {
		in   Input
		want error
		of   string
	}{
		"NUL":                  {Input{Stored: map[string]string{"K": marker + "\x00"}}, ErrNUL, "K"},
		"no name":              {Input{Stored: map[string]string{"": marker}}, ErrName, ""},
		"= in a name":          {Input{Stored: map[string]string{"A=B": marker}}, ErrName, "A=B"},
		"too large":            {Input{Stored: map[string]string{"K": marker + strings.Repeat("x", 131070-len(marker))}}, ErrTooLarge, "K"},
		"too large on Windows": {Input{FoldCase: true, Stored: map[string]string{"K": marker + strings.Repeat("x", 32767-len(marker))}}, ErrTooLarge, "K"},
		"an alias's name makes it too large": {
			Input{Stored: map[string]string{"K": marker + strings.Repeat("x", 131069-len(marker))}, Aliases: map[string][]string{"K": {"LONG"}}},
			ErrTooLarge, "LONG",
		},
	} {
		result, err := Build(c.in)
		var typed *Error
		if result != nil || !errors.Is(err, c.want) || !errors.As(err, &typed) || typed.Name != c.of {
			t.Errorf("%s: %v, want %v of %q", name, err, c.want, c.of)
		} else if strings.Contains(err.Error(), marker) {
			t.Errorf("%s: the error holds the value", name)
		}
	}
}

// A value of the maximum length on Windows, with a terminating NUL, is passed on. One unit more is not.
func TestTheLimitOfWindows(t *testing.T) {
	for length, fits := range map[int]bool{32766: true, 32767: false} {
		_, err := Build(Input{FoldCase: true, Stored: map[string]string{"K": strings.Repeat("x", length)}})
		if (err == nil) != fits {
			t.Errorf("%d: %v", length, err)
		}
	}
}

func TestTheLimitIsTheKernels(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getpagesize() != 4096 {
		t.Skip("the limit is that of Linux with pages of 4 KiB")
	}
	largest := strings.Repeat("x", 131069)
	result, err := Build(Input{Stored: map[string]string{"K": largest}})
	if err != nil {
		t.Fatal(err)
	}
	for extra, fits := range map[string]bool{"": true, "x": false} {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = []string{result.Env[0] + extra}
		if err := cmd.Run(); (err == nil) != fits {
			t.Errorf("%d bytes: %v", len(largest)+len(extra), err)
		}
	}
}
