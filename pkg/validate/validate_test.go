package validate

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func random(n int, alphabet string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

func newNGC() string      { return "nvapi-" + random(64, keyAlphabet) }
func newCyborgDB() string { return "cyborg_" + random(32, "0123456789abcdef") }

func newIndexKey() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// newLegacy returns a legacy key. Most base64 texts contain "+" or "/", so it retries until one does not.
func newLegacy() string {
	for {
		h := hex.EncodeToString([]byte(random(16, keyAlphabet)))
		uuid := h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		key := base64.StdEncoding.EncodeToString([]byte(random(26, keyAlphabet[:62]) + ":" + uuid))
		if isAlphanumeric(key) {
			return key
		}
	}
}

func TestCheckValid(t *testing.T) {
	for range 2000 {
		for _, tc := range []struct {
			kind  Kind
			value string
		}{
			{NGC, newNGC()}, {NGC, newLegacy()}, {CyborgDB, newCyborgDB()}, {IndexKey, newIndexKey()}, {Text, random(20, keyAlphabet)},
		} {
			if got := Check(tc.kind, tc.value); got != nil {
				t.Fatalf("a well-formed %s key: %v", tc.kind, got)
			}
		}
	}
	for _, text := range []string{"two\nlines\n", " spaced ", "\"quoted\"", "NAME=value", "\xff\xfe", "changeme", "\x1b[0m"} {
		if got := Check(Text, text); got != nil {
			t.Errorf("Check(Text, %q) = %v", text, got)
		}
	}
}

func TestCheck(t *testing.T) {
	ngc, cyborg, legacy, indexKey := newNGC(), newCyborgDB(), newLegacy(), newIndexKey()
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + ngc))
	said := map[string]bool{}
	for _, tc := range []struct {
		kind  Kind
		value string
		code  string
	}{
		{NGC, "", CodeEmpty}, {CyborgDB, "", CodeEmpty}, {IndexKey, "", CodeEmpty}, {Text, "", CodeEmpty}, {"no such kind", "", CodeEmpty},
		{NGC, "  \n", CodeEmpty},
		{NGC, ngc + "\x00", CodeNUL}, {Text, "a\x00b", CodeNUL}, {IndexKey, "\x00", CodeNUL}, {"no such kind", "\x00", CodeNUL},
		{Text, strings.Repeat("x", MaxEnvValue), ""}, {Text, strings.Repeat("x", MaxEnvValue+1), CodeTooLong},

		{NGC, `"` + ngc + `"`, CodeQuotes}, {NGC, "'" + ngc + "'", CodeQuotes}, {NGC, "“" + ngc + "”", CodeQuotes}, {NGC, "`" + ngc + "`", CodeQuotes},
		{NGC, ngc + `"`, CodeQuotes}, {NGC, `"` + ngc + `" `, CodeQuotes}, {IndexKey, `"` + indexKey + `"`, CodeQuotes}, {CyborgDB, `'` + cyborg, CodeQuotes},
		{NGC, "export NGC_API_KEY=" + ngc, CodeExport}, {NGC, "set NGC_API_KEY=" + ngc, CodeExport}, {NGC, "$env:NGC_API_KEY=" + ngc, CodeExport},
		{CyborgDB, "export CYBORGDB_API_KEY=" + cyborg, CodeExport}, {IndexKey, "export APP_VECTORSTORE_INDEXKEY=" + indexKey, CodeExport},
		{NGC, "NGC_API_KEY=" + ngc, CodeAssignment}, {NGC, "NGC_API_KEY = " + ngc, CodeAssignment}, {NGC, "NGC_API_KEY: " + ngc, CodeAssignment},
		{NGC, "NGC_API_KEY=", CodeAssignment}, {IndexKey, "APP_VECTORSTORE_INDEXKEY=" + indexKey, CodeAssignment}, {CyborgDB, "key=" + cyborg, CodeAssignment},
		{NGC, "docker login nvcr.io -u $oauthtoken -p " + ngc, CodeCommand}, {NGC, "-e NGC_API_KEY=" + ngc, CodeCommand},
		{NGC, "Bearer " + ngc, CodeHeader}, {NGC, "bearer " + ngc, CodeHeader}, {NGC, "Authorization: Bearer " + ngc, CodeHeader}, {NGC, "Basic " + auth, CodeHeader},
		{CyborgDB, "X-API-Key: " + cyborg, CodeHeader},
		{NGC, "$oauthtoken:" + ngc, CodeUserAndKey}, {NGC, "$oauthtoken " + ngc, CodeUserAndKey}, {NGC, "$oauthtoken", CodeUserName}, {NGC, `\$oauthtoken`, CodeUserName},
		{NGC, "${NGC_API_KEY}", CodeVariable}, {NGC, "$NGC_API_KEY", CodeVariable}, {NGC, "%NGC_API_KEY%", CodeVariable}, {NGC, "$(cat key)", CodeVariable},
		{CyborgDB, "${CYBORGDB_API_KEY:-}", CodeVariable}, {IndexKey, "$(openssl rand -base64 32)", CodeVariable},
		{NGC, `{"auths":{"nvcr.io":{"auth":"` + auth + `"}}}`, CodeJSON},
		{NGC, auth, CodeDockerAuth}, {NGC, strings.TrimRight(auth, "="), CodeDockerAuth}, {CyborgDB, auth, CodeDockerAuth}, {IndexKey, auth, CodeDockerAuth},
		{NGC, "https://org.ngc.nvidia.com/setup/api-keys", CodeURL},
		{NGC, "NGC_API_KEY", CodeNameOnly}, {CyborgDB, "CYBORGDB_API_KEY", CodeNameOnly},
		{NGC, "<your-ngc-api-key>", CodePlaceholder}, {NGC, "nvapi-...", CodePlaceholder}, {NGC, "nvapi-…", CodePlaceholder}, {NGC, "nvapi-", CodePlaceholder},
		{NGC, "your_api_key", CodePlaceholder}, {NGC, "your-ngc-api-key-here", CodePlaceholder}, {NGC, "nvapi-your-key-here", CodePlaceholder}, {NGC, "nvapi-xxxxxxxx", CodePlaceholder},
		{NGC, "nvapi-" + strings.Repeat("x", 64), CodePlaceholder}, {NGC, "nvapi-" + strings.Repeat("X", 64), CodePlaceholder}, {NGC, "nvapi-00000000", CodePlaceholder},
		{NGC, "ngcapikey", CodePlaceholder}, {NGC, "nvidiaapikey", CodePlaceholder}, {NGC, "changeme", CodePlaceholder}, {NGC, "CHANGE_ME", CodePlaceholder}, {NGC, "{{ key }}", CodePlaceholder},
		{NGC, "[API KEY]", CodePlaceholder}, {NGC, "null", CodePlaceholder}, {CyborgDB, "cyborg_...", CodePlaceholder}, {CyborgDB, "your_cyborgdb_api_key", CodePlaceholder},
		{CyborgDB, "cyborg_your_api_key", CodePlaceholder}, {CyborgDB, "cyborg_", CodePlaceholder}, {IndexKey, "changeme", CodePlaceholder},
		{NGC, ngc[:14] + "..." + ngc[60:], CodeShortened}, {NGC, ngc[:14] + "…" + ngc[60:], CodeShortened}, {NGC, "nvapi-" + strings.Repeat("*", 60) + ngc[60:64], CodeShortened},
		{NGC, ngc + "\n", CodeLineBreak}, {NGC, ngc + "\r", CodeLineBreak}, {NGC, ngc[:30] + "\n" + ngc[30:], CodeLineBreak}, {IndexKey, indexKey + "\n", CodeLineBreak},
		{NGC, " " + ngc, CodeSpaces}, {NGC, ngc + " ", CodeSpaces}, {NGC, ngc[:30] + " " + ngc[30:], CodeSpaces}, {NGC, ngc + "\t", CodeSpaces}, {CyborgDB, cyborg + " ", CodeSpaces},
		{NGC, ngc + "\x1b[D", CodeControl}, {NGC, ngc[:9] + "\x7f" + ngc[9:], CodeControl}, {NGC, "\x1b[200~" + ngc, CodeControl},
		{NGC, ngc + "\u200b", CodeNotASCII}, {NGC, "\ufeff" + ngc, CodeNotASCII}, {NGC, strings.Replace(ngc, "nvapi-", "nvapi–", 1), CodeNotASCII}, {NGC, ngc + "\u00a0", CodeNotASCII}, {NGC, ngc + "\xff", CodeNotASCII},
		{NGC, ngc + "\n" + newNGC(), CodeSeveral}, {NGC, ngc + "," + cyborg, CodeSeveral},

		{NGC, cyborg, CodeCyborgDBForNGC}, {NGC, "cdbk_" + random(32, keyAlphabet), CodeCyborgDBForNGC},
		{CyborgDB, ngc, CodeNGCForCyborgDB}, {CyborgDB, legacy, CodeNGCForCyborgDB}, {CyborgDB, "nvapi-stg-" + random(60, keyAlphabet), CodeNGCForCyborgDB},
		{NGC, "hf_" + random(34, keyAlphabet[:62]), CodeForeign}, {NGC, "ghp_" + random(36, keyAlphabet[:62]), CodeForeign}, {CyborgDB, "sk-" + random(48, keyAlphabet[:62]), CodeForeign},
		{IndexKey, ngc, CodeAPIKeyForIndexKey}, {IndexKey, cyborg, CodeAPIKeyForIndexKey}, {IndexKey, legacy, CodeAPIKeyForIndexKey},

		{NGC, ngc + ngc, CodeSeveral}, {CyborgDB, cyborg + cyborg, CodeSeveral}, {NGC, ngc + newNGC(), CodeSeveral}, {NGC, ngc[:40] + newNGC(), CodeSeveral},
		{NGC, legacy + legacy, CodeSeveral}, {NGC, legacy + newLegacy(), CodeSeveral}, {NGC, legacy + ngc, CodeSeveral}, {NGC, ngc + legacy, CodeSeveral}, {NGC, cyborg + ngc, CodeSeveral},
		{NGC, "nvapi-" + random(4, keyAlphabet), CodeOddLength}, {NGC, ngc[:20], CodeOddLength}, {NGC, ngc[:40], CodeOddLength}, {NGC, ngc + ngc[7:27], CodeOddLength},
		{NGC, ngc[:69], CodeOddLength}, {NGC, ngc + "A", CodeOddLength}, {NGC, "nvapi-" + random(20, "abcdefg"), CodeOddLength},
		{NGC, "nvapi-stg-" + random(60, keyAlphabet), CodeStaging}, {NGC, random(84, keyAlphabet[:62]), CodeOddLegacy},
		{NGC, random(40, keyAlphabet[:62]), CodeUnknownNGC}, {NGC, "hunter2hunter", CodeUnknownNGC}, {NGC, "NVAPI-" + ngc[6:], CodeUnknownNGC}, {NGC, ngc + "+/", CodeUnknownNGC},
		{NGC, indexKey, CodeIndexKeyForNGC},
		{CyborgDB, "cdbk_" + random(32, keyAlphabet), CodeCyborgDBUser}, {CyborgDB, random(32, "0123456789abcdef"), CodeUnknownCyborgDB}, {CyborgDB, "CYBORG_" + cyborg[7:], CodeUnknownCyborgDB},
		{NGC, "nvapi-" + random(30, keyAlphabet) + "YourKeyHere" + random(23, keyAlphabet), ""}, // random keys may contain words
		{CyborgDB, "cyborg_" + random(7, "0123456789abcdef"), ""}, {CyborgDB, "cyborg_" + random(90, keyAlphabet), ""},
		{IndexKey, indexKey[:43], CodeUnknownIndexKey}, {IndexKey, indexKey[:40], CodeUnknownIndexKey}, {IndexKey, base64.StdEncoding.EncodeToString(make([]byte, 16)), CodeUnknownIndexKey},
		// Values just inside and just outside a rule.
		{NGC, "JG9hdXRodG9rZW46", CodeUnknownNGC}, {NGC, "JG9hdXRodG9rZW46QQ", CodeDockerAuth},
		{NGC, "hf_" + random(16, keyAlphabet[:62]), CodeForeign}, {NGC, "hf_" + random(15, keyAlphabet[:26]), CodeUnknownNGC},
		{NGC, ngc + "\x1f", CodeControl}, {NGC, ngc + "\u0080", CodeNotASCII}, {NGC, ngc + "~", CodeUnknownNGC}, {NGC, ngc + "!", CodeUnknownNGC},
		{NGC, "0A_KEY=x", CodeUnknownNGC}, {NGC, "9A_KEY=x", CodeUnknownNGC}, {NGC, "A_9=x", CodeAssignment}, {NGC, ":x", CodeUnknownNGC},
		{NGC, strings.Repeat("A", 36) + "_KEY", CodeNameOnly}, {NGC, strings.Repeat("A", 37) + "_KEY", CodeUnknownNGC},
		{NGC, "nvapi-aaa", CodePlaceholder}, {NGC, "nvapi-aa", CodeOddLength}, {NGC, "aaa", CodePlaceholder}, {NGC, "aa", CodeUnknownNGC},
		{NGC, "nvapi-" + strings.Repeat("a", minMasked-1), CodePlaceholder}, {NGC, "nvapi-" + strings.Repeat("a", minMasked), CodeOddLength},
		{IndexKey, hex.EncodeToString([]byte(random(32, keyAlphabet))), CodeUnknownIndexKey},
	} {
		got := Check(tc.kind, tc.value)
		code := ""
		if len(got) == 1 {
			code = got[0].Code
		}
		if code != tc.code || len(got) > 1 {
			t.Errorf("Check(%s, %s): got %v, want %q", tc.kind, describe(tc.value), codes(got), tc.code)
		}
		assertClean(t, tc.value, got)
		said[code] = true
	}
	for _, f := range catalog {
		if !said[f.Code] {
			t.Errorf("nothing above is a case of %s", f.Code)
		}
	}
}

// Checks what is stored silently, what only with --force, and what never.
func TestSeverities(t *testing.T) {
	for code, want := range map[string]Severity{
		CodeOddLength: Unusual, CodeOddLegacy: Warn, CodeStaging: Warn, CodeUnknownCyborgDB: Warn, CodeCyborgDBUser: Warn,
		CodeUnknownNGC: Unusual, CodeIndexKeyForNGC: Unusual, CodeUnknownIndexKey: Unusual, CodeTooLong: Unusual,
	} {
		if got := finding(code).Severity; got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
	mild := 0
	seen := map[string]bool{}
	for _, f := range catalog {
		code := f.Code
		if f.Severity != Refuse {
			mild++
		}
		if code == "" || seen[code] || f.Message == "" || f.Hint == "" || strings.HasSuffix(f.Message, ".") || strings.HasSuffix(f.Hint, ".") || strings.Contains(f.Message+f.Hint, "\n") {
			t.Errorf("%s: %+v", code, f)
		}
		if strings.Contains(f.Hint, "--") {
			t.Errorf("%s: the hint names a flag, which only a command has: %s", code, f.Hint)
		}
		seen[code] = true
	}
	if mild != 9 {
		t.Errorf("%d findings do not refuse, the table above has 9", mild)
	}
	if got := Worst([]Finding{{Severity: Warn}, {Severity: Unusual}}); got != Unusual {
		t.Errorf("Worst: %v", got)
	}
	if got := Worst(nil); got != 0 {
		t.Errorf("Worst(nil): %v", got)
	}
}

func TestIdentify(t *testing.T) {
	for range 500 {
		for value, want := range map[string]KeyType{
			newNGC():                               NGCPersonal,
			newLegacy():                            NGCLegacy,
			newCyborgDB():                          CyborgDBKey,
			"nvapi-stg-" + random(60, keyAlphabet): NGCStaging,
			"cdbk_" + random(32, keyAlphabet):      CyborgDBUser,
			newIndexKey():                          Unknown,
			"nvapi-":                               Unknown,
			"nvapi-a b":                            Unknown,
			"":                                     Unknown,
			random(84, "0123456789"):               Unknown,
			newLegacy()[:83] + "+":                 Unknown,
			"xnvapi-" + random(64, keyAlphabet):    Unknown,
			base64.URLEncoding.EncodeToString([]byte("$oauthtoken:" + newNGC())):     DockerAuth,
			base64.RawStdEncoding.EncodeToString([]byte("$oauthtoken:" + newNGC())):  DockerAuth,
			base64.RawStdEncoding.EncodeToString([]byte("$oauthtokenX:" + newNGC())): Unknown,
		} {
			if got := Identify(value); got != want {
				t.Fatalf("Identify(%s) = %s, want %s", describe(value), got, want)
			}
		}
	}
}

func TestMask(t *testing.T) {
	ngc, cyborg, legacy := newNGC(), newCyborgDB(), newLegacy()
	staging := "nvapi-stg-" + random(60, keyAlphabet)
	for value, want := range map[string]string{
		ngc:                     "nvapi-…" + ngc[66:],
		cyborg:                  "cyborg_…" + cyborg[35:],
		legacy:                  "…" + legacy[80:],
		staging:                 "nvapi-stg-…" + staging[66:],
		ngc[:20]:                "nvapi-… (short)",
		"cyborg_abc":            "cyborg_… (short)",
		"":                      "(empty)",
		"hunter2":               "… (under 16 bytes)",
		random(16, "xyz"):       "… (16 to 63 bytes)",
		random(64, "xyz"):       "… (64 bytes or more)",
		ngc + "\n":              "… (64 bytes or more)",
		"two\nlines of a value": "… (16 to 63 bytes)",
	} {
		if got := Mask(value); got != want {
			t.Errorf("Mask(%s) = %q, want %q", describe(value), got, want)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, test := range []struct {
		findings []Finding
		want     Severity
	}{
		{nil, 0}, {[]Finding{{Severity: Warn}}, Warn}, {[]Finding{{Severity: Refuse}, {Severity: Warn}, {Severity: Unusual}}, Refuse},
	} {
		if got := Worst(test.findings); got != test.want {
			t.Errorf("%v: %v", test.findings, got)
		}
	}
	if Warn <= 0 {
		t.Error("a warning is milder than nothing")
	}
}

// A legacy key's UUID may contain every hexadecimal digit in both cases, and nothing else.
func TestLegacyDigits(t *testing.T) {
	legacy := func(uuid string) string {
		return base64.StdEncoding.EncodeToString([]byte(random(26, "abcdefghij0123456789") + ":" + uuid))
	}
	for uuid, want := range map[string]KeyType{
		"01234567-89ab-cdef-ABCD-EF0123456789": NGCLegacy, "00000000-9999-aaaa-ffff-AAAAFFFF0000": NGCLegacy,
		"g1234567-89ab-cdef-ABCD-EF0123456789": Unknown, "G1234567-89ab-cdef-ABCD-EF0123456789": Unknown, "`1234567-89ab-cdef-ABCD-EF0123456789": Unknown,
		"@1234567-89ab-cdef-ABCD-EF0123456789": Unknown, "/1234567-89ab-cdef-ABCD-EF0123456789": Unknown, ":1234567-89ab-cdef-ABCD-EF0123456789": Unknown,
	} {
		if got := Identify(legacy(uuid)); got != want {
			t.Errorf("%s: %s, want %s", uuid, got, want)
		}
	}
}

// A value of that length fits a variable with the longest known name, and one with any name of 250 bytes.
func TestMaxEnvValueFits(t *testing.T) {
	const maxArgStrlen = 128 << 10
	if room := maxArgStrlen - MaxEnvValue - len("=") - len("\x00"); room < 250 || room > 1000 {
		t.Errorf("%d bytes are left for a name", room)
	}
}

// FuzzCheck checks that findings repeat nothing of any value, and follow the same rules.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"", "nvapi-...", "export A_KEY=b", "\"", "“", "Bearer x", "\x00", "$oauthtoken:", "JG9hdXRodG9rZW46eA==", "{", "a=\n", "\xff\xfe", "cyborg_", "x=x", "%%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, kind := range []Kind{NGC, CyborgDB, IndexKey, Text} {
			got := Check(kind, value)
			assertClean(t, value, got)
			if len(got) > 1 && Worst(got) == Refuse {
				t.Fatalf("Check(%s, %q) says more than why it refuses", kind, value)
			}
			storable := Worst(got) != Refuse
			if storable && (value == "" || strings.Contains(value, "\x00")) {
				t.Fatalf("Check(%s, %q) does not refuse", kind, value)
			}
			if kind != Text && storable && strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
				t.Fatalf("Check(%s, %q) does not refuse", kind, value)
			}
		}
		mask := Mask(value)
		if !utf8.ValidString(mask) || strings.ContainsAny(mask, "\n\x1b") {
			t.Fatalf("Mask(%q) = %q", value, mask)
		}
		if _, shown, _ := strings.Cut(mask, "…"); !strings.HasPrefix(shown, " (") && len(shown) > 4 {
			t.Fatalf("Mask(%q) = %q shows more than four characters", value, mask)
		}
	})
}

// assertClean fails if a finding differs from the catalog's, which contain nothing of any value.
func assertClean(t *testing.T, value string, findings []Finding) {
	t.Helper()
	for _, f := range findings {
		if finding(f.Code) != f {
			t.Errorf("a finding that is not of the catalog: %s", f.Code)
		}
		// Also, no six characters of a real secret appear.
		if i := strings.Index(value, "nvapi-"); i >= 0 && len(value) >= i+70 {
			for secret := value[i+6 : i+70]; len(secret) >= 6; secret = secret[1:] {
				if strings.Contains(f.Message+f.Hint, secret[:6]) && strings.ContainsAny(secret[:6], "0123456789ABCDEFGHIJ") {
					t.Errorf("%s shows a part of the value", f.Code)
				}
			}
		}
	}
}

func codes(findings []Finding) (codes []string) {
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	return codes
}

// describe describes a value in a failure without showing it.
func describe(value string) string {
	return fmt.Sprintf("%d bytes, %s", len(value), Mask(value))
}

func TestTrim(t *testing.T) {
	for kind, want := range map[Kind]string{NGC: "key", CyborgDB: "key", IndexKey: "key", Text: " \tkey\u00a0\r\n", "no such kind": " \tkey\u00a0\r\n"} {
		if got := Trim(kind, " \tkey\u00a0\r\n"); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
