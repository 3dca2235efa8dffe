package session

import (
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// LoginInstead returns the login to nvcr.io under another user that the helper returns although the key is
// stored. It returns false if there is none or if the keychain cannot be read now.
func (s *Session) LoginInstead(k *keychain.Keychain) (keychain.Item, bool) {
	if !k.Unlocked() {
		return keychain.Item{}, false
	}
	known, _ := secrets.ForRegistry(serverurl.NGC)
	login, err := k.Get(keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: serverurl.NGC})
	if err != nil {
		return keychain.Item{}, false
	}
	key, err := k.Get(s.EnvRef(known.Name))
	return login, err == nil && credentialhelper.LoginAnswers(key, login)
}

// DescribeInstead says which login the helper returns instead of a stored key.
func DescribeInstead(login keychain.Item) string {
	return "a later docker login as " + ui.Printable(login.Username)
}

// RemoveLogin is the command that removes such a login and keeps the key.
const RemoveLogin = "ragenv rm " + serverurl.NGC
