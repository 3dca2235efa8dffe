package sudo

// Owns returns false: Windows uses access control lists, and sudo there keeps the profile.
func Owns(func(string) string, string) bool { return false }
