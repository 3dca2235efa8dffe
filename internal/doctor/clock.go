package doctor

import (
	"context"
	"os"
	"runtime"
	"time"
)

const (
	maxSkew = 5 * time.Minute
	// A file's time can be ahead if its drive belongs to another machine or time zone.
	maxFuture = 26 * time.Hour
)

// clock checks that this machine's clock is right, because certificates, tokens and key expiry depend on
// it. With Services it asks the registry. Otherwise it only detects a clock that is behind the time of
// existing files.
func (w *World) clock(ctx context.Context) Result {
	if w.Services != nil {
		there, err := w.Services.Clock(ctx)
		here := w.Now()
		if err != nil {
			return Result{Warning, "not compared: " + err.Error(), "once the network is back: ragenv doctor --online"}
		}
		// The answer is in whole seconds.
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
			return Result{Warning, "this machine's clock says " + w.Now().Format(time.DateOnly) + ", but " + w.Paths.Tilde(path) + " was written on " +
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
