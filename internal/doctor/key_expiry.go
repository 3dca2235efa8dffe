package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/ragenv/ragenv/internal/expiry"
)

// keyExpiry checks that no stored key has expired or will soon, by the dates that the user entered.
func (w *World) keyExpiry(context.Context) Result {
	if r, no := w.notRead(); no {
		return r
	}
	now := w.Now()
	var f findings
	known := 0
	for _, item := range w.envItems() {
		if item.Expires.IsZero() {
			continue
		}
		known++
		hint := "ragenv rotate " + item.Name
		day := item.Expires.In(now.Location()).Format(time.DateOnly)
		switch left := item.Expires.Sub(now); {
		case left <= 0:
			f.add(Failed, hint, "%s expired on %s", item.Name, day)
		case left < expiry.Notice:
			f.add(Warning, hint, "%s expires on %s", item.Name, day)
		}
	}
	if known == 0 {
		return Result{OK, "no expiry date is recorded (ragenv set --expires records one)", ""}
	}
	return f.result(Result{OK, fmt.Sprintf("%s with a known expiry, none within %d days", count(known, "key"), expiry.Notice/(24*time.Hour)), ""})
}
