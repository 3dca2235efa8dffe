package credentialhelper

import (
	"testing"
	"time"
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
