package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const healthyDocker = `case "$1 $2" in
"version --format") echo '{"Client":{"Version":"29.1.3"},"Server":{"Version":"29.1.3","Components":[{"Name":"Engine","Version":"29.1.3"}]}}';;
"compose version") echo 2.40.1;;
*) exit 1;;
esac`

const healthyHelper = `echo "docker-credential-ngc (github.com/ragenv/ragenv) v1.2.3"`

func TestHealthyHome(t *testing.T) {
	h := newHome(t)
	h.program("docker", healthyDocker)
	h.program(helperProgram, healthyHelper)
	before := listing(t, filepath.Dir(h.Paths.Home))
	reports := Run(t.Context(), Checks(h.World))
	for _, r := range reports {
		h.silent(Result{r.Status, r.Detail, r.Hint})
		if r.Status != OK || r.Detail == "" || r.Hint != "" {
			t.Errorf("%s: %s: %s (hint: %s)", r.Name, r.Status, r.Detail, r.Hint)
		}
	}
	if Worst(reports) != OK {
		t.Error("a healthy home is not ok")
	}
	if after := listing(t, filepath.Dir(h.Paths.Home)); after != before {
		t.Errorf("something was written:\n%s\nwas\n%s", after, before)
	}
}

// listing returns the names, sizes, modes and times of all files below a directory.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// In an empty home every check still answers, and every problem has a hint.
func TestEmptyHome(t *testing.T) {
	h := emptyHome(t)
	names := map[string]bool{}
	for _, r := range Run(t.Context(), Checks(h.World)) {
		if names[r.Name] || !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(r.Name) {
			t.Errorf("name %q", r.Name)
		}
		names[r.Name] = true
		if r.Detail == "" || strings.ContainsAny(r.Detail, "\n") || (r.Status != OK) != (r.Hint != "") {
			t.Errorf("%s: %s: %q (hint: %q)", r.Name, r.Status, r.Detail, r.Hint)
		}
	}
	if len(names) != len(Checks(h.World)) {
		t.Errorf("%d checks", len(names))
	}
}

// No check may fail because there is no configuration.
func TestNoConfig(t *testing.T) {
	h := newHome(t)
	h.write(h.Paths.ConfigFile, "backend = [\n")
	h.loadConfig()
	if h.ConfigErr == nil {
		t.Fatal("the config file is valid")
	}
	h.Services = fakeServices{}
	for _, r := range Run(t.Context(), Checks(h.World)) {
		if r.Name == "config-file" && (r.Status != Failed || !strings.Contains(r.Detail, "config.toml")) {
			t.Errorf("%s: %s", r.Status, r.Detail)
		}
		if r.Name == "keychain" && r != (Report{r.Name, Warning, unreadableConfig.Detail, unreadableConfig.Hint}) {
			t.Errorf("%s: %s", r.Status, r.Detail)
		}
	}
}

func TestRunLeavesBehindWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		checks := []Check{
			{Name: "hangs", Run: func(context.Context) Result { <-hang; return Result{} }},
			{Name: "waits", Run: func(ctx context.Context) Result { <-ctx.Done(); return Result{Warning, "gave up", ""} }},
			{Name: "fine", Run: func(context.Context) Result { return Result{OK, "fine", ""} }},
		}
		start := time.Now()
		reports := Run(t.Context(), checks)
		if took := time.Since(start); took > defaultLimit+2*time.Second {
			t.Errorf("took %s", took)
		}
		if r := reports[0]; r.Name != "hangs" || r.Status != Failed || !strings.Contains(r.Detail, "no answer within 15s") {
			t.Errorf("%+v", r)
		}
		if r := reports[1]; r.Status != Warning || r.Detail != "gave up" {
			t.Errorf("%+v", r)
		}
		if r := reports[2]; r.Status != OK {
			t.Errorf("%+v", r)
		}
		close(hang)
	})
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hang := make(chan struct{})
	defer close(hang)
	reports := Run(ctx, []Check{{Name: "hangs", Run: func(context.Context) Result { <-hang; return Result{} }}})
	if reports[0].Status != Warning || reports[0].Detail != "interrupted" {
		t.Errorf("%+v", reports[0])
	}
}

func TestFindings(t *testing.T) {
	var f findings
	if got := f.result(Result{OK, "nothing", ""}); got != (Result{OK, "nothing", ""}) {
		t.Errorf("%+v", got)
	}
	f.add(OK, "", "fine")
	f.add(Warning, "w", "odd")
	if got := f.result(Result{}); got != (Result{Warning, "odd", "w"}) {
		t.Errorf("%+v", got)
	}
	f.add(Failed, "f", "broken")
	if got := f.result(Result{}); got != (Result{Failed, "broken; odd", "f"}) {
		t.Errorf("%+v", got)
	}
}

// Programs depend on the JSON's members.
func TestReportJSON(t *testing.T) {
	data, err := json.Marshal([]Report{{"keychain", Failed, "is broken", "mend it"}, {Name: "keys", Status: OK, Detail: "fine"}})
	want := `[{"name":"keychain","status":"failed","detail":"is broken","hint":"mend it"},{"name":"keys","status":"ok","detail":"fine","hint":""}]`
	if err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}

// A program that hangs, with a child that keeps its output open, is ended when the check's time is over.
func TestProgramsAreLimited(t *testing.T) {
	h := newHome(t)
	pid := filepath.Join(t.TempDir(), "pid")
	path := h.program("hangs", "sleep 1000 & echo $! >"+pid+".new; mv "+pid+".new "+pid+"; wait")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for _, err := os.Stat(pid); err != nil && t.Context().Err() == nil; _, err = os.Stat(pid) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := h.run(ctx, "", path); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended by itself: %v", err)
	}
	data, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(data)) + "/stat")
			if err != nil || strings.Contains(string(stat), ") Z ") {
				return
			}
		}
		t.Error("its child runs on")
	}
}

// Programs get no key and no passphrase.
func TestProgramsGetNoSecrets(t *testing.T) {
	h := newHome(t)
	h.Environ = append(h.Environ, "NGC_API_KEY="+h.keys["NGC_API_KEY"], "NVIDIA_API_KEY=x1", "RAGENV_PASSPHRASE=x2", "RAGENV_PASSPHRASE_FILE=x3", "OTHER=kept")
	out, err := h.run(t.Context(), "", h.program("tell", "env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range strings.Fields(out) {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "RAGENV_") || strings.HasSuffix(name, "_API_KEY") {
			t.Errorf("%s was handed over", name)
		}
	}
	if !strings.Contains(out, "OTHER=kept") || !strings.Contains(out, "SSH_ASKPASS_REQUIRE=never") {
		t.Error("the environment is not what it should be")
	}
}

func TestProgramsOutputIsLimited(t *testing.T) {
	h := newHome(t)
	out, err := h.run(t.Context(), "", h.program("tell", "printf '%0600000d' 0"))
	if err != nil || len(out) != maxOutput {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestWorst(t *testing.T) {
	for want, reports := range map[Status][]Report{
		OK: {{Status: OK}}, Warning: {{Status: OK}, {Status: Warning}, {Status: OK}}, Failed: {{Status: Failed}, {Status: Warning}},
	} {
		if got := Worst(reports); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
