package ui

import (
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	rows := [][]string{
		{"* file", "usable"},
		{"  secret-service", "not usable: there is no D-Bus session bus: no Unix socket of yours in DBUS_SESSION_BUS_ADDRESS"},
	}
	for width, want := range map[int]string{
		0:  "* file            usable\n  secret-service  not usable: there is no D-Bus session bus: no Unix socket of yours in DBUS_SESSION_BUS_ADDRESS\n",
		80: "* file            usable\n  secret-service  not usable: there is no D-Bus session bus: no Unix socket of\n                  yours in DBUS_SESSION_BUS_ADDRESS\n",
		40: "* file            usable\n  secret-service  \n    not usable: there is no D-Bus\n    session bus: no Unix socket of yours\n    in DBUS_SESSION_BUS_ADDRESS\n",
	} {
		var b strings.Builder
		if err := (Style{Width: width}).Table(&b, rows); err != nil || b.String() != want {
			t.Errorf("%d columns: %v\n%s", width, err, b.String())
		}
		lines := strings.Split(b.String(), "\n")
		if width > 0 && slices.ContainsFunc(lines, func(line string) bool { return len(line) > width }) {
			t.Errorf("%d columns: a line is longer", width)
		}
	}
	var b strings.Builder
	if _ = (Style{}).Table(&b, [][]string{{"a\x1b]0;x\a", "b\tc"}}); strings.ContainsAny(b.String(), "\x1b\a\t") {
		t.Errorf("%q", b.String())
	}
}
