package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/test/bench/result"
)

const (
	ngc         = "nvcr.io"
	ngcUser     = "$oauthtoken"
	unknownHost = "registry.example.com"
)

// world holds the homes of a run and the functions to run at its end.
type world struct {
	dir  string
	ends []func()
}

func (w *world) path(elements ...string) string {
	return filepath.Join(append([]string{w.dir}, elements...)...)
}

func (w *world) atEnd(f func()) { w.ends = append(w.ends, f) }

// end runs the functions registered with atEnd in reverse order.
func (w *world) end() {
	for i := len(w.ends) - 1; i >= 0; i-- {
		w.ends[i]()
	}
}

// own returns the subjects for one build of the programs.
func (w *world) own(p programs) ([]*subject, error) {
	o := &ownSubjects{world: w, programs: p}
	for _, add := range []func() error{o.get, o.cached, o.missing, o.store, o.ragenv, o.list} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("%s: %w", p.of, err)
		}
	}
	return o.subjects, nil
}

type ownSubjects struct {
	*world
	programs
	subjects []*subject
	plain    *home // one key, no passphrase
	key      string
}

func (o *ownSubjects) add(id, title string, s *subject) {
	s.ID, s.Title, s.Of = id, title, o.of
	o.subjects = append(o.subjects, s)
}

// keyHome creates a home with one NGC key and a file with the request for it.
func (o *ownSubjects) keyHome(name string, env ...string) (h *home, question, key string, err error) {
	if h, err = newStore(o.programs, o.path(o.of, name), env...); err != nil {
		return
	}
	key = newKey()
	if _, err = h.run(key, o.programs.ragenv(), "set", "--quiet", "NGC_API_KEY"); err != nil {
		return
	}
	question, err = h.file("server", ngc)
	return
}

func says(word string) func(string) error {
	return func(stdout string) error {
		if !strings.Contains(stdout, word) {
			return fmt.Errorf("the output lacks %q", word)
		}
		return nil
	}
}

func (o *ownSubjects) get() error {
	h, question, key, err := o.keyHome("plain")
	if err != nil {
		return err
	}
	o.plain, o.key = h, key
	o.add("get", "helper get", &subject{
		command: h.command(question, o.helper(), "get"),
		check:   func(stdout string) error { return answers(stdout, credential{ngc, ngcUser, key}) },
	})
	return nil
}

// cached measures a store with an encrypted identity, while the unlocked identity is in the kernel's
// keyring under the random name of this store.
func (o *ownSubjects) cached() error {
	passphrase, err := os.CreateTemp(o.dir, "passphrase")
	if err != nil {
		return err
	}
	defer passphrase.Close()
	if _, err := passphrase.WriteString(newKey()); err != nil {
		return err
	}
	h, question, key, err := o.keyHome("cached", "RAGENV_PASSPHRASE_FILE="+passphrase.Name())
	if err != nil {
		return err
	}
	// With the passphrase file present, a lost cache would only make get slower.
	locked, err := newHome(h.dir)
	if err != nil {
		return err
	}
	o.atEnd(func() {
		if code, err := locked.finish(o.programs.ragenv(), "lock", "--quiet"); err != nil || code != 0 {
			logf("the identity of a removed store stays in the kernel's keyring for four hours: exit status %d, %v", code, err)
		}
	})
	if _, err := h.run("", o.programs.ragenv(), "unlock", "--quiet", "--for", "4h"); err != nil {
		return err
	}
	o.add("get-cached", "helper get, passphrase, unlocked", &subject{
		command: locked.command(question, o.helper(), "get"),
		check:   func(stdout string) error { return answers(stdout, credential{ngc, ngcUser, key}) },
	})
	return nil
}

func (o *ownSubjects) missing() error {
	empty, err := newStore(o.programs, o.path(o.of, "empty"))
	if err != nil {
		return err
	}
	question, err := empty.file("server", ngc)
	if err != nil {
		return err
	}
	const notFound = "credentials not found in native keychain"
	o.add("missing", "helper get, nvcr.io without a key", &subject{command: empty.command(question, o.helper(), "get"), check: says(notFound), exit: 1})
	if question, err = o.plain.file("unknown", unknownHost); err != nil {
		return err
	}
	o.add("unknown", "helper get, unknown host", &subject{command: o.plain.command(question, o.helper(), "get"), check: says(notFound), exit: 1})
	return nil
}

func (o *ownSubjects) store() error {
	h, question, _, err := o.keyHome("store")
	if err != nil {
		return err
	}
	var files []string
	first := credential{ngc, ngcUser, newKey()}
	for i, c := range []credential{first, {ngc, ngcUser, newKey()}} {
		file, err := h.file(fmt.Sprintf("credential-%d", i), c.json())
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	stored := func(h *home, question string) func() error {
		return func() error {
			out, code, err := output(h.command(question, o.helper(), "get"), nil)
			if err == nil && code != 0 {
				err = fmt.Errorf("exit status %d of the get after it", code)
			}
			if err != nil {
				return err
			}
			return answers(out, first)
		}
	}
	o.add("store", "helper store", &subject{
		command: h.command("", o.helper(), "store"), stdin: files, prove: stored(h, question),
	})
	return nil
}

func (o *ownSubjects) ragenv() error {
	o.add("ragenv-true", "ragenv -- true", &subject{
		command: o.plain.command("", o.programs.ragenv(), "--", "true"),
		prove: func() error {
			out, err := o.plain.run("", o.programs.ragenv(), "--", "printenv", "NGC_API_KEY")
			if err == nil && strings.TrimSuffix(out, "\n") != o.key {
				err = errors.New("the command got another value than was stored")
			}
			return err
		},
		execs: true,
	})
	return nil
}

// listSizes are the numbers of registries in the keychains to list.
var listSizes = []int{1, 100}

func (o *ownSubjects) list() error {
	h, err := newStore(o.programs, o.path(o.of, "list"))
	if err != nil {
		return err
	}
	servers := map[string]string{}
	for _, size := range listSizes {
		for i := len(servers) + 1; i <= size; i++ {
			c := credential{fmt.Sprintf("registry-%d.example.com", i), fmt.Sprintf("user-%d", i), newKey()}
			if _, err := h.run(c.json(), o.helper(), "store"); err != nil {
				return err
			}
			servers[c.ServerURL] = c.Username
		}
		snapshot, err := h.copyTo(o.path(o.of, fmt.Sprintf("list-%d", size)))
		if err != nil {
			return err
		}
		want := make(map[string]string, size)
		for server, user := range servers {
			want[server] = user
		}
		s := &subject{
			command: snapshot.command("", o.helper(), "list"),
			check:   func(stdout string) error { return lists(stdout, want) },
		}
		o.add(fmt.Sprintf("list-%d", size), fmt.Sprintf("helper list of %d", size), s)
	}
	return nil
}

// base returns the subject that all others are compared with, and the command that ragenv runs in the
// measurements.
func (w *world) base(hello string) ([]*subject, error) {
	h, err := newHome(w.path("base"))
	if err != nil {
		return nil, err
	}
	return []*subject{
		{
			Subject: result.Subject{ID: result.Hello, Of: result.Base, Title: "hello, world in Go"},
			command: h.command("", hello), check: says("hello, world"),
		},
		{Subject: result.Subject{ID: "true", Of: result.Base, Title: "true"}, command: h.command("", "/usr/bin/true")},
	}, nil
}
