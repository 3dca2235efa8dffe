package doctor

import (
	"context"
	"os"
	"runtime"
	"time"
)

const (
	maxSkew = 5 * time.Minute
	// A file's time can be ahead by what a drive of another machine, or of another time zone, adds.
	maxFuture = 26 * time.Hour
)

// clock: this machine's clock is right. Certificates, tokens and the expiry of keys are judged by it. The registry is asked
// if services are; otherwise only a clock that is behind what was already written shows.
func (w *World) clock(ctx context.Context) Result {
	if w.Services != nil {
		there, err := w.Services.Clock(ctx)
		here := w.Now()
		if err != nil {
			return Result{Warning, "not compared: " + err.Error(), "ragenv doctor --online, once the network is back"}
		}
		// The answer has whole seconds.
		if skew := here.Sub(there).Round(time.Second); skew.Abs() > maxSkew {
			word := "ahead of"
			if skew < 0 {
				word = "behind"
			}
			return Result{Failed, "this machine's clock is " + skew.Abs().String() + " " + word + " that of " + ngcRegistry, clockHint()}
		}
		return Result{OK, "within " + maxSkew.String() + " of that of " + ngcRegistry, ""}
	}
	for _, path := range []string{w.Executable, w.Paths.ConfigFile, w.Paths.Store, w.dockerConfigPath()} {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if info.ModTime().Sub(w.Now()) > maxFuture {
			return Result{Warning, "this machine's clock says " + w.Now().Format(time.DateOnly) + ", but " + w.tilde(path) + " was written on " +
				info.ModTime().In(w.Now().Location()).Format(time.DateOnly), clockHint()}
		}
	}
	return Result{OK, "not behind the files here (--online compares it with " + ngcRegistry + ")", ""}
}

func clockHint() string {
	switch runtime.GOOS {
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	case "windows":
		return "w32tm /resync"
	}
	return "sudo timedatectl set-ntp true"
}
