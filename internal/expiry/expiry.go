// Package expiry parses, compares and formats the time at which a key expires.
package expiry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Notice is how long before its expiry a key is reported.
const Notice = 14 * 24 * time.Hour

// Never is what users give instead of an expiry for a key that has none.
const Never = "never"

// Parse parses an expiry: a date ("2027-01-31", the end of that day in now's time zone), an RFC 3339 time,
// or a duration from now ("90d", "12w", "2160h"). It must be in the future and within 100 years. The result
// is in UTC, in whole seconds.
func Parse(text string, now time.Time) (time.Time, error) {
	expires, err := read(strings.TrimSpace(text), now)
	if err != nil {
		return time.Time{}, err
	}
	if !expires.After(now) {
		return time.Time{}, fmt.Errorf("%.40q is in the past", text)
	}
	if expires.After(now.AddDate(100, 0, 0)) {
		return time.Time{}, fmt.Errorf("%.40q is more than 100 years away", text)
	}
	return expires.UTC().Truncate(time.Second), nil
}

func read(text string, now time.Time) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for suffix, days := range map[string]int{"d": 1, "w": 7} {
		if count, ok := strings.CutSuffix(text, suffix); ok {
			if n, err := strconv.ParseUint(count, 10, 16); err == nil {
				return now.AddDate(0, 0, int(n)*days), nil
			}
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		if _, err := strconv.ParseUint(strings.TrimSuffix(text, "m"), 10, 64); err == nil && d != 0 {
			return time.Time{}, fmt.Errorf("%.40q could be minutes or months; write it in days (90d), or as a date (2027-01-31)", text)
		}
		return now.Add(d), nil
	}
	return time.Time{}, fmt.Errorf("%.40q is neither a date (2027-01-31), nor a time (RFC 3339), nor a duration (90d, 12w, 2160h)", text)
}

// Near reports whether an expiry is past or less than Notice away. It is false for the zero time.
func Near(expires, now time.Time) bool {
	return !expires.IsZero() && expires.Sub(now) < Notice
}

// Phrase describes an expiry: "expired on 2026-11-01", "expires today", "expires in 3 days".
func Phrase(expires, now time.Time) string {
	if !expires.After(now) {
		return "expired on " + expires.In(now.Location()).Format(time.DateOnly)
	}
	switch days := calendarDays(now, expires.In(now.Location())); days {
	case 0:
		return "expires today"
	case 1:
		return "expires tomorrow"
	default:
		return fmt.Sprintf("expires in %d days", days)
	}
}

// calendarDays counts the midnights between two times of one location, even if a day has 23 or 25 hours.
func calendarDays(from, to time.Time) int {
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	return int(noon(to).Sub(noon(from)) / (24 * time.Hour))
}
