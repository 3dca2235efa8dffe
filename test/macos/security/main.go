//go:build unix

// Command security stands in for the macOS program of that name. It implements the commands that ragenv
// uses as documented in security(1) and its published source (SecurityTool,
// github.com/apple-oss-distributions/Security), including limits and exit codes, and records each call.
//
// Its files are in the directory fake-security in $HOME, since the programs pass no other variable on:
//
//	calls       one JSON object for each call: its arguments and standard input
//	items.json  the keychain
//	state       optional: "locked" (no dialog can appear, as over SSH) or "dialog" (locked, with an unanswered dialog)
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The results of the commands, of type OSStatus (SecBase.h). The exit code is the low byte.
const (
	errItemNotFound  = -25300
	errDuplicateItem = -25299
	errNoInteraction = -25308
	usage            = 2
	unknownCommand   = 1
	maxLine          = 4096 // including the terminating NUL
)

type item struct {
	Account, Service, Label, Kind, Password string
}

type keychain struct {
	dir   string
	items []item
}

func main() {
	dir := filepath.Join(os.Getenv("HOME"), "fake-security")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		fail(err)
	}
	stdin, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		fail(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		fail(err)
	}
	record(dir, string(stdin))
	k := keychain{dir: dir}
	if data, err := os.ReadFile(k.path()); err == nil {
		if err := json.Unmarshal(data, &k.items); err != nil {
			fail(err)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		fail(err)
	}
	if state, _ := os.ReadFile(filepath.Join(dir, "state")); strings.TrimSpace(string(state)) == "dialog" {
		_ = syscall.Flock(int(lock.Fd()), syscall.LOCK_UN)
	}
	if !slices.Equal(os.Args[1:], []string{"-i"}) {
		os.Exit(byte8(k.execute(os.Args[1:])))
	}
	result := 0
	in := bufio.NewReader(strings.NewReader(string(stdin)))
	for {
		line, ok := readLine(in)
		if !ok {
			break
		}
		args := split(line)
		result = k.execute(args)
		if result != 0 {
			fmt.Fprintf(os.Stderr, "%s: returned %d\n", args[0], result)
		}
	}
	os.Exit(byte8(result))
}

func byte8(status int) int { return status & 0xff }

func fail(why any) {
	fmt.Fprintln(os.Stderr, "fake security:", why)
	os.Exit(99)
}

func record(dir, stdin string) {
	line, err := json.Marshal(struct {
		Args  []string
		Stdin string
	}{os.Args[1:], stdin})
	if err != nil {
		fail(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err != nil {
		fail(err)
	}
}

// readLine reads at most maxLine-1 bytes. The rest of a longer line is the next line. A last line without a
// line feed is dropped.
func readLine(in *bufio.Reader) (string, bool) {
	var line []byte
	for len(line) < maxLine-1 {
		c, err := in.ReadByte()
		if err != nil {
			return "", false
		}
		if c == '\n' {
			break
		}
		line = append(line, c)
	}
	return string(line), true
}

// split splits a line into words at white space. A quote groups only at the start of a word, and a
// backslash escapes the next byte.
func split(line string) []string {
	var args []string
	var word []byte
	var quote byte
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case !inWord && (c == ' ' || c == '\t'):
		case !inWord && (c == '"' || c == '\''):
			inWord, quote, word = true, c, []byte{}
		case inWord && quote == 0 && (c == ' ' || c == '\t'), inWord && quote != 0 && c == quote:
			args = append(args, string(word))
			inWord, quote, word = false, 0, nil
		case c == '\\' && i+1 < len(line):
			i++
			inWord, word = true, append(word, line[i])
		default:
			inWord, word = true, append(word, c)
		}
	}
	if inWord {
		args = append(args, string(word))
	}
	return args
}

// options parses a command's options as getopt(3) does. In spec, a colon marks those with a value.
func options(args []string, spec string) (map[byte]string, bool) {
	found := map[byte]string{}
	for i := 1; i < len(args); i++ {
		if len(args[i]) != 2 || args[i][0] != '-' {
			return nil, false
		}
		name := args[i][1]
		at := strings.IndexByte(spec, name)
		if at < 0 {
			return nil, false
		}
		found[name] = ""
		if at+1 < len(spec) && spec[at+1] == ':' {
			if i++; i == len(args) {
				return nil, false
			}
			found[name] = args[i]
		}
	}
	return found, true
}

func (k *keychain) execute(args []string) int {
	if len(args) == 0 {
		return 0
	}
	commands := map[string]func(map[byte]string) int{
		"add-generic-password": k.add, "find-generic-password": k.find, "delete-generic-password": k.remove,
		"dump-keychain": k.dump, "show-keychain-info": k.info,
	}
	specs := map[string]string{
		"add-generic-password": "a:s:l:D:Uw:", "find-generic-password": "a:s:l:D:w", "delete-generic-password": "a:s:l:D:",
	}
	run, known := commands[args[0]]
	if !known {
		fmt.Fprintf(os.Stderr, "security: unknown command %q\n", args[0])
		return unknownCommand
	}
	given, ok := options(args, specs[args[0]])
	if !ok {
		return usage
	}
	return run(given)
}

// unlocked is called by every command that reads or writes a secret. It returns the status to fail with if
// the keychain is locked.
func (k *keychain) unlocked() int {
	state, _ := os.ReadFile(filepath.Join(k.dir, "state"))
	switch strings.TrimSpace(string(state)) {
	case "locked":
		fmt.Fprintln(os.Stderr, "security: User interaction is not allowed.")
		return errNoInteraction
	case "dialog":
		time.Sleep(time.Hour)
	}
	return 0
}

func (k *keychain) index(o map[byte]string) int {
	account, hasAccount := o['a']
	service, hasService := o['s']
	return slices.IndexFunc(k.items, func(i item) bool {
		return (!hasAccount || i.Account == account) && (!hasService || i.Service == service)
	})
}

func (k *keychain) add(o map[byte]string) int {
	if status := k.unlocked(); status != 0 {
		return status
	}
	added := item{Account: o['a'], Service: o['s'], Label: o['l'], Kind: o['D'], Password: o['w']}
	if _, update := o['U']; k.index(o) >= 0 && !update {
		return errDuplicateItem
	}
	if at := k.index(o); at >= 0 {
		k.items[at] = added
	} else {
		k.items = append(k.items, added)
	}
	return k.save()
}

func (k *keychain) find(o map[byte]string) int {
	at := k.index(o)
	if at < 0 {
		return k.notFound()
	}
	if _, password := o['w']; !password {
		k.print(k.items[at])
		return 0
	}
	if status := k.unlocked(); status != 0 {
		return status
	}
	secret := k.items[at].Password
	if strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r > '~' }) {
		secret = fmt.Sprintf("%x", secret)
	}
	fmt.Println(secret)
	return 0
}

func (k *keychain) notFound() int {
	fmt.Fprintln(os.Stderr, "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.")
	return errItemNotFound
}

func (k *keychain) remove(o map[byte]string) int {
	at := k.index(o)
	if at < 0 {
		return k.notFound()
	}
	k.print(k.items[at])
	k.items = slices.Delete(k.items, at, at+1)
	fmt.Fprintln(os.Stderr, "password has been deleted.")
	return k.save()
}

func (k *keychain) dump(map[byte]string) int {
	k.print(item{Account: "ada", Service: "com.apple.example", Label: "Somebody else's"})
	fmt.Printf("keychain: \"/Users/ada/Library/Keychains/login.keychain-db\"\nversion: 512\nclass: \"inet\"\nattributes:\n    \"acct\"<blob>=\"X (ragenv)\"\n    \"srvr\"<blob>=\"ragenv\"\n")
	for _, i := range k.items {
		k.print(i)
	}
	return 0
}

func (k *keychain) info(map[byte]string) int {
	if status := k.unlocked(); status != 0 {
		return status
	}
	fmt.Fprintln(os.Stderr, `Keychain "<NULL>" no-timeout`)
	return 0
}

func (k *keychain) print(i item) {
	fmt.Printf("keychain: \"/Users/ada/Library/Keychains/login.keychain-db\"\nversion: 512\nclass: \"genp\"\nattributes:\n"+
		"    0x00000007 <blob>=%s\n    0x00000008 <blob>=<NULL>\n    \"acct\"<blob>=%s\n    \"cdat\"<timedate>=0x32303236313132363031303230335A00  \"20261126010203Z\\000\"\n"+
		"    \"desc\"<blob>=%s\n    \"svce\"<blob>=%s\n    \"type\"<uint32>=<NULL>\n", blob(i.Label), blob(i.Account), blob(i.Kind), blob(i.Service))
}

// blob formats an attribute as print_buffer does.
func blob(s string) string {
	if s == "" {
		return "<NULL>"
	}
	var escaped strings.Builder
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			plain = false
			fmt.Fprintf(&escaped, `\%03o`, c)
		} else {
			escaped.WriteByte(c)
		}
	}
	if plain {
		return `"` + s + `"`
	}
	return fmt.Sprintf("0x%X  \"%s\"", s, escaped.String())
}

func (k *keychain) path() string { return filepath.Join(k.dir, "items.json") }

func (k *keychain) save() int {
	data, err := json.Marshal(k.items)
	if err == nil {
		err = os.WriteFile(k.path()+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(k.path()+".new", k.path())
	}
	if err != nil {
		fail(err)
	}
	return 0
}
