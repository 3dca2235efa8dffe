//go:build linux || darwin

package terminal_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// promptCase is a prompt of the program, and how to reach it.
type promptCase struct {
	args   []string
	text   string // the text of the prompt
	locked bool   // the keychain has a passphrase and is locked
	shown  bool   // the answer is shown, since it is not secret
	after  func(d *terminal.Dialogue, key string)
	paste  string // the message after two pasted lines; then the prompt returns, or the program exits with pasteCode
	code   int    // exit code after two lines; 0 if it prompts again
	keeps  bool   // the key entered before is stored in every case
}

const (
	severalLines = "a passphrase is one line"
	keyPrompt    = "Paste it here"
	dockerPrompt = "Let Docker log in to nvcr.io with the stored key? [Y/n] "
)

var promptCases = map[string]promptCase{
	"set":               {args: []string{"set", "NGC_API_KEY"}, text: "NGC_API_KEY (hidden): ", paste: "more than one key", code: 1},
	"rotate":            {args: []string{"rotate", "NGC_API_KEY", "--offline"}, text: "NGC_API_KEY (hidden): ", paste: "more than one key", code: 1},
	"rotate, locked":    {args: []string{"rotate", "NGC_API_KEY"}, text: "Passphrase of your keychain: ", locked: true, paste: severalLines},
	"setup, key":        {args: []string{"setup"}, text: keyPrompt, paste: "more than one key"},
	"setup, passphrase": {args: []string{"setup"}, text: "New passphrase (Enter for none): ", paste: severalLines},
	"setup, question":   {args: []string{"setup"}, text: dockerPrompt, shown: true, keeps: true, after: giveKey, paste: dockerPrompt},
	"setup, expiry":     {args: []string{"setup"}, text: askDetails, shown: true, keeps: true, after: giveKeyAndDecline, paste: askDetails},
	"passphrase":        {args: []string{"passphrase"}, text: "Current passphrase: ", locked: true, paste: severalLines},
	"restore":           {args: []string{"restore", "keys.age"}, text: "Passphrase of the backup: ", paste: severalLines},
	"unlock":            {args: []string{"unlock"}, text: "Passphrase of your keychain: ", locked: true, paste: severalLines},
	"backup":            {args: []string{"backup", "new.age"}, text: "Passphrase for the backup: ", paste: severalLines},
	"backup, confirm":   {args: []string{"backup", "new.age"}, text: "Confirm passphrase: ", after: givePassphrase, paste: severalLines},
}

func giveKey(d *terminal.Dialogue, key string) { d.Expect(keyPrompt).Send(key + "\r") }

func giveKeyAndDecline(d *terminal.Dialogue, key string) {
	giveKey(d, key)
	d.Expect(dockerPrompt).SendNow("n\r")
}

func givePassphrase(d *terminal.Dialogue, _ string) {
	d.Expect("Passphrase for the backup: ").Send("horse battery\r")
}

// promptEvent is something that happens while a prompt waits.
type promptEvent struct {
	name   string
	key    string         // typed after half of the answer
	signal syscall.Signal // or sent to the foreground job
	stops  bool           // the shell then gets the terminal, and fg brings the prompt back
	code   int            // exit code of the program
}

var promptEvents = []promptEvent{
	{name: "Ctrl-C", key: "\x03", code: 130},
	{name: "Ctrl-D", key: "\x04", code: 130},
	{name: `Ctrl-\`, key: "\x1c", code: 131},
	{name: "Ctrl-Z, fg", key: "\x1a", stops: true, code: 130},
	{name: "SIGSTOP, fg", signal: syscall.SIGSTOP, stops: true, code: 130},
	{name: "SIGQUIT", signal: syscall.SIGQUIT, code: 131},
	{name: "SIGTERM", signal: syscall.SIGTERM, code: 143},
	{name: "SIGHUP", signal: syscall.SIGHUP, code: 129},
	{name: "two lines"},
}

// backupOfNothing is an empty backup with the passphrase "horse battery".
var backupOfNothing = sync.OnceValues(func() ([]byte, error) {
	var file bytes.Buffer
	item := keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "OTHER"}, Secret: keychain.NewSecret("value")}
	err := backup.Write(&file, []keychain.Item{item}, []byte("horse battery"), time.Now())
	return file.Bytes(), err
})

// At every prompt, for every event instead of an answer: the program exits as the event requires, the shell
// has a terminal with echo, and no part of the secret is on the screen, in the shell's history or in a
// file.
func TestPromptsInShells(t *testing.T) {
	t.Parallel()
	scripttest.Binary(t, scripttest.Ragenv)
	for shell := range shells {
		for name, p := range promptCases {
			t.Run(shell+"/"+name, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(shell); err != nil {
					t.Skip(shell + " is not installed")
				}
				newPromptSession(t, shell, p).all()
			})
		}
	}
}

// promptSession is a shell in which a program shows the same prompt repeatedly.
type promptSession struct {
	t      *testing.T
	p      promptCase
	w      *terminal.World
	d      *terminal.Dialogue
	stored string // stored before the prompt
	secret string // typed and pasted
}

func newPromptSession(t *testing.T, shell string, p promptCase) *promptSession {
	t.Helper()
	w := terminal.NewWorld(t, "TERM=xterm", "PS1=ready> ", "HISTFILE=history", "HISTSIZE=100", "SAVEHIST=100")
	file, err := backupOfNothing()
	if err == nil {
		err = os.WriteFile(filepath.Join(w.Dir, "keys.age"), file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &promptSession{t: t, p: p, w: w, secret: scripttest.NewKey()}
	s.prepare()
	s.d = w.Start(shells[shell]...)
	s.d.Expect("ready> ")
	return s
}

// prepare sets the state of the keychain in which the program prompts.
func (s *promptSession) prepare() {
	switch p := s.p; {
	case p.text == "New passphrase (Enter for none): ":
		s.w.Configure("backend = \"file\"\n")
	case p.args[0] == "setup":
		if _, err := keychain.CreateFileStore(s.w.KeychainOptions(), keychain.Protection{WorkFactor: 10}); err != nil && !errors.Is(err, keychain.ErrStoreExists) {
			s.t.Fatal(err)
		}
		k, err := keychain.Open(s.w.KeychainOptions())
		if err == nil {
			err = k.Set(keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "CYBORGDB_API_KEY"}, Secret: keychain.NewSecret("cyborg_")})
		}
		if err == nil {
			err = k.Remove(keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"})
		}
		if err != nil && !errors.Is(err, keychain.ErrNotFound) {
			s.t.Fatal(err)
		}
	case s.stored != "":
	case p.locked:
		s.stored = s.w.Protect("horse battery")
	default:
		s.stored = s.w.Open()
	}
}

func (s *promptSession) all() {
	for _, e := range promptEvents {
		s.prepare()
		s.d.SendNow(scripttest.Binary(s.t, scripttest.Ragenv) + " " + strings.Join(s.p.args, " ") + "\r")
		if s.p.after != nil {
			s.p.after(s.d, s.secret)
		}
		s.d.Expect(s.p.text)
		code := e.code
		if e.name == "two lines" {
			code = s.twoLines()
		} else {
			s.happens(e)
		}
		s.d.Expect("ready> ").SendNow("echo code=$?\r").Expect("code=" + strconv.Itoa(code)).Expect("ready> ")
		s.d.SendNow("stty -a | grep -o -- '-*echo '; echo done$((40+2))\r").Expect("done42").Expect("ready> ")
		if strings.Contains(s.d.Text(), "\n-echo ") {
			s.t.Fatalf("%s: the echo stays off", e.name)
		}
		want := s.stored
		if s.p.keeps {
			want = s.secret
		}
		if got, _ := s.w.Stored("NGC_API_KEY"); got != want {
			s.t.Errorf("%s: another key is stored than before; given: %v", e.name, got == s.secret)
		}
		s.t.Logf("%s: exit code %d", e.name, code)
	}
	s.d.SendNow("exit\r")
	s.d.End()
	if strings.Contains(s.d.Text(), "goroutine ") {
		s.t.Error("the stacks are printed")
	}
	s.d.WantHidden(s.secret[:30], s.secret[30:])
	wantNowhere(s.t, s.w.Dir, s.secret[:30], s.secret[30:])
}

// happens causes an event after half of the answer was typed.
func (s *promptSession) happens(e promptEvent) {
	half := s.secret[:30]
	switch {
	case s.p.shown && e.key == "\x04": // after some text it does not end the input
		half = ""
	case s.p.shown:
		half = "no"
	}
	switch {
	case s.p.shown && e.signal == 0:
		s.d.SendNow(half + e.key)
	case e.signal == 0 && e.key == "\x04":
		s.d.Send(e.key)
	case e.signal == 0:
		s.d.Send(half + e.key)
	default:
		s.d.SignalForeground(e.signal)
	}
	if !e.stops {
		return
	}
	s.d.Expect("ready> ").SendNow("fg\n")
	if s.p.shown {
		terminal.WaitFor(s.t, "the job in the foreground", s.d.OthersInForeground)
		s.d.SendNow("\x03")
		return
	}
	s.d.Expect(s.p.text).Send(half + "\x03")
}

// twoLines pastes two lines and returns the program's exit code.
func (s *promptSession) twoLines() int {
	if s.p.shown {
		s.d.SendNow("perhaps\recho bro$((6*7))ken\r").Expect(s.p.paste).SendNow("\x03")
		defer func() {
			if strings.Contains(s.d.Text(), "bro42ken") {
				s.t.Error("the shell ran the second line")
			}
		}()
		return 130
	}
	s.d.Send("\x1b[200~" + s.secret + "\r" + s.secret + "\x1b[201~\r").Expect(s.p.paste)
	if s.p.code != 0 {
		return s.p.code
	}
	again := s.p.text
	s.d.Expect(again).Send("\x03")
	return 130
}
