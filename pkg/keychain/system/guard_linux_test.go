package system

import (
	"errors"
	"strings"
	"testing"

	"github.com/godbus/dbus"
	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func TestSecretServiceErrorsAreTyped(t *testing.T) {
	const absent, noCollection = "no Secret Service", `has no collection "mine"`
	for name, c := range map[string]struct {
		want   error
		reason string
	}{
		"org.freedesktop.DBus.Error.ServiceUnknown":   {keychain.ErrUnavailable, absent},
		"org.freedesktop.DBus.Error.NameHasNoOwner":   {keychain.ErrUnavailable, absent},
		"org.freedesktop.Secret.Error.IsLocked":       {keychain.ErrLocked, ""},
		"org.freedesktop.DBus.Error.UnknownObject":    {keychain.ErrUnavailable, noCollection},
		"org.freedesktop.DBus.Error.UnknownMethod":    {keychain.ErrUnavailable, noCollection},
		"org.freedesktop.Secret.Error.NoSuchObject":   {keychain.ErrUnavailable, noCollection},
		"org.freedesktop.DBus.Error.LimitsExceeded":   {keychain.ErrUnavailable, "what the bus says"},
		"org.freedesktop.DBus.Error.AccessDenied":     {keychain.ErrUnavailable, "what the bus says"},
		"org.freedesktop.Secret.Error.NoSession":      {keychain.ErrUnavailable, "what the bus says"},
		"org.freedesktop.DBus.Error.InvalidSignature": {keychain.ErrUnavailable, "what the bus says"},
	} {
		err := secretServiceError(keychain.Options{Collection: "mine"}, dbus.Error{Name: name, Body: []any{"what the bus says"}})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %v with %q", name, err, c.want, c.reason)
		}
	}
	if err := errors.New("not of the bus"); secretServiceError(keychain.Options{}, err) != err {
		t.Error("another error was changed")
	}
}

// A kernel that has no room is not one that refuses.
func TestRefusedByTheKernel(t *testing.T) {
	for errno, want := range map[unix.Errno]error{unix.EDQUOT: keychain.ErrTooLarge, unix.EPERM: keychain.ErrUnavailable, unix.ENOSYS: keychain.ErrUnavailable} {
		if err := refused(errno); !errors.Is(err, want) || errors.Is(err, keychain.ErrKeyQuota) != (errno == unix.EDQUOT) {
			t.Errorf("%v: %v, want %v", errno, err, want)
		}
	}
}

func TestEscapePathElement(t *testing.T) {
	for name, want := range map[string]string{
		"login": "login", "azAZ09": "azAZ09", "a-b c": "a_2db_20c", "`{@[/:": "_60_7b_40_5b_2f_3a", "é": "_c3_a9", "": "",
	} {
		if got := escapePathElement(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
