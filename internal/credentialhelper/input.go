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

// maxInput bounds what is read from a client, in bytes. Identity tokens are a few KiB; no real credential is near it.
const maxInput = 1 << 20

// readServer reads the server of get and erase: the whole input without the white space around it, as upstream does. A line
// break inside stays there, for the canonicaliser to refuse. Errors: upstream's for a missing server.
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

// readCredentials reads the JSON object of store. Unknown fields are ignored, as clients may send more one day; anything
// after the object is refused. So is text that is not Unicode, which JSON cannot carry: decoders put U+FFFD in its place,
// and the stored secret would be another one. Errors: upstream's for a missing server or user; none holds any of the input.
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

// replaced reports whether the decoder put U+FFFD where the JSON has none: for half of a surrogate pair, such as "\ud800",
// which Python clients send for bytes that are not UTF-8.
func replaced(data []byte, creds credentials.Credentials) bool {
	const replacement = "\uFFFD"
	decoded := strings.Count(creds.ServerURL+creds.Username+creds.Secret, replacement)
	if decoded == 0 {
		return false
	}
	escapes := bytes.ReplaceAll(bytes.ToLower(data), []byte(`\\`), nil) // an escaped backslash escapes nothing
	return decoded > bytes.Count(data, []byte(replacement))+bytes.Count(escapes, []byte(`\ufffd`))
}

// position says where JSON went wrong, without the decoder's own text, which quotes the input.
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
