package keychain

import "testing"

func TestLabels(t *testing.T) {
	for ref, want := range map[Ref]string{
		envRef("NGC_API_KEY"): "NGC_API_KEY (ragenv)",
		{Profile: "work", Kind: KindEnv, Name: "NGC_API_KEY"}:    "NGC_API_KEY (ragenv profile work)",
		registryRef("nvcr.io"):                                   "nvcr.io (ragenv registry)",
		{Profile: "w", Kind: KindRegistry, Name: "ghcr.io/a"}:    "ghcr.io%2Fa (ragenv registry profile w)",
		{Profile: "default", Kind: KindPrevious, Name: "A_KEY_"}: "A_KEY_ (ragenv previous)",
	} {
		if got := ref.Label(); got != want {
			t.Errorf("label(%v) = %q, want %q", ref, got, want)
		}
	}
	for _, foreign := range []string{"", "NGC_API_KEY", "(ragenv)", " (ragenv)", "NGC_API_KEY (ragenv) ", "NGC_API_KEY (ragenv profile default)", "a (ragenv)", "X (ragenv other)"} {
		if ref, ok := ParseLabel(foreign); ok {
			t.Errorf("ParseLabel(%q) = %v, want not ours", foreign, ref)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("NGC_API_KEY", "default", true)
	f.Add("x (ragenv) profile y", "work", false)
	f.Fuzz(func(t *testing.T, name, profile string, env bool) {
		kind := KindRegistry
		if env {
			kind = KindEnv
		}
		ref := Ref{Profile: profile, Kind: kind, Name: name}
		if name == "" || ValidateProfile(profile) != nil {
			return
		}
		if back, ok := ParseLabel(ref.Label()); !ok || back != ref {
			t.Fatalf("ParseLabel(%q) = %v, %t", ref.Label(), back, ok)
		}
	})
}
