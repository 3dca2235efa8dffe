package keychain

import "strings"

// naming says how a Ref is called in a backend, and back. The two are inverse; parse is false for what is not ours.
type naming struct {
	format func(Ref) string
	parse  func(string) (Ref, bool)
}

// pathNaming calls items "profile/kind/name", for backends that keep a tree or hide names.
var pathNaming = naming{format: Ref.key, parse: parseKey}

// labelNaming calls items as a person should read them in Seahorse, Keychain Access or the Credential Manager, where the
// name is the label: "NGC_API_KEY (ragenv)", "ghcr.io (ragenv registry)", "NGC_API_KEY (ragenv profile work)".
var labelNaming = naming{format: label, parse: parseLabel}

const defaultProfile = "default"

func label(ref Ref) string {
	var b strings.Builder
	b.WriteString(escapeName(ref.Kind, ref.Name))
	b.WriteString(" (" + namespace)
	if ref.Kind != KindEnv {
		b.WriteString(" " + string(ref.Kind))
	}
	if ref.Profile != defaultProfile {
		b.WriteString(" profile " + ref.Profile)
	}
	b.WriteString(")")
	return b.String()
}

func parseLabel(text string) (Ref, bool) {
	name, rest, found := strings.Cut(text, " ("+namespace)
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
	if !ok || unescaped == "" || ValidateProfile(ref.Profile) != nil || !ref.Kind.known() {
		return Ref{}, false
	}
	ref.Name = unescaped
	return ref, label(ref) == text
}
