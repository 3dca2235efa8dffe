package secrets

import "slices"

// The types of Kubernetes Secrets.
const (
	KubernetesDockerConfig = "kubernetes.io/dockerconfigjson" // logins to the Registries of the secret Of, as its Username
	KubernetesOpaque       = "Opaque"
)

// KubernetesSecret is a Secret object that the Blueprint's chart reads.
type KubernetesSecret struct {
	Name string
	Type string // KubernetesDockerConfig or KubernetesOpaque

	// Of is the secret that the object cannot do without. It is the value of every key that has no value of
	// its own. If it is "", a key without a value is present and empty.
	Of string

	// Keys are the data keys, each named after the secret it holds. There are none for
	// KubernetesDockerConfig, whose key is ".dockerconfigjson".
	Keys []string
}

// chart has the Secrets that the templates of the chart nvidia-blueprint-rag (v2.6.0) and of its subchart
// nv-ingest reference.
//
// ngc-secret and ngc-api are always referenced: by Deployments (imagePullSecrets, secretKeyRef) and by the
// NIM Operator's NIMCache and NIMService (pullSecret, pullSecrets, authSecret). rag-api-keys is read if
// apiKeysSecret.existingSecret=rag-api-keys. All its keys must then be present: no reference is optional,
// and a missing key keeps the pod in CreateContainerConfigError. To the Blueprint an empty key is unset:
// get_api_key in src/nvidia_rag/utils/configuration.py then uses NVIDIA_API_KEY, or else NGC_API_KEY.
var chart = []KubernetesSecret{
	{Name: "ngc-secret", Type: KubernetesDockerConfig, Of: NGCAPIKey},
	{Name: "ngc-api", Type: KubernetesOpaque, Of: NGCAPIKey, Keys: []string{NGCAPIKey, "NGC_CLI_API_KEY", "NVIDIA_API_KEY"}},
	{Name: "rag-api-keys", Type: KubernetesOpaque, Keys: []string{
		"APP_LLM_APIKEY", "APP_EMBEDDINGS_APIKEY", "APP_RANKING_APIKEY", "APP_QUERYREWRITER_APIKEY",
		"APP_FILTEREXPRESSIONGENERATOR_APIKEY", "APP_VLM_APIKEY", "SUMMARY_LLM_APIKEY", "REFLECTION_LLM_APIKEY",
		"AGENTIC_PLANNER_LLM_APIKEY", "AGENTIC_TASK_LLM_APIKEY", "AGENTIC_SEED_GEN_LLM_APIKEY", "AGENTIC_SYNTHESIS_LLM_APIKEY",
	}},
}

// Chart returns the Secrets that the Blueprint's chart reads. The caller must not change the slices inside.
func Chart() []KubernetesSecret { return slices.Clone(chart) }

// chartHost serves NVIDIA's Helm charts.
const chartHost = "helm.ngc.nvidia.com"

// ChartRepository is a Helm chart repository.
type ChartRepository struct{ Name, URL string }

// chartRepositories are those that the Blueprint and its documentation name (v2.6.0), under the same names.
var chartRepositories = []ChartRepository{
	{"nvidia", "https://" + chartHost + "/nvidia"},
	{"nvidia-blueprint", "https://" + chartHost + "/nvidia/blueprint"},
	{"nvidia-nim", "https://" + chartHost + "/nim/nvidia"},
	{"nim", "https://" + chartHost + "/nim"},
	{"nemo-microservices", "https://" + chartHost + "/nvidia/nemo-microservices"},
	{"baidu-nim", "https://" + chartHost + "/nim/baidu"},
}

// ChartRepositories returns the repositories of chartHost that the Blueprint needs.
func ChartRepositories() []ChartRepository { return slices.Clone(chartRepositories) }
