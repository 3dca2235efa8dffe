package credentialhelper

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestOpenedBy(t *testing.T) {
	for image, want := range map[string]string{
		"nvcr.io/nim/x": "nvcr.io", "nvcr.io/nim/x:1.0": "nvcr.io", "nvcr.io:443/x": "nvcr.io:443", "NVCR.io/x": "NVCR.io",
		"nvcr.io": "", "nvcr.io/": "", "nvcr.io:5000/x": "", "evilnvcr.io/x": "", "nvcr.io.evil.com/x": "", "x.nvcr.io/x": "",
		"library/nvcr.io": "", "ubuntu": "", "docker.io/nvcr.io/x": "", "localhost/nvcr.io": "", "nvcr.io@evil.com/x": "",
		"nvcr.io\n/x": "", "*.io/x": "", "https://nvcr.io/x": "", "/nvcr.io/x": "", "": "",
	} {
		host, registry, known, ok := openedBy(image)
		if ok != (want != "") || ok && (host != want || registry != "nvcr.io" || known.Name != "NGC_API_KEY") {
			t.Errorf("%q: %q, %s, %v; want %q", image, host, known.Name, ok, want)
		}
	}
}

func TestReadImage(t *testing.T) {
	request := func(version, kind, image string) string {
		return fmt.Sprintf(`{"apiVersion":%q,"kind":%q%s}`, version, kind, image)
	}
	const image = `,"image":"nvcr.io/x"`
	for input, want := range map[string]string{
		request(kubeletAPI, kubeletRequestKind, image): "",
		"": "the input is not a kubelet's CredentialProviderRequest in JSON",
		request("v1beta1", kubeletRequestKind, image):                   `the kubelet speaks "v1beta1", and this program only "` + kubeletAPI + `"`,
		request(kubeletAPI, kubeletResponseKind, image):                 `the input is a "CredentialProviderResponse", not a CredentialProviderRequest`,
		request(kubeletAPI, kubeletRequestKind, ""):                     "the CredentialProviderRequest names no image",
		request(kubeletAPI, kubeletRequestKind, image+`,"image":["x"]`): "the CredentialProviderRequest names no image",
	} {
		got, err := readImage(strings.NewReader(input))
		if want == "" && (err != nil || got != "nvcr.io/x") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %q, %v, want %q", input, got, err, want)
		}
	}
}

// Without a stored key, the kubelet gets the one in the variable, if it can be a key.
func TestKubeletVariable(t *testing.T) {
	key := scripttest.NewKey()
	request := `{"apiVersion":"` + kubeletAPI + `","kind":"` + kubeletRequestKind + `","image":"nvcr.io/x"}`
	for value, want := range map[string]struct{ out, says string }{
		key:           {`{"username":"$oauthtoken","password":"` + key + `"}`, ""},
		" " + key:     {`{"username":"$oauthtoken","password":"` + key + `"}`, "has white space around the key"},
		"<your-key>":  {"", "$NGC_API_KEY is not used: "},
		key + "\nx=y": {"", "$NGC_API_KEY holds a line break"},
		"":            {"", "no key is stored as NGC_API_KEY"},
	} {
		w := newWorld(t)
		w.env["NGC_API_KEY"] = value
		out, code := w.run("kubelet", request)
		if (code == 0) != (want.out != "") || !strings.Contains(out, want.out) || !strings.Contains(w.stderr.String(), want.says) || want.says == "" && w.stderr.Len() > 0 {
			t.Errorf("exit %d, %d bytes, says %q, want %q", code, len(out), w.stderr.String(), want.says)
		}
	}
}

func TestFreshFor(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		expires time.Time
		want    time.Duration
	}{
		{time.Time{}, kubeletCache},
		{now.Add(time.Hour), kubeletCache},
		{now.Add(30*time.Second + time.Millisecond), 30 * time.Second},
		{now, 0},
		{now.Add(-time.Hour), 0},
	} {
		if got := freshFor(test.expires, now); got != test.want {
			t.Errorf("expires in %s: %s, want %s", test.expires.Sub(now), got, test.want)
		}
	}
}
