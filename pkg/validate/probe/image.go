package probe

import (
	"errors"
	"fmt"
	"strings"
)

// ErrImage: the text is not a reference to an image in NVIDIA's registry. The error around it says why.
var ErrImage = errors.New("not an image of nvcr.io")

// Image is a reference to an image in NVIDIA's registry.
type Image struct {
	Host       string // "nvcr.io", or "stg.nvcr.io" for staging
	Repository string // "nim/nvidia/nemotron-3-super-120b-a12b"
	Tag        string // "latest" when the reference names neither tag nor digest
	Digest     string // "sha256:..."; takes precedence over the tag
}

// String returns the full reference.
func (i Image) String() string {
	s := i.Host + "/" + i.Repository
	if i.Tag != "" {
		s += ":" + i.Tag
	}
	if i.Digest != "" {
		s += "@" + i.Digest
	}
	return s
}

// ParseImage parses HOST/ORG[/TEAM]/NAME[:TAG][@DIGEST] by the grammar of Docker's references
// (github.com/distribution/reference). HOST is required: nvcr.io or stg.nvcr.io in any case, with port 443
// or none. Error: ErrImage.
func ParseImage(reference string) (Image, error) {
	bad := func(reason string) (Image, error) {
		if len(reference) > 100 {
			return Image{}, fmt.Errorf("%w: %+.100q...: %s", ErrImage, reference, reason)
		}
		return Image{}, fmt.Errorf("%w: %+q: %s", ErrImage, reference, reason)
	}
	if strings.Contains(reference, "://") {
		return bad("an image is named without https://")
	}
	host, rest, _ := strings.Cut(reference, "/")
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	if host != production.registry && host != staging.registry {
		return bad("it does not begin with nvcr.io/")
	}
	image := Image{Host: host}
	var hasDigest, hasTag bool
	rest, image.Digest, hasDigest = strings.Cut(rest, "@")
	if hasDigest && !validDigest(image.Digest) {
		return bad("its digest is not sha256: and 64 digits of 0-9a-f")
	}
	image.Repository, image.Tag, hasTag = strings.Cut(rest, ":")
	if hasTag && !validTag(image.Tag) {
		return bad("its tag is not 1 to 128 letters, digits, \"_\", \".\" and \"-\"")
	}
	if image.Repository == "" {
		return bad("it names no repository")
	}
	if len(host)+1+len(image.Repository) > 255 {
		return bad("its name is longer than 255 characters")
	}
	for component := range strings.SplitSeq(image.Repository, "/") {
		if !validComponent(component) {
			return bad("its name is not of lower-case letters, digits and single separators")
		}
	}
	if !hasTag && !hasDigest {
		image.Tag = "latest"
	}
	return image, nil
}

// reference returns the tag or digest that identifies the manifest.
func (i Image) reference() string {
	if i.Digest != "" {
		return i.Digest
	}
	return i.Tag
}

func validDigest(d string) bool {
	hex, ok := strings.CutPrefix(d, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

func validTag(tag string) bool {
	if tag == "" || len(tag) > 128 || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		if c := tag[i]; !isLowerOrDigit(c) && !('A' <= c && c <= 'Z') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// validComponent reports whether s is [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*.
func validComponent(s string) bool {
	if s == "" || !isLowerOrDigit(s[0]) || !isLowerOrDigit(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); {
		if isLowerOrDigit(s[i]) {
			i++
			continue
		}
		start := i
		for !isLowerOrDigit(s[i]) { // terminates: the last byte is a letter or digit
			i++
		}
		separator := s[start:i]
		if separator != "." && separator != "_" && separator != "__" && strings.Trim(separator, "-") != "" {
			return false
		}
	}
	return true
}

func isLowerOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
