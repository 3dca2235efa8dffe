// Package secrets is the one table of the secrets ragenv knows: what they are checked as, which registries they open, where
// to get them. A name that is not in it is stored and injected like any other text.
package secrets

import (
	"slices"

	"github.com/ragenv/ragenv/pkg/validate"
)

// TokenUser is the user name under which a credential helper keeps an identity token in place of a password (docker/cli,
// cli/config/credentials).
const TokenUser = "<token>"

// The names the commands themselves speak of.
const (
	NGCAPIKey      = "NGC_API_KEY"
	CyborgDBAPIKey = "CYBORGDB_API_KEY"
	IndexKey       = "APP_VECTORSTORE_INDEXKEY"
)

// Secret is what is known about one secret.
type Secret struct {
	Name  string        // the environment variable, and the name it is stored under
	Title string        // what people call it
	Kind  validate.Kind // what a value is checked as

	Wanted        bool // setup asks for it, and its absence is worth a note
	Optional      bool // of the wanted: only where something uses it
	Generate      bool // generated here, from random bytes, and not by a service
	Irreplaceable bool // losing it loses the data it protects: no service can issue it again

	// Aliases are the variables set to the same value when they are unset or empty. ("export NVIDIA_API_KEY=${NGC_API_KEY}"
	// in a sourced .env leaves it empty when the key is not set yet.)
	Aliases []string

	// Registries are the registries it opens, as serverurl.Canonical spells them, for the user Username.
	Registries []string
	Username   string

	// ChartHost is the host of the Helm chart repositories it opens over HTTPS, for the user Username.
	ChartHost string

	Docs  string // an https URL: where to get one
	Steps string // one line: what to choose there
}

// table: names, registries and steps from NVIDIA's RAG Blueprint (v2.6: deploy/compose, its Helm chart and its
// documentation) and CyborgDB's. What people set first stands first.
var table = []Secret{
	{
		Name: NGCAPIKey, Title: "NVIDIA NGC API key", Kind: validate.NGC, Wanted: true,
		Aliases:    []string{"NVIDIA_API_KEY", "NGC_CLI_API_KEY"},
		Registries: []string{"nvcr.io"}, Username: validate.OAuthUser, ChartHost: ChartHost,
		Docs:  "https://org.ngc.nvidia.com/setup/api-keys",
		Steps: `tick "NGC Catalog" and "Public API Endpoints"`,
	},
	{
		Name: CyborgDBAPIKey, Title: "CyborgDB API key", Kind: validate.CyborgDB, Wanted: true, Optional: true,
		Docs:  "https://cyborgdb.co",
		Steps: `in the dashboard, "Add" next to "API Keys"`,
	},
	{Name: IndexKey, Title: "CyborgDB index encryption key", Kind: validate.IndexKey, Generate: true, Irreplaceable: true},

	// NGC keys under names of their own, if you store a second one.
	{Name: "NVIDIA_API_KEY", Title: "NVIDIA API key", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "Public API Endpoints"`},
	{Name: "NGC_CLI_API_KEY", Title: "API key of the NGC command line", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "NGC Catalog"`},
	{Name: "NIM_NGC_API_KEY", Title: "NGC API key of the ingestion NIMs", Kind: validate.NGC, Docs: "https://org.ngc.nvidia.com/setup/api-keys", Steps: `tick "NGC Catalog"`},

	// Keys of model endpoints, from whichever provider serves the model: any text.
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

	// The vector store's and the object store's. APP_VECTORSTORE_APIKEY is Elasticsearch's or CyborgDB's: any text.
	{Name: "APP_VECTORSTORE_USERNAME", Title: "vector store user", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_PASSWORD", Title: "vector store password", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY", Title: "vector store API key", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY_ID", Title: "vector store API key ID", Kind: validate.Text},
	{Name: "APP_VECTORSTORE_APIKEY_SECRET", Title: "vector store API key secret", Kind: validate.Text},
	{Name: "OBJECTSTORE_ACCESSKEY", Title: "object store access key", Kind: validate.Text},
	{Name: "OBJECTSTORE_SECRETKEY", Title: "object store secret key", Kind: validate.Text},
}

// All returns every secret of the table, in its order. The caller must not change the slices inside.
func All() []Secret { return slices.Clone(table) }

// Lookup returns the secret of that name; false if the table has none. Names are case-sensitive.
func Lookup(name string) (Secret, bool) {
	for i := range table {
		if table[i].Name == name {
			return table[i], true
		}
	}
	return Secret{}, false
}

// KindOf returns what a value stored as name is checked as: Text if the table does not have the name.
func KindOf(name string) validate.Kind {
	if s, ok := Lookup(name); ok {
		return s.Kind
	}
	return validate.Text
}

// ForRegistry returns the secret that opens a registry, given as serverurl.Canonical spells it; false if none does.
func ForRegistry(server string) (Secret, bool) {
	for i := range table {
		if slices.Contains(table[i].Registries, server) {
			return table[i], true
		}
	}
	return Secret{}, false
}
