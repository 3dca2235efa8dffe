package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// whereProject has spaces, a quote and a comma, which the printed commands must quote.
const whereProject = "my project, it's RAG"

const whereCompose = `name: where-e2e
services:
  rag-server:
    image: nvcr.io/nvidia/blueprint/rag-server:2.6.0
    environment:
      NVIDIA_API_KEY: ${NGC_API_KEY}
  ingestor: # Compose writes this secret into the container, and does not notice when it changes
    image: nvcr.io/nvidia/nemo-microservices/nv-ingest:26.3.0
    secrets: [ngc]
  cyborgdb: # the vector database: no key of NVIDIA's, so nobody may restart it
    image: cyborginc/cyborgdb-service:latest
    environment:
      CYBORGDB_API_KEY: ${CYBORGDB_API_KEY}
secrets:
  ngc:
    environment: NGC_API_KEY
`

// testWhere follows a key from its expiry to the last place that still has the old one.
func testWhere(t *testing.T) {
	if os.Getenv("E2E_COMPOSE") == "" {
		skip(t, "no Compose: "+os.Getenv("E2E_COMPOSE_REASON"))
	}
	emptyEngine(t)
	h := newHome(t)
	old, cyborgKey := h.acceptedKey(), h.secret(newCyborgKey())
	h.newStore()
	h.ragenv("docker", "configure").ok()
	h.run(old, "ragenv", "set", "NGC_API_KEY", "--expires", "1d").ok()
	h.run(cyborgKey, "ragenv", "set", "CYBORGDB_API_KEY").ok()
	if err := os.Mkdir(h.path(whereProject), 0o755); err != nil {
		t.Fatal(err)
	}
	file := h.write(whereProject+"/compose,file.yaml", whereCompose)

	// The key is about to expire: the report names the same steps.
	h.ragenv("--", "docker", "compose", "-f", file, "up", "-d").ok().says("ragenv rotate NGC_API_KEY")
	before := containerIDs(t)
	h.ragenv("where", "NGC_API_KEY").ok().says("current  container where-e2e-rag-server-1 (compose where-e2e)  NGC_API_KEY in NVIDIA_API_KEY",
		"current  container where-e2e-ingestor-1 (compose where-e2e)  NGC_API_KEY in /run/secrets/ngc", "nothing that was searched has an old value; 2 containers have the current one")

	rotated := h.acceptedKey() // nvcr.io accepts only the new key
	h.run(rotated, "ragenv", "rotate", "NGC_API_KEY", "--offline").ok().says("2 containers still have the old key", "ragenv rotate --restart NGC_API_KEY")
	h.ragenv("where").fails(1).says("OLD      container where-e2e-rag-server-1", "OLD      container where-e2e-ingestor-1",
		"current  container where-e2e-cyborgdb-1", `ragenv -- docker compose -p where-e2e -f '`, " up -d rag-server", " up -d --force-recreate ingestor", "2 containers have an old value")

	h.ragenv("rotate", "NGC_API_KEY", "--restart").fails(1).says("ragenv: hint: ragenv rotate --restart --yes NGC_API_KEY") // there is no terminal to confirm on
	h.ragenv("rotate", "NGC_API_KEY", "--restart", "--yes").ok().says("nothing that was searched has the old key; it can be deleted",
		"https://org.ngc.nvidia.com/setup/api-keys", "ragenv rotate --confirm NGC_API_KEY")
	after := containerIDs(t)
	for service, changed := range map[string]bool{"rag-server": true, "ingestor": true, "cyborgdb": false} {
		if (before[service] != after[service]) != changed {
			t.Errorf("%s recreated: %t, want %t", service, !changed, changed)
		}
	}
	if environment := serviceEnvironment(t, "where-e2e", "rag-server"); environment["NVIDIA_API_KEY"] != rotated {
		t.Error("rag-server has not the new key")
	}
	if got := plainDocker(t, "cp", after["ingestor"]+":/run/secrets/ngc", "-"); !strings.Contains(got, rotated) {
		t.Error("ingestor has not the new key")
	}
	h.ragenv("rotate", "--confirm", "NGC_API_KEY").ok()
	forgetRequests(t)
	h.pulls(nimImage)
	wantKeyUsed(t)

	// A container that was missed is recognized even after the old key is forgotten. Its command can be
	// pasted.
	h.with("NGC_API_KEY="+old).docker("create", "--name", "leftover", "-e", "NGC_API_KEY", "--label", "copy="+"x", "cyborginc/cyborgdb-service:latest").ok()
	report := h.ragenv("where", "NGC_API_KEY", "--json").fails(1)
	var decoded struct {
		Holders []struct {
			State, Kind, Name, Fix string
			Keys, Where            []string
		}
		Searched []string
	}
	if err := json.Unmarshal([]byte(report.stdout), &decoded); err != nil || len(decoded.Holders) != 3 || decoded.Holders[0].Name != "leftover" || decoded.Holders[0].State != "old" {
		t.Errorf("%+v, %v", decoded, err)
	}
	h.docker("rm", "-f", "leftover").ok()
	h.ragenv("where", "NGC_API_KEY").ok().says("nothing that was searched has an old value")
}

// containerIDs returns the IDs of the project's containers by service.
func containerIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	out := plainDocker(t, "ps", "-a", "--no-trunc", "--filter", "label=com.docker.compose.project=where-e2e", "--format", `{{.Label "com.docker.compose.service"}} {{.ID}}`)
	for line := range strings.Lines(out) {
		service, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		ids[service] = id
	}
	return ids
}
