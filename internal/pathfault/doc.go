// Package pathfault finds out why a path cannot be read, written or created, and suggests a command for it.
package pathfault
