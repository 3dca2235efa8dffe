package probe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

func TestParseImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for reference, want := range map[string]probe.Image{
		"nvcr.io/nvidia/blueprint/rag-server:2.6.0":           {Host: "nvcr.io", Repository: "nvidia/blueprint/rag-server", Tag: "2.6.0"},
		"nvcr.io/nvidia/nemo-microservices/nv-ingest:26.3.0":  {Host: "nvcr.io", Repository: "nvidia/nemo-microservices/nv-ingest", Tag: "26.3.0"},
		"nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b:1.8.0": {Host: "nvcr.io", Repository: "nim/nvidia/nemotron-3-super-120b-a12b", Tag: "1.8.0"},
		"nvcr.io/nim/baidu/paddleocr:1.5.0":                   {Host: "nvcr.io", Repository: "nim/baidu/paddleocr", Tag: "1.5.0"},
		"nvcr.io/a":                                           {Host: "nvcr.io", Repository: "a", Tag: "latest"},
		"nvcr.io/a@" + digest:                                 {Host: "nvcr.io", Repository: "a", Digest: digest},
		"nvcr.io/a:1@" + digest:                               {Host: "nvcr.io", Repository: "a", Tag: "1", Digest: digest},
		"NVCR.IO:443/a/b__c.d---e_f:V_1.x-y":                  {Host: "nvcr.io", Repository: "a/b__c.d---e_f", Tag: "V_1.x-y"},
		"stg.nvcr.io/a/b:1":                                   {Host: "stg.nvcr.io", Repository: "a/b", Tag: "1"},
		"nvcr.io/az09/0.9/z-0:azAZ09":                         {Host: "nvcr.io", Repository: "az09/0.9/z-0", Tag: "azAZ09"},
		"nvcr.io/a:" + strings.Repeat("x", 128):               {Host: "nvcr.io", Repository: "a", Tag: strings.Repeat("x", 128)},
		"nvcr.io/" + strings.Repeat("a", 247):                 {Host: "nvcr.io", Repository: strings.Repeat("a", 247), Tag: "latest"},
	} {
		got, err := probe.ParseImage(reference)
		if err != nil || got != want {
			t.Errorf("ParseImage(%q) = %+v, %v", reference, got, err)
		}
		if again, err := probe.ParseImage(got.String()); err != nil || again != got {
			t.Errorf("ParseImage(%q) = %+v, %v", got.String(), again, err)
		}
	}
	for _, reference := range []string{
		"", "nvcr.io", "nvcr.io/", "ubuntu", "docker.io/library/ubuntu", "rag-server:2.6.0", "nvcr.io.evil.com/a", "evilnvcr.io/a", "nvcr.io:8443/a", "nvcr.io@evil/a", "canary.nvcr.io/a",
		"https://nvcr.io/a", "nvcr.io//a", "nvcr.io/a/", "nvcr.io/A", "nvcr.io/a b", "nvcr.io/a..b", "nvcr.io/a___b", "nvcr.io/-a", "nvcr.io/a_", "nvcr.io/a._b", "nvcr.io/../a", "nvcr.io/%61",
		"nvcr.io/a:", "nvcr.io/a:.x", "nvcr.io/a:-x", "nvcr.io/a:x y", "nvcr.io/a:x[", "nvcr.io/a:x`", "nvcr.io/a:x{", "nvcr.io/a:x/", "nvcr.io/a:x;", "nvcr.io/a/b`", "nvcr.io/a/b{", "nvcr.io/a:1:2", "nvcr.io/a:1/b", "nvcr.io/a:" + strings.Repeat("x", 129), "nvcr.io/" + strings.Repeat("a", 248),
		"nvcr.io/a@", "nvcr.io/a@sha256:0", "nvcr.io/a@" + strings.ToUpper(digest), "nvcr.io/a@" + digest + "0", "nvcr.io/a@" + digest + "@" + digest, "nvcr.io/a\x00", "nvcr.io/ä", "nvcr.io/a?x", "nvcr.io/a#x",
	} {
		if got, err := probe.ParseImage(reference); !errors.Is(err, probe.ErrImage) {
			t.Errorf("ParseImage(%q) = %+v, %v; want ErrImage", reference, got, err)
		} else if len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\x00\n") {
			t.Errorf("ParseImage(%q): unfit to print: %v", reference, err)
		}
	}
}

// An error quotes the reference, cut after 100 characters.
func TestParseImageError(t *testing.T) {
	for length, cut := range map[int]bool{100: false, 101: true} {
		_, err := probe.ParseImage(strings.Repeat("x", length))
		if err == nil || strings.Contains(err.Error(), `"...: `) != cut || strings.Contains(err.Error(), strings.Repeat("x", 101)) {
			t.Errorf("%d: %v", length, err)
		}
	}
}

func FuzzParseImage(f *testing.F) {
	f.Add("nvcr.io/nim/nvidia/x:1.8.0")
	f.Add("NVCR.io:443/a__b@sha256:00")
	f.Add("nvcr.io/a.-b/c:")
	f.Fuzz(func(t *testing.T, reference string) {
		image, err := probe.ParseImage(reference)
		if err != nil {
			return
		}
		if image.Host != "nvcr.io" && image.Host != "stg.nvcr.io" {
			t.Fatalf("ParseImage(%q): host %q", reference, image.Host)
		}
		if again, err := probe.ParseImage(image.String()); err != nil || again != image {
			t.Fatalf("ParseImage(%q) = %+v, but its own text reads as %+v, %v", reference, image, again, err)
		}
		if strings.ContainsAny(image.Repository+image.Tag+image.Digest, "?#%@ \\") || strings.Contains(image.Repository, "..") {
			t.Fatalf("ParseImage(%q) = %+v", reference, image)
		}
	})
}
