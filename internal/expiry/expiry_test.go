package expiry

import (
	"testing"
	"time"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zones on this machine: %v", err)
	}
	return location
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2026, 3, 28, 12, 30, 15, 999, berlin(t))
	for text, want := range map[string]string{
		"2026-03-28":           "2026-03-28T22:59:59Z", // end of today
		"2026-03-29":           "2026-03-29T21:59:59Z", // summer time begins on this day of 23 hours
		"2027-01-31T08:00:00Z": "2027-01-31T08:00:00Z",
		"90d":                  "2026-06-26T10:30:15Z",
		"1d":                   "2026-03-29T10:30:15Z", // same time of day
		"12w":                  "2026-06-20T10:30:15Z",
		"2160h":                "2026-06-26T11:30:15Z",
		"1h30m":                "2026-03-28T13:00:15Z",
		" 1d ":                 "2026-03-29T10:30:15Z",
	} {
		got, err := Parse(text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %s, %v; want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{"", "soon", "2026-03-27", "2026-02-30", "90", "-1d", "-1h", "0d", "1.5d", "99999999d", "9999w", "2200-01-01", "90 d", "2026-3-1", "3m", "120m", Never} {
		if got, err := Parse(text, now); err == nil {
			t.Errorf("%q: %s, want an error", text, got)
		}
	}
}

func TestExpiryPhrase(t *testing.T) {
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin(t))
	for _, test := range []struct {
		in   time.Duration
		want string
		near bool
	}{
		{-48 * time.Hour, "expired on 2026-03-26", true},
		{0, "expired on 2026-03-28", true},
		{time.Hour, "expires today", true},
		{12 * time.Hour, "expires tomorrow", true},
		{36 * time.Hour, "expires in 2 days", true}, // across a clock change
		{13 * 24 * time.Hour, "expires in 13 days", true},
		{14 * 24 * time.Hour, "expires in 14 days", false},
	} {
		expires := now.Add(test.in)
		if got := Phrase(expires, now); got != test.want {
			t.Errorf("%s: %q, want %q", test.in, got, test.want)
		}
		if got := Near(expires, now); got != test.near {
			t.Errorf("%s: near is %t", test.in, got)
		}
	}
	if Near(time.Time{}, now) {
		t.Error("an unknown expiry is near")
	}
}
