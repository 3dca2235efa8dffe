//go:build unix

package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newValue() string { return "nvapi-" + rand.Text() + rand.Text() }

func options(old, current string) Options {
	return Options{Matcher: where.NewMatcher([]where.Key{{Name: "NGC_API_KEY", Aliases: []string{"NVIDIA_API_KEY"}, Current: keychain.NewSecret(current), Former: []keychain.Secret{keychain.NewSecret(old)}}})}
}

// answers is an engine that answers each path with a status and a body.
type answers map[string]struct {
	status int
	body   string
}

func (a answers) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, ok := a[request.URL.RequestURI()]
	if !ok {
		return nil, errors.New("a connection that fails")
	}
	return &http.Response{StatusCode: answer.status, Body: io.NopCloser(strings.NewReader(answer.body)), Request: request}, nil
}

func engineOf(o Options, a answers) engine { return engine{o, &http.Client{Transport: a}} }

func archive(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "secrets/", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: "secrets/" + files[i], Typeflag: tar.TypeReg, Size: int64(len(files[i+1])), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOneContainer(t *testing.T) {
	old, current := newValue(), newValue()
	const inspect, secrets = "/containers/x/json", "/containers/x/archive?path=%2Frun%2Fsecrets"
	service := map[string]string{labelService: "s"}
	many := make([]string, 0, 2*maxSecretFiles)
	for i := range maxSecretFiles {
		many = append(many, strings.Repeat("f", i+1), "x")
	}
	for name, test := range map[string]struct {
		answers answers
		labels  map[string]string
		state   where.State // "" for no key
		at      []string
		fix     string // its start
		unread  string
	}{
		"a variable": {answers{inspect: {200, `{"Name":"/n","Config":{"Env":["NGC_API_KEY=` + current + `","B=x"]}}`}}, nil, where.Current, []string{"NGC_API_KEY"}, "", ""},
		"an old one": {answers{inspect: {200, `{"Name":"/n","Config":{"Env":["NGC_API_KEY=` + old + `"]}}`}}, nil, where.Old, []string{"NGC_API_KEY"}, "run its docker run line again behind ragenv --, after: docker rm -f n", ""},
		"words and a label": {answers{inspect: {200, `{"Name":"/n","Args":["` + current + `"],"Config":{"Cmd":"a","Entrypoint":["b"],"Labels":{"l":"` + current + `"}}}`}}, nil,
			where.Current, []string{"command line", "label l"}, "", ""},
		"one word":        {answers{inspect: {200, `{"Name":"/n","Config":{"Cmd":"--key=` + current + `"}}`}}, nil, where.Current, []string{"command line"}, "", ""},
		"no key":          {answers{inspect: {200, `{"Name":"/n"}`}}, nil, "", nil, "", ""},
		"gone":            {answers{inspect: {404, ""}}, nil, "", nil, "", ""},
		"an error":        {answers{inspect: {500, ""}}, nil, "", nil, "", "the engine answers with HTTP status 500"},
		"no answer":       {answers{}, nil, "", nil, "", "the engine does not answer"},
		"no JSON":         {answers{inspect: {200, "["}}, nil, "", nil, "", "the engine's answer is not as expected"},
		"as large as can": {answers{inspect: {200, "{}" + strings.Repeat(" ", maxInspect-2)}}, nil, "", nil, "", ""},
		"too large":       {answers{inspect: {200, "{}" + strings.Repeat(" ", maxInspect-1)}}, nil, "", nil, "", "larger than 4 MiB"},
		"a secret": {answers{inspect: {200, `{"Name":"/n","Config":{"Labels":{"` + labelService + `":"s","` + labelProject + `":"p"}},"Mounts":[{"Source":"/host","Destination":"/run/secrets/b"},{"Source":"/y","Destination":"/z"}]}`},
			secrets: {200, archive(t, "a", old, "b", current)}}, service, where.Old, []string{"/run/secrets/a", "/run/secrets/b (the file /host)"},
			"recreate service s of project p where its Compose files are: ragenv -- docker compose -p p up -d --force-recreate s", ""},
		"an old variable, a current secret": {answers{inspect: {200, `{"Name":"/n","Config":{"Env":["A=` + old + `"],"Labels":{"` + labelService + `":"s","` + labelProject + `":"p"}}}`},
			secrets: {200, archive(t, "a", current)}}, service, where.Old, []string{"/run/secrets/a", "A"},
			"recreate service s of project p where its Compose files are: ragenv -- docker compose -p p up -d s", ""},
		"no secrets":           {answers{inspect: {200, `{}`}, secrets: {404, ""}}, service, "", nil, "", ""},
		"unreadable":           {answers{inspect: {200, `{}`}, secrets: {500, ""}}, service, "", nil, "", "/run/secrets could not be read"},
		"a cut archive":        {answers{inspect: {200, `{}`}, secrets: {200, archive(t, "a", "x")[:700]}}, service, "", nil, "", "/run/secrets could not be read"},
		"too many":             {answers{inspect: {200, `{}`}, secrets: {200, archive(t, many...)}}, service, "", nil, "", "/run/secrets could not be read"},
		"as many as possible":  {answers{inspect: {200, `{}`}, secrets: {200, archive(t, many[2:]...)}}, service, "", nil, "", ""},
		"not of Compose's own": {answers{inspect: {200, `{}`}}, map[string]string{labelProject: "p"}, "", nil, "", ""},
	} {
		h, unread := engineOf(options(old, current), test.answers).one(t.Context(), "x", test.labels)
		if unread != test.unread || (h != nil) != (test.state != "") {
			t.Errorf("%s: found %v, unread %q", name, h != nil, unread)
			continue
		}
		if h != nil && (h.State != test.state || h.Engine != "docker" || h.Name != "n" || !slices.Equal(h.Where, test.at) || !strings.HasPrefix(h.Fix, test.fix) || (h.Fix == "") != (test.fix == "")) {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestSwarm(t *testing.T) {
	old, current := newValue(), newValue()
	spec := func(env string) string {
		return `{"Name":"s","TaskTemplate":{"ContainerSpec":{"Env":["` + env + `"]}}}`
	}
	for name, test := range map[string]struct {
		services string
		want     []string // state, place and fix of each
	}{
		"current":         {`{"Spec":` + spec("NGC_API_KEY="+current) + `}`, []string{"current|NGC_API_KEY|"}},
		"old":             {`{"Spec":` + spec("NGC_API_KEY="+old) + `}`, []string{"old|NGC_API_KEY|ragenv -- docker service update --env-add NGC_API_KEY s"}},
		"another name":    {`{"Spec":` + spec("A="+old) + `}`, []string{`old|A|ragenv -- sh -c 'A="$NGC_API_KEY" docker service update --env-add A s'`}},
		"two variables":   {`{"Spec":{"Name":"s","TaskTemplate":{"ContainerSpec":{"Env":["NGC_API_KEY=` + old + `","A=` + old + `"]}}}}`, []string{`old|A,NGC_API_KEY|ragenv -- sh -c 'A="$NGC_API_KEY" docker service update --env-add A --env-add NGC_API_KEY s'`}},
		"command line":    {`{"Spec":{"Name":"s","TaskTemplate":{"ContainerSpec":{"Args":["` + old + `"]}}}}`, []string{"old|command line|with the stored key in command line: docker service update s"}},
		"only before":     {`{"Spec":` + spec("A=x") + `,"PreviousSpec":` + spec("A="+old) + `}`, []string{"old|A of the previous specification|docker service update --force s"}},
		"current now":     {`{"Spec":` + spec("A="+current) + `,"PreviousSpec":` + spec("A="+old) + `}`, []string{"current|A|", "old|A of the previous specification|docker service update --force s"}},
		"old, and before": {`{"Spec":` + spec("NGC_API_KEY="+old) + `,"PreviousSpec":` + spec("A="+old) + `}`, []string{"old|NGC_API_KEY|ragenv -- docker service update --env-add NGC_API_KEY s"}},
		"current before":  {`{"Spec":` + spec("A=x") + `,"PreviousSpec":` + spec("A="+current) + `}`, nil},
	} {
		var report where.Report
		engineOf(options(old, current), answers{"/services": {200, "[" + test.services + "]"}, "/secrets": {200, `[{"Spec":{"Name":"k"}}]`}}).swarm(t.Context(), &report)
		var got []string
		for _, h := range report.Holders {
			got = append(got, string(h.State)+"|"+strings.Join(h.Where, ",")+"|"+h.Fix)
		}
		if !slices.Equal(got, test.want) || !slices.Equal(report.Searched, []string{"1 swarm service"}) || len(report.Unread) != 1 || report.Unread[0].What != "swarm secret k" {
			t.Errorf("%s: %q, want %q, %+v", name, got, test.want, report)
		}
	}
	// A running task gets its service's fix.
	report := where.Report{Holders: []where.Holder{{Kind: where.KindContainer, Name: "s.1", Fix: taskFix("s")}, {Kind: where.KindContainer, Name: "other.1", Fix: taskFix("other")}}}
	engineOf(options(old, current), answers{"/services": {200, `[{"Spec":` + spec("NGC_API_KEY="+old) + `}]`}}).swarm(t.Context(), &report)
	if got := report.Holders[0].Fix; got != "ragenv -- docker service update --env-add NGC_API_KEY s" || report.Holders[1].Fix != taskFix("other") {
		t.Errorf("the fixes of tasks: %q, %q", got, report.Holders[1].Fix)
	}
	both := where.Holder{Name: "s", Keys: []string{"A", "B"}, Where: []string{"X"}}
	if got := serviceFix(both); got != "with the stored key in X: docker service update s" {
		t.Errorf("of two keys: %s", got)
	}
	for name, a := range map[string]answers{"no swarm": {}, "no secrets": {"/services": {200, "[]"}}} {
		var report where.Report
		engineOf(options(old, current), a).swarm(t.Context(), &report)
		if len(report.Unread) != 0 || len(report.Searched) != len(a) {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

func TestPodman(t *testing.T) {
	old, current := newValue(), newValue()
	one := `{"Id":"i","Name":"n","Config":{"Env":["A=` + old + `"],"Labels":{"` + labelService + `":"s","` + labelProject + `":"p","` + labelDir + `":"/","` + labelFiles + `":"/dev/null"}}}`
	for name, test := range map[string]struct {
		files            map[string]string // by the program's first argument; with "!" in front it fails
		holders          []string
		searched, unread string
	}{
		"nothing":         {map[string]string{"ps": ""}, nil, "0 Podman containers", ""},
		"no ps":           {map[string]string{"!ps": ""}, nil, "", "Podman's containers: podman ps fails"},
		"a container":     {map[string]string{"ps": "i\n", "inspect": "[" + one + "]"}, []string{"podman container n: cd / && ragenv -- podman compose -p p -f /dev/null up -d s"}, "1 Podman container", ""},
		"one is gone":     {map[string]string{"ps": "i j\n", "!inspect": "[" + one + "]"}, []string{"podman container n: cd / && ragenv -- podman compose -p p -f /dev/null up -d s"}, "2 Podman containers", ""},
		"all are gone":    {map[string]string{"ps": "i\n", "!inspect": "[]"}, nil, "1 Podman container", "Podman's containers: podman inspect fails"},
		"no JSON":         {map[string]string{"ps": "i\n", "inspect": "x"}, nil, "1 Podman container", "Podman's containers: podman inspect fails"},
		"as many as can":  {map[string]string{"ps": strings.Repeat("i ", maxContainers), "inspect": "[]"}, nil, "5000 Podman containers", ""},
		"many":            {map[string]string{"ps": strings.Repeat("i ", maxContainers+1)}, nil, "5001 Podman containers", "Podman's containers: there are too many"},
		"secrets":         {map[string]string{"ps": "", "secret-ls": "a b\n", "secret-inspect": `[{"Spec":{"Name":"a"},"SecretData":"` + old + `"},{"Spec":{"Name":"b"},"SecretData":"` + current + `"},{"Spec":{"Name":"c"},"SecretData":"x"}]`}, []string{"podman podman-secret a: ragenv get NGC_API_KEY | tr -d '\\n' | podman secret create --replace a -", "podman podman-secret b: "}, "0 Podman containers", ""},
		"no secrets":      {map[string]string{"ps": "", "!secret-ls": "a\n", "secret-inspect": `[]`}, nil, "0 Podman containers", ""},
		"hidden secrets":  {map[string]string{"ps": "", "secret-ls": "a\n", "!secret-inspect": `[]`}, nil, "0 Podman containers", "Podman's secrets: this podman does not show them"},
		"garbled secrets": {map[string]string{"ps": "", "secret-ls": "a\n", "secret-inspect": `x`}, nil, "0 Podman containers", "Podman's secrets: this podman does not show them"},
	} {
		dir := t.TempDir()
		for file, text := range test.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		podman := filepath.Join(dir, "podman")
		script := "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit\nname=$1\n[ \"$name\" != secret ] || name=secret-$2\nif [ -e \"!$name\" ]; then cat \"!$name\"; exit 1; fi\nexec cat \"$name\" 2>/dev/null\n"
		if err := os.WriteFile(podman, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		o := options(old, current)
		o.Environ = os.Environ()
		report := o.podman(t.Context(), podman)
		var holders, unread []string
		for _, h := range report.Holders {
			holders = append(holders, h.Engine+" "+h.Kind+" "+h.Name+": "+h.Fix)
			if h.Restart != nil {
				t.Errorf("%s: it would restart with docker", name)
			}
		}
		for _, u := range report.Unread {
			unread = append(unread, u.What+": "+u.Reason)
		}
		if !slices.Equal(holders, test.holders) || strings.Join(report.Searched, ",") != test.searched || strings.Join(unread, ",") != test.unread {
			t.Errorf("%s: %q, searched %q, unread %q", name, holders, report.Searched, unread)
		}
	}
}

func TestFormerTaskOfSwarm(t *testing.T) {
	var c container
	c.Config.Labels = map[string]string{labelSwarmService: "s"}
	for status, want := range map[string]string{"running": "after its environment or secret is changed: docker service update --force s", "exited": "docker rm n"} {
		c.State.Status = status
		if got, _ := fix(c, where.Holder{Name: "n"}, false); got != want {
			t.Errorf("%s: %s, want %s", status, got, want)
		}
	}
	if r, ok := restartOf(map[string]string{labelDir: "/dev/null", labelFiles: "/dev/null"}, false); ok {
		t.Errorf("a directory that is none: %+v", r)
	}
	if r, ok := restartOf(map[string]string{labelDir: "/"}, false); ok {
		t.Errorf("no Compose file: %+v", r)
	}
}

// Only a docker that is present and cannot be run is reported.
func TestSearchWithoutEngines(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{"not executable": {&os.PathError{Err: os.ErrPermission}, 1}, "not on PATH": {exec.ErrNotFound, 0}} {
		report := Search(context.Background(), Options{LookPath: func(string) (string, error) { return "", test.err }})
		if len(report.Unread) != test.want || len(report.Searched) != 0 {
			t.Errorf("%s: %+v", name, report)
		}
	}
}
