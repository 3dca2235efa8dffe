package keyinput

import "testing"

func TestValue(t *testing.T) {
	for text, want := range map[string]string{
		"key\n":                               "key",
		"key\r\n":                             "key",
		"\xef\xbb\xbf~ a ~\n":                 "~ a ~",
		"key\n\n":                             "key\n",
		"\xef\xbb\xbfkey\r\n":                 "key",
		"\xff\xfek\x00e\x00y\x00\r\x00\n\x00": "key",
		"\xfe\xff\x00k\x00e\x00y":             "key",
		"k\x00e\x00y\x00\n\x00":               "key", // without a mark, as written by iconv and .NET
		"\x00k\x00e\x00y":                     "key",
		"\xff\xfe any bytes":                  "\xff\xfe any bytes",
		"key\x00":                             "key\x00",
	} {
		if got := Value([]byte(text)); got != want {
			t.Errorf("Value(%q) = %q, want %q", text, got, want)
		}
	}
}
