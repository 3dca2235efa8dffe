// Package buildinfo provides the version of the binary.
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// Module is the path of the module of both programs.
const Module = "github.com/ragenv/ragenv"

// version is set by the linker for packages and images:
//
//	-ldflags "-X github.com/ragenv/ragenv/internal/buildinfo.version=v1.2.3"
var version string

// Version returns the version set by the linker, else the module version recorded by the Go tool ("v1.2.3"
// for "go install ...@v1.2.3", a pseudo-version in a checkout), else "devel", as in a checkout without
// version control information.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return from(version, info)
}

func from(linked string, info *debug.BuildInfo) string {
	if linked != "" {
		return linked
	}
	if info == nil || info.Main.Version == "" || strings.HasPrefix(info.Main.Version, "(") { // "(devel)"
		return "devel"
	}
	return info.Main.Version
}
