package buildinfo

import (
	"runtime/debug"
	"testing"
)

func TestFrom(t *testing.T) {
	installed := &debug.BuildInfo{Main: debug.Module{Path: Module, Version: "v1.2.3"}}
	plain := &debug.BuildInfo{Main: debug.Module{Path: Module, Version: "(devel)"}}
	for _, tc := range []struct {
		doc    string
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		{"the linker's word comes first", "v9.9.9", installed, "v9.9.9"},
		{"go install of a version", "", installed, "v1.2.3"},
		{"go build without version control", "", plain, "devel"},
		{"no version recorded", "", &debug.BuildInfo{}, "devel"},
		{"no build information", "", nil, "devel"},
	} {
		if got := from(tc.linked, tc.info); got != tc.want {
			t.Errorf("%s: from(%q) = %q, want %q", tc.doc, tc.linked, got, tc.want)
		}
	}
	if Version() == "" {
		t.Error("Version() is empty")
	}
}
