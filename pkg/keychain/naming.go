package keychain

import "strings"

// DefaultNamespace labels ragenv's entries in a shared backend.
const DefaultNamespace = "ragenv"

const defaultProfile = "default"

// Label returns an item's name as users see it in Seahorse, Keychain Access or the Credential Manager:
// "NGC_API_KEY (ragenv)", "ghcr.io (ragenv registry)", "NGC_API_KEY (ragenv profile work)".
func (r Ref) Label() string {
	var b strings.Builder
	b.WriteString(escapeName(r.Kind, r.Name))
	b.WriteString(" (" + DefaultNamespace)
	if r.Kind != KindEnv {
		b.WriteString(" " + string(r.Kind))
	}
	if r.Profile != defaultProfile {
		b.WriteString(" profile " + r.Profile)
	}
	b.WriteString(")")
	return b.String()
}

// ParseLabel is the inverse of Ref.Label. It returns false for any string that Label cannot return.
func ParseLabel(text string) (Ref, bool) {
	name, rest, found := strings.Cut(text, " ("+DefaultNamespace)
	rest, closed := strings.CutSuffix(rest, ")")
	if !found || !closed {
		return Ref{}, false
	}
	ref := Ref{Profile: defaultProfile, Kind: KindEnv}
	if before, profile, found := strings.Cut(rest, " profile "); found {
		rest, ref.Profile = before, profile
	}
	if kind, found := strings.CutPrefix(rest, " "); found {
		ref.Kind = Kind(kind)
	}
	unescaped, ok := unescape(name)
	if !ok || unescaped == "" || ValidateProfile(ref.Profile) != nil || !ref.Kind.Known() {
		return Ref{}, false
	}
	ref.Name = unescaped
	return ref, ref.Label() == text
}
