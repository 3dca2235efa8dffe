package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// proofLimit is the time limit for each program that the proof runs.
const proofLimit = 20 * time.Second

// prove uses the NGC key as Docker and a command would, and shows the result. A failed proof does not end
// the setup: its line says what to do. If the unlock has expired, it asks again.
func prove(s *session.Session, terminal *ui.Terminal) error {
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	known, _ := secrets.Lookup(secrets.NGCAPIKey)
	ref := s.EnvRef(known.Name)
	if has, err := k.Has(ref); err != nil || !has {
		return err
	}
	item, err := s.Get(k, ref)
	if err != nil {
		return err
	}
	if other, err := s.Opener().Read(); err != nil || !other.Unlocked() { // only this process has it unlocked
		say(terminal, terminal.Style.Warning()+" Not checked: this system keeps no keychain unlocked. To check, set "+passphrase.EnvFile+" to a file of mode 0600 with the passphrase, then: ragenv doctor")
		return err
	}
	if f, err := dockerconfig.Load(dockersetup.ConfigPath(s)); err == nil {
		if name, _ := f.HelperFor(serverurl.NGC); name == dockersetup.HelperName {
			report(s, terminal, "Docker receives the key for "+serverurl.NGC, proveHelper(s, known, item.Secret))
		}
	}
	report(s, terminal, "Commands receive "+known.Name, proveCommand(s, known.Name))
	return nil
}

func report(s *session.Session, terminal *ui.Terminal, what string, err error) {
	if err != nil {
		say(terminal, terminal.Style.Cross()+" Failed: "+what+": "+ui.Printable(err.Error()))
		aside(terminal, "ragenv doctor")
		return
	}
	done(terminal, what)
}

// proveHelper asks the helper as Docker does, and compares its answer.
func proveHelper(s *session.Session, known secrets.Secret, want keychain.Secret) error {
	path, err := dockersetup.FindHelper()
	if err != nil {
		return fmt.Errorf("it is not on PATH")
	}
	ctx, cancel := context.WithTimeout(context.Background(), proofLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "get")
	cmd.Env = append(slices.DeleteFunc(system.Environ(), isVariable(known.Name)), config.EnvProfile+"="+s.Config.Profile)
	cmd.Stdin = strings.NewReader(serverurl.NGC)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("it failed (%w)", err)
	}
	var answer struct{ Username, Secret string }
	switch err := json.Unmarshal(out, &answer); {
	case err != nil:
		return fmt.Errorf("its answer is not JSON")
	case answer.Username != known.Username || keychain.NewSecret(answer.Secret) != want:
		return fmt.Errorf("it answers with another login")
	}
	return nil
}

// proveCommand runs a command that succeeds only with the variable.
func proveCommand(s *session.Session, name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	test := []string{"sh", "-c", `test -n "$` + name + `"`}
	if runtime.GOOS == "windows" {
		test = []string{"cmd", "/d", "/c", "if defined " + name + " (exit 0) else (exit 1)"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), proofLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, slices.Concat([]string{"--quiet", "--" + session.FlagProfile, s.Config.Profile, "--"}, test)...)
	cmd.Env = slices.DeleteFunc(system.Environ(), isVariable(name))
	if out, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(string(out), "\n")
		return fmt.Errorf("%w %s", err, line)
	}
	return nil
}

func isVariable(name string) func(string) bool {
	return func(assignment string) bool { return strings.HasPrefix(assignment, name+"=") }
}
