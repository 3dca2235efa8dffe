package agefile

import "strings"

// Bech32 (BIP 173) without its limit of 90 characters, which age's keys are below anyway.

const (
	bech32Charset  = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	bech32Checksum = 6 // characters
)

// bech32Encode returns the data under a human-readable part, in the letters' case that this has.
func bech32Encode(hrp string, data []byte) string {
	lower := strings.ToLower(hrp)
	values, _ := regroup(data, 8, 5, true)
	sum := bech32Polymod(lower, append(values, make([]byte, bech32Checksum)...)) ^ 1
	for i := range bech32Checksum {
		values = append(values, byte(sum>>(5*(bech32Checksum-1-i)))&31)
	}
	out := []byte(lower + "1")
	for _, value := range values {
		out = append(out, bech32Charset[value])
	}
	if lower != hrp {
		return strings.ToUpper(string(out))
	}
	return string(out)
}

// bech32Decode returns the human-readable part as it is written, and the data.
func bech32Decode(text string) (hrp string, data []byte, ok bool) {
	lower := strings.ToLower(text)
	if lower != text && strings.ToUpper(text) != text {
		return "", nil, false // of both cases
	}
	separator := strings.LastIndexByte(lower, '1')
	if separator < 1 || len(lower)-separator-1 < bech32Checksum {
		return "", nil, false
	}
	for i := range separator {
		if lower[i] < 33 || lower[i] > 126 {
			return "", nil, false
		}
	}
	values := make([]byte, 0, len(lower)-separator-1)
	for i := separator + 1; i < len(lower); i++ {
		value := strings.IndexByte(bech32Charset, lower[i])
		if value < 0 {
			return "", nil, false
		}
		values = append(values, byte(value))
	}
	if bech32Polymod(lower[:separator], values) != 1 {
		return "", nil, false
	}
	data, ok = regroup(values[:len(values)-bech32Checksum], 5, 8, false)
	return text[:separator], data, ok
}

// bech32Polymod is the checksum of BIP 173 over the human-readable part and the values.
func bech32Polymod(hrp string, values []byte) uint32 {
	sum := uint32(1)
	add := func(value byte) {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(value)
		for i, generator := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= generator
			}
		}
	}
	for i := range len(hrp) {
		add(hrp[i] >> 5)
	}
	add(0)
	for i := range len(hrp) {
		add(hrp[i] & 31)
	}
	for _, value := range values {
		add(value)
	}
	return sum
}

// regroup makes groups of bits into groups of another size. Without pad, what is left must be zeros, and less than a group was.
func regroup(groups []byte, from, to uint, pad bool) ([]byte, bool) {
	out := make([]byte, 0, (len(groups)*int(from)+int(to)-1)/int(to))
	var buffer, bits uint
	for _, group := range groups {
		buffer = buffer<<from | uint(group)
		bits += from
		for bits >= to {
			bits -= to
			out = append(out, byte(buffer>>bits))
			buffer &= 1<<bits - 1
		}
	}
	if pad && bits > 0 {
		return append(out, byte(buffer<<(to-bits))), true
	}
	return out, bits < from && buffer == 0
}
