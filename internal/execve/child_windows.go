package execve

// Child runs the command as a child. On Windows it is the same as Run.
func Child(argv, env []string) (int, error) { return Run(argv, env) }
