package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/doctor"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/source"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain/system"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

type doctorOptions struct {
	json, online, verbose bool
	image                 string
}

func newDoctorCommand(p *program) *cli.Command {
	var o doctorOptions
	return &cli.Command{
		Name:  "doctor",
		Usage: "diagnose problems and suggest fixes",
		Description: `Checks the programs, Docker's configuration and engine, the keychain and its keys, and other places with keys: this
shell, shell start-up files, and .env files here that git tracks. It asks nothing, unlocks nothing, changes nothing, and
shows no value. The exit code is 1 if a check failed; warnings do not count.

--online also checks the stored key with NVIDIA and compares the clock. Without it, only Docker's own engine is asked.

--json prints an array of objects, one per check and in a fixed order, with the members name, status ("ok", "warning" or
"failed"), detail and hint (empty if there is nothing to do), all of them strings. More checks and members may be added;
a name and its meaning will not change.

  # Diagnose problems, without any network
  ragenv doctor

  # Check the stored key with NVIDIA as well
  ragenv doctor --online

  # List the checks that passed, too
  ragenv doctor --verbose`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
			&cli.BoolFlag{Name: "verbose", Destination: &o.verbose, Usage: "on a terminal, also list passed checks"},
			&cli.BoolFlag{Name: "online", Destination: &o.online, Usage: "also check the key with NVIDIA, which sends it there"},
			&cli.StringFlag{Name: "image", Destination: &o.image, Value: services.BlueprintImage, Usage: "with --online, check that the key can pull `IMAGE` from nvcr.io"},
		},
		Action: func(c *cli.Context) error {
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			w, err := p.doctorWorld(c)
			if err != nil {
				return err
			}
			if c.IsSet("image") && !o.online {
				return ui.Usagef("ragenv doctor --online --image "+services.BlueprintImage, "--image asks the registry, which only --online does")
			}
			if w.Image, err = probe.ParseImage(o.image); err != nil {
				return ui.Usagef("ragenv doctor --online --image "+services.BlueprintImage, "--image: %w", err)
			}
			if o.online {
				w.Services = services.New(p.getenv, p.printer(false)).Client()
			}
			return p.runDoctor(w, o)
		},
	}
}

// commandPatience limits how long the doctor waits for a source command. It is shorter than the limit of a
// check.
const commandPatience = 10 * time.Second

// doctorWorld needs no session: an unreadable configuration is a finding, not a reason to stop.
func (p *program) doctorWorld(c *cli.Context) (*doctor.World, error) {
	w := &doctor.World{Getenv: p.getenv, Environ: os.Environ(), Version: buildinfo.Version(), Now: p.now}
	var err error
	if w.Dir, err = os.Getwd(); err != nil {
		w.Dir = string(os.PathSeparator) // the working directory was removed: search nothing in it
	}
	if w.Executable, err = os.Executable(); err != nil {
		w.Executable = ""
	}
	w.Paths, _ = config.FindPaths(p.getenv) // Load reports the same error
	if w.Config, w.ConfigErr = config.Load(p.getenv); w.ConfigErr != nil {
		w.Config = nil
		return w, nil
	}
	w.Commands = &source.Commands{Config: w.Config, Environ: system.Environ(), Limit: commandPatience}
	if c.IsSet(session.FlagProfile) {
		if err := w.Config.SetProfile(c.String(session.FlagProfile), config.OriginFlag); err != nil {
			return nil, ui.Usagef(commandline.HelpHint(c), "--%s: not a valid profile name", session.FlagProfile)
		}
		p.profile = w.Config.Profile
	}
	return w, nil
}

func (p *program) runDoctor(w *doctor.World, o doctorOptions) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	print := p.printer(false)
	stopWorking := print.Working("Checking")
	reports := doctor.Run(ctx, doctor.Checks(w))
	stopWorking()
	for i := range reports {
		reports[i].Hint = print.Completed(reports[i].Hint)
	}
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	var err error
	if o.json {
		for i := range reports {
			reports[i].Detail, reports[i].Hint = ui.WithoutKeys(reports[i].Detail), ui.WithoutKeys(reports[i].Hint)
		}
		err = ui.WriteJSON(p.stdout, reports)
	} else {
		err = doctor.Write(p.stdout, ui.StyleFor(p.stdout, p.getenv), reports, o.verbose)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if doctor.Worst(reports) == doctor.Failed {
		return exitStatus(ui.CodeFailure)
	}
	return nil
}
