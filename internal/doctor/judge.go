package doctor

import (
	"slices"

	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/validate"
)

// relation is what a value found somewhere has to do with what is stored.
type relation int

const (
	noKey     relation = iota
	storedKey          // the very value that is stored
	otherKey           // another one than the stored
	strayKey           // a key, and nothing is stored to compare it with, or it cannot be read
)

// judge compares a value with what is stored. of is the stored name that it is, or should be; for a strayKey the variable.
func (w *World) judge(a places.Assignment) (r relation, of string) {
	for _, item := range w.envItems() { // whatever it is called there
		if value := item.Secret.Reveal(); value == a.Value && len(value) >= minSecret {
			return storedKey, item.Name
		}
	}
	if a.Name == "" && !places.IsNGCKey(a.Value) {
		return noKey, ""
	}
	if a.Name == "" {
		return strayKey, "an NGC key"
	}
	if source, ok := w.source(a.Name); ok {
		if _, ok := w.value(source); ok {
			return otherKey, source
		}
	}
	if w.isKey(a) {
		return strayKey, a.Name
	}
	return noKey, ""
}

// isKey tells by its shape alone whether a value is a key.
func (w *World) isKey(a places.Assignment) bool {
	if places.IsNGCKey(a.Value) {
		return true
	}
	kind := secrets.KindOf(a.Name)
	return kind != validate.Text && validate.Worst(validate.Check(kind, a.Value)) < validate.Unusual
}

// minSecret is the length below which equal values mean nothing: a stored user name "admin" is all over the place.
const minSecret = 8

// knownVariables returns the names of the table, with their aliases.
func knownVariables() []string {
	var names []string
	for _, known := range secrets.All() {
		names = append(append(names, known.Name), known.Aliases...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
