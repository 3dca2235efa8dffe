package credentialhelper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/ui"
)

// maxInput limits a client's input, in bytes. Identity tokens are a few KiB; no real credential comes
// close.
const maxInput = 1 << 20

// readServer reads the server for get and erase: the whole input without surrounding white space, as
// upstream does. It keeps inner line breaks, which Canonical rejects. Errors: upstream's for a missing
// server.
func readServer(in io.Reader) (string, error) {
	data, err := readAll(in)
	if err != nil {
		return "", err
	}
	server := bytes.Trim(data, " \t\r\n")
	if len(server) == 0 {
		return "", credentials.NewErrCredentialsMissingServerURL()
	}
	return string(server), nil
}

// readCredentials reads the JSON object for store. It ignores unknown fields, which clients may add, and
// rejects anything after the object. It also rejects text that is not Unicode: JSON cannot carry it,
// decoders replace it with U+FFFD, and the stored secret would differ. Errors: upstream's for a missing
// server or user. No error contains any of the input.
func readCredentials(in io.Reader) (*credentials.Credentials, error) {
	data, err := readAll(in)
	if err != nil {
		return nil, err
	}
	var creds credentials.Credentials
	if err := json.Unmarshal(data, &creds); err != nil {
		return nil, fmt.Errorf("the input is not one JSON object with ServerURL, Username and Secret%s", position(err))
	}
	if !utf8.Valid(data) || replaced(data, creds) {
		return nil, ui.Errorf("use a password of valid UTF-8", "the credential is not valid Unicode, and would not be stored as it is")
	}
	switch {
	case strings.Trim(creds.ServerURL, " \t\r\n") == "":
		return nil, credentials.NewErrCredentialsMissingServerURL()
	case creds.Username == "":
		return nil, credentials.NewErrCredentialsMissingUsername()
	}
	return &creds, nil
}

// replaced reports whether the decoder inserted a U+FFFD that is not in the JSON: for half of a surrogate
// pair, such as "\ud800", which Python clients send for bytes that are not UTF-8.
func replaced(data []byte, creds credentials.Credentials) bool {
	const replacement = "\uFFFD"
	decoded := strings.Count(creds.ServerURL+creds.Username+creds.Secret, replacement)
	if decoded == 0 {
		return false
	}
	escapes := bytes.ReplaceAll(bytes.ToLower(data), []byte(`\\`), nil) // an escaped backslash escapes nothing
	return decoded > bytes.Count(data, []byte(replacement))+bytes.Count(escapes, []byte(`\ufffd`))
}

// position returns where the JSON is invalid, without the decoder's text, which quotes the input.
func position(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf(" (wrong at byte %d)", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return " (" + kind.Field + " is not a string)"
	}
	return ""
}

func readAll(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("the input is longer than %d bytes", maxInput)
	}
	return data, nil
}
