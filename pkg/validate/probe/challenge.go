package probe

import "strings"

// challenge is a Bearer challenge in a WWW-Authenticate header (RFC 6750, Docker registry token
// specification).
type challenge struct {
	realm   string
	service string
	scope   string
}

// parseChallenge returns the first Bearer challenge with a realm, and false if there is none.
func parseChallenge(values []string) (challenge, bool) {
	for _, value := range values {
		const scheme = "bearer "
		if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
			continue
		}
		params := parseParams(value[len(scheme):])
		if params["realm"] != "" {
			return challenge{realm: params["realm"], service: params["service"], scope: params["scope"]}, true
		}
	}
	return challenge{}, false
}

// parseParams reads name=value and name="quoted value" pairs until something else follows. The first value
// of a name counts.
func parseParams(s string) map[string]string {
	params := map[string]string{}
	for {
		s = strings.TrimLeft(s, " \t,")
		name, rest, ok := strings.Cut(s, "=")
		if !ok || strings.ContainsAny(name, " \t,\"") {
			return params // the end, or the next challenge's scheme
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			i := 1
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' && i+1 < len(rest) {
					i++
				}
				b.WriteByte(rest[i])
			}
			if i >= len(rest) {
				return params // never closed
			}
			value, s = b.String(), rest[i+1:]
		} else if i := strings.IndexAny(rest, ", \t"); i >= 0 {
			value, s = rest[:i], rest[i:]
		} else {
			value, s = rest, ""
		}
		if name = strings.ToLower(name); name != "" {
			if _, twice := params[name]; !twice {
				params[name] = value
			}
		}
	}
}
