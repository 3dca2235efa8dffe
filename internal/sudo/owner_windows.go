package sudo

// Owns is false: files belong to access control lists here, and sudo keeps the profile.
func Owns(func(string) string, string) bool { return false }
