// Package serverurl converts the many spellings of a registry's address into one, so that "docker pull",
// crane and podman find what "docker login" stored.
//
// Spellings of the same place become equal; different places never do. Hosts are never matched by suffix or
// prefix. The code parses addresses itself, because clients send names that are not URLs, and net/url
// accepts more than is safe for releasing a credential.
package serverurl

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

const (
	// Hub is the canonical name of Docker Hub, which Docker's clients ask for and expect from "list".
	Hub = "https://index.docker.io/v1/"
	// NGC is the canonical name of NVIDIA's registry, with any path.
	NGC = "nvcr.io"

	hubHost = "index.docker.io"

	// maxLength is the maximum length to check, in bytes. Real names are shorter than 300.
	maxLength = 2048
	// maxEchoed is how much of a refused server an error shows, in bytes.
	maxEchoed = 64
)

// The errors of Canonical. Match them with errors.Is. An error that wraps ErrInvalid gives the reason.
var (
	ErrEmpty   = errors.New("no server given")
	ErrInvalid = errors.New("not a registry server")
	// ErrClearText means NGC without TLS, where anyone on the network path could read the key.
	ErrClearText = errors.New(NGC + " is answered over TLS only, not for http:// or port 80")
)

// Canonical returns the spelling of server under which its credential is kept:
//
//   - Docker Hub, under any of its names (docker.io, index.docker.io, registry-1.docker.io) and with any
//     repository: Hub. Paths below its API ("https://index.docker.io/v1/access-token", "/v1/refresh-token") are
//     separate entries, because Docker Desktop and BuildKit keep other secrets there.
//   - nvcr.io with any path: NGC. The key opens the whole registry, and crane asks for "nvcr.io/nim/foo". With
//     the scheme http or port 80, the error is ErrClearText.
//   - Any other registry: host[:port][/path] with the host in lower case, without the scheme http or https, the
//     ports 80 and 443, the host's trailing dot, query, fragment, empty path segments, and a path that is only
//     "v1" or "v2".
//   - An address with another scheme ("unix:///run/x.sock") is not a registry, but a client may keep a secret
//     under it: it is unchanged except for the scheme in lower case.
//
// http and https are the same, because docker logout erases both spellings to remove one login. The result
// is printable ASCII without spaces, and is itself canonical. Errors: ErrEmpty, ErrClearText, ErrInvalid.
// An ErrInvalid shows the server quoted and shortened, or not at all if it contains a user name or a
// password.
func Canonical(server string) (string, error) {
	canonical, _, err := parse(server)
	return canonical, err
}

// BelowNGC reports whether server has a path below nvcr.io, such as "nvcr.io/org1", which its canonical
// name does not show. The paths of the API, /v1 and /v2, are the registry itself.
func BelowNGC(server string) bool {
	canonical, path, err := parse(server)
	return err == nil && canonical == NGC && path != "" && !strings.EqualFold(path, "/v1") && !strings.EqualFold(path, "/v2")
}

// parse returns the canonical name and the cleaned path of server. Its errors are those of Canonical.
func parse(server string) (canonical, path string, err error) {
	if server == "" {
		return "", "", ErrEmpty
	}
	if len(server) > maxLength {
		return "", "", invalid(server, fmt.Sprintf("longer than %d bytes", maxLength))
	}
	if reason := oddCharacter(server); reason != "" {
		return "", "", invalid(server, reason)
	}

	scheme, rest := cutScheme(server)
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	path = rest[end:]
	if strings.Contains(authority, "@") {
		return "", "", fmt.Errorf("%w: it holds a user name or a password before an @", ErrInvalid)
	}
	if scheme != "" && scheme != "http" && scheme != "https" {
		if rest == "" {
			return "", "", invalid(server, "nothing follows the scheme")
		}
		return scheme + "://" + rest, "", nil
	}

	host, port, reason := splitAuthority(authority)
	if reason != "" {
		return "", "", invalid(server, reason)
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	path = cleanPath(path)

	if host == NGC && (port == "80" || scheme == "http") && (port == "" || port == "80" || port == "443") {
		return "", "", ErrClearText
	}
	return canonicalName(host, port, path), path, nil
}

// oddCharacter returns the reason for refusing a server with a character that no address has, "" for none.
func oddCharacter(server string) (reason string) {
	for i := range len(server) {
		switch c := server[i]; {
		case c == '\n' || c == '\r':
			return "it holds a line break"
		case c == ' ' || c == '\t':
			return "it holds a space"
		case c < ' ' || c == 0x7f:
			return "it holds a control character"
		case c >= 0x80:
			return "it holds a character that is not ASCII (write an international name as xn--...)"
		case c == '\\':
			return "it holds a backslash"
		}
	}
	return ""
}

// canonicalName returns the name of a registry at host and port, both canonical, and with a cleaned path.
func canonicalName(host, port, path string) string {
	if port == "443" || port == "80" {
		port = ""
	}
	if port == "" {
		switch host {
		case NGC:
			return NGC
		case "docker.io", hubHost, "registry-1.docker.io":
			if below := strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v2/"); below {
				return "https://" + hubHost + path
			}
			return Hub
		}
	}
	if path == "/v1" || path == "/v2" {
		path = ""
	}
	if port != "" {
		port = ":" + port
	}
	return host + port + path
}

// cutScheme returns the scheme in lower case, "" for none or for "//host", and the text after "://".
func cutScheme(server string) (scheme, rest string) {
	if after, ok := strings.CutPrefix(server, "//"); ok {
		return "", after
	}
	before, after, ok := strings.Cut(server, "://")
	if !ok || before == "" || !isLetter(before[0]) {
		return "", server
	}
	for i := range len(before) {
		if c := before[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return "", server
		}
	}
	return strings.ToLower(before), after
}

// splitAuthority checks host[:port] and returns both in canonical form, or the reason for refusing it.
func splitAuthority(authority string) (host, port, reason string) {
	rest := authority
	if strings.HasPrefix(authority, "[") {
		literal, after, ok := strings.Cut(authority[1:], "]")
		if !ok {
			return "", "", "its IPv6 address is not closed with ]"
		}
		address, err := netip.ParseAddr(literal)
		if err != nil || !address.Is6() || address.Zone() != "" {
			return "", "", "what stands in brackets is not an IPv6 address"
		}
		host, rest = "["+address.String()+"]", after
		if rest == "" {
			return host, "", ""
		}
		if rest[0] != ':' {
			return "", "", "something other than a port follows its IPv6 address"
		}
		rest = rest[1:]
	} else {
		name, after, hasPort := strings.Cut(authority, ":")
		if strings.Contains(after, ":") {
			return "", "", "it has more than one colon (an IPv6 address stands in brackets)"
		}
		if host, reason = canonicalHost(name); reason != "" || !hasPort {
			return host, "", reason
		}
		rest = after
	}
	if !validPort(rest) {
		return "", "", "its port is not a number from 1 to 65535"
	}
	return host, rest, ""
}

// canonicalHost checks a host name or an IPv4 address. DNS names have no underscores, but Compose's names
// do.
func canonicalHost(name string) (host, reason string) {
	if name == "" {
		return "", "it has no host"
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return "", "its host is longer than 253 characters"
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.':
			if label == 0 {
				return "", "its host has an empty part"
			}
			label = 0
			continue
		case c == '%':
			return "", "its host is percent-encoded"
		case !isLetter(c) && !isDigit(c) && c != '-' && c != '_':
			return "", "its host holds a character that no host name has"
		}
		if label++; label > 63 {
			return "", "a part of its host is longer than 63 characters"
		}
	}
	if label == 0 {
		return "", "its host has an empty part"
	}
	return strings.ToLower(name), ""
}

// validPort reports whether port is 1 to 65535 without leading zeros.
func validPort(port string) bool {
	if port == "" || len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for i := range len(port) {
		if !isDigit(port[i]) {
			return false
		}
		n = n*10 + int(port[i]-'0')
	}
	return n <= 65535
}

// cleanPath removes empty segments: "//a///b/" becomes "/a/b", and "/" becomes "".
func cleanPath(path string) string {
	if path == "" || path == "/" {
		return ""
	}
	if !strings.Contains(path, "//") {
		return strings.TrimSuffix(path, "/")
	}
	var b strings.Builder
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" {
			b.WriteByte('/')
			b.WriteString(segment)
		}
	}
	return b.String()
}

func invalid(server, reason string) error {
	if strings.Contains(server, "@") { // there may be a password before it
		return fmt.Errorf("%w: %s", ErrInvalid, reason)
	}
	if len(server) > maxEchoed {
		return fmt.Errorf("%w: %+q...: %s", ErrInvalid, server[:maxEchoed], reason)
	}
	return fmt.Errorf("%w: %+q: %s", ErrInvalid, server, reason)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
