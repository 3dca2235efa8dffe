//go:build unix

package containers

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ragenv/ragenv/internal/where"
)

// TestPaths checks that a path in Compose's list may contain a comma.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"compose.yaml", "my, own.yaml", "a"} {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for list, want := range map[string][]string{
		"":                                 nil,
		at("compose.yaml"):                 {at("compose.yaml")},
		at("compose.yaml") + "," + at("a"): {at("compose.yaml"), at("a")},
		at("my, own.yaml") + "," + at("a"): {at("my, own.yaml"), at("a")},
		at("a") + "," + at("my, own.yaml"): {at("a"), at("my, own.yaml")},
	} {
		if got, ok := paths(list); !ok || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %t", list, got, ok)
		}
	}
	for _, list := range []string{"-", at("missing.yaml"), at("a") + "," + at("missing.yaml"), "compose.yaml"} {
		if got, ok := paths(list); ok {
			t.Errorf("%q: %q", list, got)
		}
	}
}

func TestFix(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's RAG")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "compose.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	compose := func(more ...string) map[string]string {
		labels := map[string]string{labelProject: "rag", labelService: "server", labelDir: dir, labelFiles: file}
		for i := 0; i < len(more); i += 2 {
			labels[more[i]] = more[i+1]
		}
		return labels
	}
	for name, c := range map[string]struct {
		labels map[string]string
		force  bool
		fix    string
	}{
		"compose": {compose(), false, (&where.Restart{Dir: dir, Project: "rag", Files: []string{file}, Services: []string{"server"}}).Command()},
		"secret":  {compose(), true, (&where.Restart{Dir: dir, Project: "rag", Files: []string{file}, Services: []string{"server"}, Force: true}).Command()},
		"elsewhere": {compose(labelDir, "/no/such/dir"), false,
			"recreate service server of project rag where its Compose files are: ragenv -- docker compose -p rag up -d server"},
		"from standard input": {compose(labelFiles, "-"), true,
			"recreate service server of project rag where its Compose files are: ragenv -- docker compose -p rag up -d --force-recreate server"},
		"one-off": {compose(labelOneOff, "True"), false, "docker rm -f x"},
		"plain":   {nil, false, "run its docker run line again behind ragenv --, after: docker rm -f x"},
		"quadlet": {map[string]string{labelPodmanUnit: "rag.service"}, false, "after its unit has the new key: systemctl --user restart rag.service"},
		"swarm":   {map[string]string{labelSwarmService: "rag_server"}, false, "after its environment or secret is changed: docker service update --force rag_server"},
	} {
		var con container
		con.Config.Labels, con.State.Status = c.labels, "running"
		got, _ := fix(con, where.Holder{Name: "x", Project: c.labels[labelProject], Service: c.labels[labelService]}, c.force)
		if got != c.fix {
			t.Errorf("%s:\n\t%s\nwant\t%s", name, got, c.fix)
		}
	}
	want := `cd '` + filepath.Dir(dir) + `/it'\''s RAG' && ragenv -- docker compose -p rag -f '` + filepath.Dir(dir) + `/it'\''s RAG/compose.yaml' up -d server`
	var con container
	con.Config.Labels = compose()
	if got, _ := fix(con, where.Holder{Name: "x", Project: "rag", Service: "server"}, false); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestRestarts checks that a project has one command, and another for services that Compose would not
// recreate by itself.
func TestRestarts(t *testing.T) {
	holder := func(service string, force bool, state where.State) where.Holder {
		return where.Holder{State: state, Restart: &where.Restart{Dir: "/d", Project: "rag", Files: []string{"/d/c"}, Services: []string{service}, Force: force}}
	}
	r := where.Report{Holders: []where.Holder{holder("a", false, where.Old), holder("b", false, where.Old), holder("c", true, where.Old), holder("a", false, where.Old), holder("d", false, where.Current), {State: where.Old}}}
	all := r.Restarts()
	if len(all) != 2 || !slices.Equal(all[0].Services, []string{"a", "b"}) || all[0].Force || !slices.Equal(all[1].Services, []string{"c"}) || !all[1].Force {
		t.Errorf("%+v", all)
	}
}
