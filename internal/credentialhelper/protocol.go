// Package credentialhelper implements Docker's credential helper protocol with the keychain.
package credentialhelper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/hardening"
	"github.com/ragenv/ragenv/internal/ui"
)

// Run serves one verb and returns the exit code. It implements Docker's credential helper protocol
// (github.com/docker/docker-credential-helpers): the verb is the only argument; get and erase read a
// server, store reads JSON. The answer, or the text of an error with exit code 1, goes to stdout. Clients
// compare all of stdout, so nothing else is written there; they show stderr to the user.
//
// The types, verbs and texts are those of upstream's credentials package. Its Serve and HandleCommand are
// not used. They read with bufio.Scanner, which joins lines ("nv\ncr.io" would become nvcr.io) and rejects
// lines over 64 KiB. They pass on the JSON decoder's texts, which quote the input. And they report success
// if the answer could not be written.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(stdout, usage)
		return ui.CodeFailure
	}
	h := newHelper(getenv, stderr)
	if err := hardening.Elevated(); err != nil {
		return h.fail(ui.Errorf(hardening.Fix(Program), "%w", err), stdout)
	}
	if err := h.handOver(args[0]); err != nil {
		return h.fail(err, stdout)
	}
	var answer bytes.Buffer
	if err := serve(h, args[0], stdin, &answer); err != nil {
		return h.fail(err, stdout)
	}
	// A user name from a login must not control the terminal of a user who runs the helper by hand.
	if _, err := stdout.Write(ui.EscapeJSON(answer.Bytes())); err != nil {
		return h.print.Fail(fmt.Errorf("write the answer: %w", err))
	}
	return 0
}

// fail reports an error to the client, and to the user if the client does not.
func (h *helper) fail(err error, stdout io.Writer) int {
	if !isProtocolError(err) {
		h.print.Fail(err)
	}
	_, _ = io.WriteString(stdout, errorText(err)+"\n")
	return ui.CodeFailure
}

// usage matches upstream's, flags included, because clients and packagers' tests search for it.
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

// isProtocolError reports whether a client recognizes the error by its text, and so reports it itself.
func isProtocolError(err error) bool {
	return credentials.IsErrCredentialsNotFound(err) || credentials.IsCredentialsMissingServerURL(err) ||
		credentials.IsCredentialsMissingUsername(err)
}

// errorText returns the line for stdout. Clients compare it with the protocol's texts and show any other as
// "out: `...`". Some do not show stderr, so the line includes the hint.
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
