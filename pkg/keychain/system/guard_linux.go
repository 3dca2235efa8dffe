package system

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/godbus/dbus"
	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func newGuard(name string, opts keychain.Options) guard {
	switch name {
	case keychain.BackendSecretService:
		return secretServiceGuard(opts)
	case keychain.BackendKWallet:
		return kwalletGuard(opts)
	case keychain.BackendKeyctl:
		return keyctlGuard()
	}
	return guard{}
}

// The Secret Service API, org.freedesktop.secrets (specifications.freedesktop.org/secret-service).
const (
	secretServiceName = "org.freedesktop.secrets"
	secretServicePath = "/org/freedesktop/secrets"
	collectionPath    = secretServicePath + "/collection/"
	serviceType       = "org.freedesktop.Secret.Service"
	collectionType    = "org.freedesktop.Secret.Collection"
	itemType          = "org.freedesktop.Secret.Item"
)

func secretServiceGuard(opts keychain.Options) guard {
	connect := func() (*dbus.Conn, dbus.BusObject, error) {
		conn, err := dbus.SessionBus() // shares the library's connection
		if err != nil {
			return nil, nil, fmt.Errorf("the %s backend is %w: %s", keychain.BackendSecretService, keychain.ErrUnavailable, noSessionBus)
		}
		return conn, conn.Object(secretServiceName, dbus.ObjectPath(collectionPath+escapePathElement(collection(opts)))), nil
	}
	locked := func() (bool, error) {
		_, collection, err := connect()
		if err != nil {
			return false, err
		}
		value, err := collection.GetProperty(collectionType + ".Locked")
		if err != nil {
			return false, secretServiceError(opts, err)
		}
		isLocked, ok := value.Value().(bool)
		if !ok {
			return false, errors.New("it does not say whether it is locked")
		}
		return isLocked, nil
	}
	return guard{
		locked: locked,
		usable: func() error {
			_, err := locked()
			return err
		},
		read: func(name string) ([]byte, error) {
			conn, collection, err := connect()
			if err != nil {
				return nil, err
			}
			return readSecretService(conn, collection, name)
		},
		exists: func(name string) (bool, error) {
			_, collection, err := connect()
			if err != nil {
				return false, err
			}
			var paths []dbus.ObjectPath
			// "profile" is the library's attribute for the name.
			err = collection.Call(collectionType+".SearchItems", 0, map[string]string{"profile": name}).Store(&paths)
			return len(paths) > 0, secretServiceError(opts, err)
		},
		failed: func(err error) error { return secretServiceError(opts, err) },
	}
}

// secretServiceError turns a Secret Service's D-Bus errors into typed ones.
func secretServiceError(opts keychain.Options, err error) error {
	var answer dbus.Error
	if !errors.As(err, &answer) {
		return err
	}
	reason := answer.Error()
	if isAbsent(answer) {
		reason = "no Secret Service (GNOME Keyring, KeePassXC, KWallet) runs on the session bus"
	}
	switch answer.Name {
	case "org.freedesktop.Secret.Error.IsLocked":
		return keychain.ErrLocked
	case "org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.Secret.Error.NoSuchObject":
		reason = fmt.Sprintf("the Secret Service has no collection %q", collection(opts))
	}
	return fmt.Errorf("the %s backend is %w: %s", keychain.BackendSecretService, keychain.ErrUnavailable, reason)
}

// KWallet's API in KDE Frameworks 5, the only one that the library speaks
// (kwallet/src/api/KWallet/org.kde.KWallet.xml).
const (
	kwalletName      = "org.kde.kwalletd5"
	kwalletPath      = "/modules/kwalletd5"
	kwalletInterface = "org.kde.KWallet"
)

// kwalletGuard checks the wallet before the library opens it, because opening a closed wallet prompts the
// user.
func kwalletGuard(opts keychain.Options) guard {
	unavailable := func(reason string) error {
		return fmt.Errorf("the %s backend is %w: %s", keychain.BackendKWallet, keychain.ErrUnavailable, reason)
	}
	return guard{verify: true, usable: func() error {
		conn, err := dbus.SessionBus() // shares the library's connection
		if err != nil {
			return unavailable(noSessionBus)
		}
		service := conn.Object(kwalletName, kwalletPath)
		var enabled, open bool
		if err = service.Call(kwalletInterface+".isEnabled", 0).Store(&enabled); err == nil && enabled {
			err = service.Call(kwalletInterface+".isOpen", 0, kwallet).Store(&open)
		}
		var answer dbus.Error
		switch {
		case errors.As(err, &answer) && isAbsent(answer):
			return unavailable("no KWallet of KDE Frameworks 5 (kwalletd5) runs on the session bus")
		case err != nil:
			return unavailable(err.Error())
		case !enabled:
			return unavailable("KWallet is switched off in KDE's settings")
		case !open && !opts.Interactive:
			return fmt.Errorf("%w: the wallet %s is closed", keychain.ErrLocked, kwallet)
		}
		return nil
	}}
}

// isAbsent reports whether the bus says that no process owns the name.
func isAbsent(answer dbus.Error) bool {
	return answer.Name == "org.freedesktop.DBus.Error.ServiceUnknown" || answer.Name == "org.freedesktop.DBus.Error.NameHasNoOwner"
}

// escapePathElement escapes a collection's name as services do in object paths: bytes other than ASCII
// letters and digits become _xx.
func escapePathElement(name string) string {
	var b []byte
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "_%02x", c)
		}
	}
	return string(b)
}

// isErrno reports whether err is errno or ends with its text: the library returns most errors as text only.
func isErrno(err error, errno unix.Errno) bool {
	return errors.Is(err, errno) || strings.HasSuffix(err.Error(), ": "+errno.Error())
}

func keyctlGuard() guard {
	return guard{
		usable: func() error {
			if _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true); err != nil {
				return refused(err)
			}
			return nil
		},
		// Only a possessor may write, and not every login session links the user keyring. Linking it to
		// this thread's keyring gives possession. Credentials belong to a thread, so the call has to stay
		// on it. The thread is never unlocked, so it ends with its goroutine.
		prepare: func() error {
			runtime.LockOSThread()
			if _, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0); err != nil {
				return refused(err)
			}
			return nil
		},
		failed: func(err error) error {
			switch {
			case isErrno(err, unix.EDQUOT):
				return fmt.Errorf("%w: %w (keyrings(7))", keychain.ErrTooLarge, keychain.ErrKeyQuota)
			case isErrno(err, unix.EKEYEXPIRED), isErrno(err, unix.EKEYREVOKED), isErrno(err, unix.ENOKEY):
				return keychain.ErrNotFound
			}
			for _, errno := range []unix.Errno{unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EINVAL, unix.ENOMEM} {
				if isErrno(err, errno) {
					return refused(errno)
				}
			}
			return err
		},
	}
}

// refused returns the error for a kernel, seccomp filter or security module that denies keyctl.
func refused(err error) error {
	if isErrno(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w (keyrings(7))", keychain.ErrTooLarge, keychain.ErrKeyQuota)
	}
	return fmt.Errorf("the %s backend is %w: the kernel refuses it (%w)", keychain.BackendKeyctl, keychain.ErrUnavailable, err)
}
