// Package secrets is the table of the secrets that ragenv knows: how they are checked, which registries
// they open and where to get them. A name that is not in the table is stored and injected like any other
// text.
package secrets

import (
	"slices"

	"github.com/ragenv/ragenv/pkg/validate"
)

// TokenUser is the user name under which a credential helper keeps an identity token instead of a password
// (docker/cli, cli/config/credentials).
const TokenUser = "<token>"

// Names that commands mention.
const (
	NGCAPIKey      = "NGC_API_KEY"
	CyborgDBAPIKey = "CYBORGDB_API_KEY"
	IndexKey       = "APP_VECTORSTORE_INDEXKEY"
)

// Secret describes a known secret.
type Secret struct {
	Name  string        // the environment variable and the name of the stored item
	Title string        // its name in messages
	Kind  validate.Kind // how a value is checked

	Wanted        bool // setup asks for it, and a missing one is worth a note
	Optional      bool // wanted only if something uses it
	Irreplaceable bool // losing it loses the data it protects: it comes from random bytes, so no service can reissue it

	// Aliases are variables that get the same value if they are unset or empty. ("export
	// NVIDIA_API_KEY=${NGC_API_KEY}" in a sourced .env leaves it empty if the key is not set yet.)
	Aliases []string

	// Registries are the registries that it opens for the user Username, in the form of
	// serverurl.Canonical.
	Registries []string
	Username   string

	// ChartHost is the host whose Helm chart repositories it opens for the user Username, over HTTPS.
	ChartHost string

	Docs  string // https URL of the page to get one from
	Steps string // one line: what to select there
}

// table has the names, registries and steps from NVIDIA's RAG Blueprint (v2.6: deploy/compose, the Helm
// chart and the documentation) and from CyborgDB. The most common secrets come first.
var table = []Secret{
	{
		Name: NGCAPIKey, Title: "NVIDIA NGC API key", Kind: validate.NGC, Wanted: true,
		Aliases:    []string{"NVIDIA_API_KEY", "NGC_CLI_API_KEY"},
		Registries: []string{"nvcr.io"}, Username: validate.OAuthUser, ChartHost: chartHost,
		Docs:  "https://org.ngc.nvidia.com/setup/api-keys",
		Steps: `tick "NGC Catalog" and "Public API Endpoints"`,
	},
	{
		Name: CyborgDBAPIKey, Title: "CyborgDB API key", Kind: validate.CyborgDB, Wanted: true, Optional: true,
		Docs:  "https://cyborgdb.co",
		Steps: `in the dashboard, "Add" next to "API Keys"`,
	},
	{Name: IndexKey, Title: "CyborgDB index encryption key", Kind: validate.IndexKey, Irreplaceable: true},

	// NGC keys under separate names, for a second key.
	{Name: "NVIDIA_API_KEY", Title: "NVIDIA API key", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "Public API Endpoints"`},
	{Name: "NGC_CLI_API_KEY", Title: "API key of the NGC command line", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "NGC Catalog"`},
	{Name: "NIM_NGC_API_KEY", Title: "NGC API key of the ingestion NIMs", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "NGC Catalog"`},

	// Keys of model endpoints from any provider: any text.
	{Name: "APP_LLM_APIKEY", Title: "LLM endpoint key", Kind: validate.Text},
	{Name: "APP_EMBEDDINGS_APIKEY", Title: "embedding endpoint key", Kind: validate.Text},
	{Name: "APP_RANKING_APIKEY", Title: "ranking endpoint key", Kind: validate.Text},
	{Name: "APP_VLM_APIKEY", Title: "vision model endpoint key", Kind: validate.Text},
	{Name: "APP_QUERYREWRITER_APIKEY", Title: "query rewriter endpoint key", Kind: validate.Text},
	{Name: "APP_FILTEREXPRESSIONGENERATOR_APIKEY", Title: "filter expression generator endpoint key", Kind: validate.Text},
	{Name: "SUMMARY_LLM_APIKEY", Title: "summary LLM endpoint key", Kind: validate.Text},
	{Name: "REFLECTION_LLM_APIKEY", Title: "reflection LLM endpoint key", Kind: validate.Text},
	{Name: "AGENTIC_PLANNER_LLM_APIKEY", Title: "agentic planner LLM endpoint key", Kind: validate.Text},
	{Name: "AGENTIC_SEED_GEN_LLM_APIKEY", Title: "agentic seed generation LLM endpoint key", Kind: validate.Text},
	{Name: "AGENTIC_SYNTHESIS_LLM_APIKEY", Title: "agentic synthesis LLM endpoint key", Kind: validate.Text},
	{Name: "AGENTIC_TASK_LLM_APIKEY", Title: "agentic task LLM endpoint key", Kind: validate.Text},

	// Keys of the vector store and the object store. APP_VECTORSTORE_APIKEY belongs to Elasticsearch or
	// CyborgDB: any text.
	{Name: "APP_VECTORSTORE_USERNAME", Title: "vector store user", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_PASSWORD", Title: "vector store password", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY", Title: "vector store API key", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY_ID", Title: "vector store API key ID", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY_SECRET", Title: "vector store API key secret", Kind: validate.Text},
	{Name: "OBJECTSTORE_ACCESSKEY", Title: "object store access key", Kind: validate.Text},
	{Name: "OBJECTSTORE_SECRETKEY", Title: "object store secret key", Kind: validate.Text},
}

// All returns all secrets in the order of the table. The caller must not change the slices inside.
func All() []Secret { return slices.Clone(table) }

// Variables returns the names of all secrets and their aliases, sorted.
func Variables() []string {
	var names []string
	for _, known := range table {
		names = append(append(names, known.Name), known.Aliases...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Lookup returns the secret with this name, and false if the table has none. Names are case-sensitive.
func Lookup(name string) (Secret, bool) {
	for i := range table {
		if table[i].Name == name {
			return table[i], true
		}
	}
	return Secret{}, false
}

// KindOf returns how to check a value stored as name: Text if the table does not have the name.
func KindOf(name string) validate.Kind {
	if s, ok := Lookup(name); ok {
		return s.Kind
	}
	return validate.Text
}

// ForRegistry returns the secret that opens a registry, given in the form of serverurl.Canonical, and false
// if none does.
func ForRegistry(server string) (Secret, bool) {
	for i := range table {
		if slices.Contains(table[i].Registries, server) {
			return table[i], true
		}
	}
	return Secret{}, false
}
