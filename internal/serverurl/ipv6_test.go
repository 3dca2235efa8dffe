package serverurl

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
)

// agrees compares with package net/netip. A zone is for no registry's address.
func agrees(t *testing.T, text string) {
	t.Helper()
	got, ok := parseIPv6(text)
	want, err := netip.ParseAddr(text)
	if wantOK := err == nil && want.Is6() && want.Zone() == ""; ok != wantOK {
		t.Fatalf("%q: %t; net/netip: %v, %v", text, ok, want, err)
	}
	if ok && got.String() != want.String() {
		t.Fatalf("%q: %s; net/netip: %s", text, got, want)
	}
}

func TestIPv6(t *testing.T) {
	for text, want := range map[string]string{
		"::": "::", "::1": "::1", "1::": "1::", "2001:DB8::0:1": "2001:db8::1", "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
		"2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1", "0:0:0:0:0:ffff:192.0.2.1": "::ffff:192.0.2.1", "::192.0.2.1": "::c000:201",
		"fe80::0001": "fe80::1", "1:0:0:0:5:6:0:0": "1::5:6:0:0", "0:1:2:3:4:5:6:0": "0:1:2:3:4:5:6:0", "0:0:2:3:4:5:0:0": "::2:3:4:5:0:0",
	} {
		got, ok := parseIPv6(text)
		if !ok || got.String() != want {
			t.Errorf("%s: %s, %t; want %s", text, got, ok, want)
		}
		agrees(t, text)
	}
	for _, text := range []string{
		"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "1::2::3", "12345::", "g::", "+1::", "::-1", ":1::", "1::2:",
		"::1%eth0", "1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::01.2.3.4", "::256.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1 ", "0x1::", "1_0::",
	} {
		if got, ok := parseIPv6(text); ok {
			t.Errorf("%q was taken for %s", text, got)
		}
		agrees(t, text)
	}
}

// TestIPv6Zeros: every pattern of zero groups has the one form of RFC 5952.
func TestIPv6Zeros(t *testing.T) {
	for pattern := range 256 {
		var bytes [16]byte
		for i := range 8 {
			if pattern>>i&1 == 1 {
				binary.BigEndian.PutUint16(bytes[2*i:], uint16(0xa+i<<4))
			}
		}
		address := netip.AddrFrom16(bytes)
		agrees(t, address.String())
		agrees(t, address.StringExpanded())
		agrees(t, strings.ToUpper(address.StringExpanded()))
	}
}

func FuzzIPv6(f *testing.F) {
	for _, text := range []string{"::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::8", "::1.2.3.4", "fe80::1%lo"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		agrees(t, text)
		if address, ok := parseIPv6(text); ok {
			agrees(t, address.String())
		}
	})
}
