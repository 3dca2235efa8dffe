package nearest

import "testing"

func TestWord(t *testing.T) {
	known := []string{"set", "get", "list", "rm", "run", "docker", "unlock", "restore", "helm", "NGC_API_KEY"}
	for word, want := range map[string]string{
		"lst": "list", "sett": "set", "dokcer": "docker", "unlok": "unlock", "gte": "get", "lsit": "list",
		"remove": "", "npm": "", "x": "", "": "", "ngc_api_key": "NGC_API_KEY", "NGC_APIKEY": "NGC_API_KEY", "NGCAPIKEYS": "",
	} {
		if got := Word(known, word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
