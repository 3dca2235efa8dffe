// Package pathfault finds out why a path cannot be read, written or created, and suggests a command for it.
package pathfault

// OwnHome is the command that sets HOME to this user's home in a POSIX shell. Containers, sudo and services may
// set none, or another user's.
const OwnHome = `eval "export HOME=~$(id -un)"`
