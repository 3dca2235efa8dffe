package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/test/bench/process"
	"github.com/ragenv/ragenv/test/bench/result"
)

// peer is another program, as reported by test/worlds/clients: its path, or why it is not available.
type peer struct{ name, path, about string }

func (p peer) absent() bool { return p.path == "-" }

// readPeers parses the output of test/worlds/clients.
func readPeers(path string) (map[string]peer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	peers := map[string]peer{}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: not a line of test/worlds/clients: %.80q", path, line)
		}
		peers[fields[0]] = peer{fields[0], fields[1], fields[2]}
	}
	return peers, nil
}

// peerSubjects measures other programs for the same purpose, each with one key in its own keychain. For two
// of them it also measures our helper on the same keychain.
type peerSubjects struct {
	*world
	programs
	peers    map[string]peer
	subjects []*subject
	missing  []result.Missing
}

// peersOf returns the subjects that can be measured here, and the others with the reason.
func (w *world) peersOf(p programs, peers map[string]peer, own []*subject) ([]*subject, []result.Missing) {
	s := &peerSubjects{world: w, programs: p, peers: peers}
	s.try(s.ecr, "docker-credential-ecr-login")
	s.try(s.secretService, "docker-credential-secretservice", "gnome-keyring")
	s.try(s.pass, "docker-credential-pass", "pass")
	s.try(s.awsVault, "aws-vault")
	s.try(func() error { return s.sops(own) }, "sops")
	for _, name := range []string{"chamber", "envchain"} {
		if p, asked := peers[name]; asked && p.absent() {
			s.missing = append(s.missing, result.Missing{Name: name, Reason: p.about})
		} else if asked {
			s.missing = append(s.missing, result.Missing{Name: name, Reason: "it is here, but nothing is written that measures it"})
		}
	}
	return s.subjects, s.missing
}

func (s *peerSubjects) try(add func() error, needs ...string) {
	for _, name := range needs {
		p, asked := s.peers[name]
		if !asked {
			return
		}
		if p.absent() {
			s.missing = append(s.missing, result.Missing{Name: needs[0], Reason: p.about})
			return
		}
	}
	before := len(s.subjects)
	err := add()
	for _, added := range s.subjects[before:] {
		if err == nil {
			err = added.verify()
		}
	}
	if err != nil {
		s.subjects = s.subjects[:before]
		s.missing = append(s.missing, result.Missing{Name: needs[0], Reason: err.Error()})
	}
}

func (s *peerSubjects) add(of, id, title string, command process.Command, check func(string) error) *subject {
	added := &subject{Subject: result.Subject{ID: id, Of: of, Title: title}, command: command, check: check, execs: of == result.Peer}
	s.subjects = append(s.subjects, added)
	return added
}

func (s *peerSubjects) ecr() error {
	h, err := newHome(s.path("ecr"))
	if err != nil {
		return err
	}
	p := s.peers["docker-credential-ecr-login"]
	s.add(result.Peer, "ecr-login", "docker-credential-ecr-login version", h.command("", p.path, "version"), says(strings.TrimPrefix(p.about, "v")))
	return nil
}

// credentialHelper stores a key through a helper and adds its get as a subject.
func (s *peerSubjects) credentialHelper(h *home, of, id, title, program string) error {
	want := credential{ngc, ngcUser, newKey()}
	server := ngc
	if of == result.Peer { // use a separate item, where the keychain is shared with our helper
		want.ServerURL = "https://peer.example.com"
		server = want.ServerURL
	}
	if _, err := h.run(want.json(), program, "store"); err != nil {
		return err
	}
	question, err := h.file(id, server)
	if err != nil {
		return err
	}
	s.add(of, id, title, h.command(question, program, "get"), func(stdout string) error { return answers(stdout, want) })
	return nil
}

// ourHelper adds a get of our helper with the given backend. On Linux the helper runs ragenv for these
// backends.
func (s *peerSubjects) ourHelper(h *home, backend, id, title string) {
	ours, err := newHome(h.dir, append(h.env[3:len(h.env):len(h.env)], "RAGENV_BACKEND="+backend)...)
	if err == nil {
		err = s.credentialHelper(ours, result.After, id, title, s.helper())
	}
	if err != nil {
		s.missing = append(s.missing, result.Missing{Name: title, Reason: err.Error()})
		return
	}
	s.subjects[len(s.subjects)-1].execs = true
}

// secretService runs gnome-keyring on its own session bus, which ends with this process.
func (s *peerSubjects) secretService() error {
	dir := s.path("secret-service")
	h, err := newHome(dir, "XDG_RUNTIME_DIR="+dir, "XDG_DATA_HOME="+dir+"/data", "XDG_CONFIG_HOME="+dir+"/config", "XDG_CACHE_HOME="+dir+"/cache")
	if err != nil {
		return err
	}
	bus := exec.Command("dbus-run-session", "--", "sh", "-c",
		`printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && echo "$DBUS_SESSION_BUS_ADDRESS" && read -r _`)
	bus.Env, bus.Dir = h.env, dir
	alive, err := bus.StdinPipe()
	if err != nil {
		return err
	}
	out, err := bus.StdoutPipe()
	if err != nil {
		return err
	}
	if err := bus.Start(); err != nil {
		return err
	}
	s.atEnd(func() {
		_ = alive.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = bus.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.New("gnome-keyring does not start under a private session bus")
	}
	h.env = append(h.env, "DBUS_SESSION_BUS_ADDRESS="+strings.TrimSpace(address))

	p := s.peers["docker-credential-secretservice"]
	if err := s.credentialHelper(h, result.Peer, "secretservice", "docker-credential-secretservice get", p.path); err != nil {
		return err
	}
	s.ourHelper(h, "secret-service", "get-secret-service", "helper get, secret-service backend")
	key := newKey()
	if _, err := h.run(key, "/usr/bin/secret-tool", "store", "--label=bench", "bench", "key"); err != nil {
		return err
	}
	s.add(result.Peer, "secret-tool", "secret-tool lookup", h.command("", "/usr/bin/secret-tool", "lookup", "bench", "key"), is(key))
	return nil
}

func is(secret string) func(string) error {
	return func(stdout string) error {
		if strings.TrimSuffix(stdout, "\n") != secret {
			return errors.New("the answer is another secret than was stored")
		}
		return nil
	}
}

// pass encrypts its store with a gpg key without a passphrase.
func (s *peerSubjects) pass() error {
	// gpg-agent creates its socket in its home, and the path of a socket must be short (unix(7)).
	gpg, err := os.MkdirTemp("/tmp", "gpg")
	if err != nil {
		return err
	}
	dir := s.path("pass")
	h, err := newHome(dir, "GNUPGHOME="+gpg, "PASSWORD_STORE_DIR="+dir+"/store")
	if err != nil {
		return err
	}
	s.atEnd(func() {
		if code, err := h.finish("/usr/bin/gpgconf", "--kill", "all"); err != nil || code != 0 {
			logf("gpg-agent is not ended: exit status %d, %v", code, err)
		}
		_ = os.RemoveAll(gpg)
	})
	if _, err := h.run("", "/usr/bin/gpg", "--batch", "--pinentry-mode=loopback", "--passphrase-fd=0", "--quick-generate-key", "bench", "future-default", "default"); err != nil {
		return err
	}
	if _, err := h.run("", s.peers["pass"].path, "init", "bench"); err != nil {
		return err
	}
	if err := s.credentialHelper(h, result.Peer, "pass", "docker-credential-pass get", s.peers["docker-credential-pass"].path); err != nil {
		return err
	}
	s.ourHelper(h, "pass", "get-pass", "helper get, pass backend")
	return nil
}

// awsVault's file backend prompts for its passphrase or reads it from the environment.
func (s *peerSubjects) awsVault() error {
	dir, key := s.path("aws-vault"), newKey()
	h, err := newHome(dir, "AWS_VAULT_BACKEND=file", "AWS_VAULT_FILE_DIR="+dir+"/vault", "AWS_VAULT_FILE_PASSPHRASE="+newKey(),
		"AWS_CONFIG_FILE="+dir+"/config")
	if err != nil {
		return err
	}
	if _, err := h.file("config", "[profile bench]\nregion = eu-central-1\n"); err != nil {
		return err
	}
	adding, err := newHome(dir, append(h.env[3:len(h.env):len(h.env)], "AWS_ACCESS_KEY_ID=AKIABENCH", "AWS_SECRET_ACCESS_KEY="+key)...)
	if err != nil {
		return err
	}
	p := s.peers["aws-vault"].path
	if _, err := adding.run("", p, "add", "--env", "--no-add-config", "bench"); err != nil {
		return err
	}
	added := s.add(result.Peer, "aws-vault", "aws-vault exec -- true, file backend", h.command("", p, "exec", "--no-session", "bench", "--", "true"), nil)
	added.prove = gives(h, key, p, "exec", "--no-session", "bench", "--", "printenv", "AWS_SECRET_ACCESS_KEY")
	return nil
}

// gives returns a check that a command prints the key.
func gives(h *home, key string, argv ...string) func() error {
	return func() error {
		out, err := h.run("", argv...)
		if err != nil {
			return err
		}
		return is(key)(out)
	}
}

// sops decrypts with an age identity, as the helper does. It uses the identity of the helper's store.
func (s *peerSubjects) sops(own []*subject) error {
	var store string
	for _, o := range own {
		if o.ID == "get" && o.Of == s.of {
			store = filepath.Join(o.command.Dir, ".local", "share", "ragenv")
		}
	}
	var manifest struct{ Recipient string }
	data, err := os.ReadFile(filepath.Join(store, "store.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	h, err := newHome(s.path("sops"), "SOPS_AGE_KEY_FILE="+filepath.Join(store, "identity"))
	if err != nil {
		return err
	}
	key := newKey()
	plain, err := h.file("plain.env", "NGC_API_KEY="+key+"\n")
	if err != nil {
		return err
	}
	p := s.peers["sops"].path
	encrypted, err := h.run("", p, "encrypt", "--age", manifest.Recipient, plain)
	if err != nil {
		return err
	}
	if err := os.Remove(plain); err != nil {
		return err
	}
	file, err := h.file("keys.env", encrypted)
	if err != nil {
		return err
	}
	s.add(result.Peer, "sops", "sops exec-env true", h.command("", p, "exec-env", file, "true"), nil).
		prove = gives(h, key, p, "exec-env", file, "printenv NGC_API_KEY")
	return nil
}
