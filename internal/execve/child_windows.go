package execve

// Child runs the command as a child, as Run does here.
func Child(argv, env []string) (int, error) { return Run(argv, env) }
