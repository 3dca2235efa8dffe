package serverurl

import (
	"strconv"
	"strings"
)

// ipv6 is an address as its eight groups of 16 bits (RFC 4291). It is not net/netip's, whose start costs every call of the helper more than
// this file costs its reader: nearly no registry is called by such an address (docs/benchmarks.md).
type ipv6 [8]uint16

// parseIPv6 reads the text forms of RFC 4291, section 2.2, without a zone.
func parseIPv6(text string) (address ipv6, ok bool) {
	head, tail, elided := strings.Cut(text, "::")
	front, ok := parseGroups(head, !elided)
	if !elided {
		return address, ok && len(front) == len(address) && copy(address[:], front) == len(address)
	}
	back, ok2 := parseGroups(tail, true)
	if !ok || !ok2 || len(front)+len(back) >= len(address) { // "::" stands for one group or more
		return address, false
	}
	copy(address[:], front)
	copy(address[len(address)-len(back):], back)
	return address, true
}

// parseGroups reads groups between colons; the last two may be an IPv4 address if mayEnd.
func parseGroups(text string, mayEnd bool) (groups []uint16, ok bool) {
	if text == "" {
		return nil, true
	}
	for more := true; more; {
		var group string
		group, text, more = strings.Cut(text, ":")
		if !more && mayEnd && strings.Contains(group, ".") {
			high, low, ok := parseIPv4(group)
			return append(groups, high, low), ok
		}
		value, err := strconv.ParseUint(group, 16, 16)
		if err != nil || len(group) > 4 {
			return nil, false
		}
		groups = append(groups, uint16(value))
	}
	return groups, true
}

// parseIPv4 reads four numbers between dots, without leading zeros.
func parseIPv4(text string) (high, low uint16, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return 0, 0, false
	}
	var octets [4]uint16
	for i, part := range parts {
		value, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return 0, 0, false
		}
		octets[i] = uint16(value)
	}
	return octets[0]<<8 | octets[1], octets[2]<<8 | octets[3], true
}

// String returns the one text form of RFC 5952.
func (a ipv6) String() string {
	if [6]uint16(a[:6]) == [6]uint16{5: 0xffff} { // an IPv4 address, mapped
		var parts [4]string
		for i, octet := range [4]uint16{a[6] >> 8, a[6] & 0xff, a[7] >> 8, a[7] & 0xff} {
			parts[i] = strconv.Itoa(int(octet))
		}
		return "::ffff:" + strings.Join(parts[:], ".")
	}
	start, end := a.zeros()
	out := ""
	for i := 0; i < len(a); i++ {
		if i == start && end-start > 1 {
			out += "::"
			i = end - 1
			continue
		}
		if i > 0 && !strings.HasSuffix(out, ":") {
			out += ":"
		}
		out += strconv.FormatUint(uint64(a[i]), 16)
	}
	return out
}

// zeros returns where the longest run of zero groups begins and ends; the first of several.
func (a ipv6) zeros() (start, end int) {
	for i := range a {
		j := i
		for j < len(a) && a[j] == 0 {
			j++
		}
		if j-i > end-start {
			start, end = i, j
		}
	}
	return start, end
}
