// Package credentialhelper is the credential helper of Docker's clients: its protocol, answered from the keychain.
package credentialhelper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/hardening"
	"github.com/ragenv/ragenv/internal/ui"
)

// Program is the name clients find the helper by: "docker-credential-" and the name in config.json.
const Program = "docker-credential-ngc"

// Called reports whether a program was started under the helper's name.
func Called(argv0 string) bool { return calledOn(runtime.GOOS, argv0) }

// calledOn knows that Windows takes names in any case, with and without .exe, and behind both kinds of slashes.
func calledOn(goos, argv0 string) bool {
	if goos != "windows" {
		return path.Base(argv0) == Program
	}
	name := strings.ToLower(argv0[strings.LastIndexAny(argv0, `\/:`)+1:])
	return strings.TrimSuffix(name, ".exe") == Program
}

// Run serves one verb and returns the exit code. What it does is Docker's credential helper protocol
// (github.com/docker/docker-credential-helpers): the verb is the only argument; get and erase read a server, store reads
// JSON; the answer goes to stdout, and so does the text of an error, with exit code 1. Clients take stdout as a whole and
// compare it, so nothing else is ever written there; they hand stderr to the user.
//
// Types, verbs and texts are those of upstream's credentials package. Its Serve and HandleCommand are not used: they read by
// bufio.Scanner, which joins lines ("nv\ncr.io" would be nvcr.io) and refuses those over 64 KiB; they pass on texts of
// the JSON decoder, which quote the input; and an answer that could not be written is a success to them.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(stdout, usage)
		return ui.CodeFailure
	}
	h := newHelper(getenv, stderr)
	if err := hardening.Elevated(); err != nil {
		return h.fail(ui.Errorf(unelevate, "%w", err), stdout)
	}
	if err := h.handOver(args[0]); err != nil {
		return h.fail(err, stdout)
	}
	var answer bytes.Buffer
	if err := serve(h, args[0], stdin, &answer); err != nil {
		return h.fail(err, stdout)
	}
	// A user name that a login brought must not steer the terminal of anyone who runs the helper by hand.
	if _, err := stdout.Write(ui.EscapeJSON(answer.Bytes())); err != nil {
		return h.print.Fail(fmt.Errorf("write the answer: %w", err))
	}
	return 0
}

// fail says to the client, and to the user what the client does not, why there is no answer.
func (h *helper) fail(err error, stdout io.Writer) int {
	if !isProtocolError(err) {
		h.print.Fail(err)
	}
	_, _ = io.WriteString(stdout, errorText(err)+"\n")
	return ui.CodeFailure
}

// unelevate fixes hardening.ErrElevated.
const unelevate = `chmod a-s "$(command -v ` + Program + `)", and setcap -r on it`

// usage is upstream's, flags and all: clients and packagers' tests look for it.
const usage = "Usage: " + Program + " <store|get|erase|list|version>"

func serve(h *helper, verb string, in io.Reader, out io.Writer) error {
	switch verb {
	case "--help", "-h":
		_, err := fmt.Fprintln(out, usage)
		return err
	case "--version", "-v", credentials.ActionVersion:
		credentials.Name, credentials.Package, credentials.Version = Program, buildinfo.Module, buildinfo.Version()
		return credentials.PrintVersion(out)
	case credentials.ActionStore:
		creds, err := readCredentials(in)
		if err != nil {
			return err
		}
		return h.Add(creds)
	case credentials.ActionGet:
		server, err := readServer(in)
		if err != nil {
			return err
		}
		user, secret, err := h.Get(server)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(credentials.Credentials{ServerURL: server, Username: user, Secret: secret})
	case credentials.ActionErase:
		server, err := readServer(in)
		if err != nil {
			return err
		}
		return h.Delete(server)
	case credentials.ActionList:
		return credentials.List(h, out)
	case actionKubelet:
		return serveKubelet(h, in, out)
	default:
		return ui.Errorf(Program+" --help", "unknown action: %.40q", verb)
	}
}

// isProtocolError reports whether a client knows the error by its text, and so says itself what is to be said.
func isProtocolError(err error) bool {
	return credentials.IsErrCredentialsNotFound(err) || credentials.IsCredentialsMissingServerURL(err) ||
		credentials.IsCredentialsMissingUsername(err)
}

// errorText is the line of stdout. Clients compare it with the protocol's own texts, and show any other as
// "out: `...`", some of them without what was written to stderr: so the hint is in it.
func errorText(err error) string {
	if isProtocolError(err) {
		return err.Error()
	}
	explained := ui.Explain(err)
	text := explained.Error()
	if explained.Hint != "" {
		text += " (hint: " + explained.Hint + ")"
	}
	return ui.Printable(text)
}
