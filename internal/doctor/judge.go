package doctor

import (
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/validate"
)

// relation is how a value found somewhere relates to the stored keys.
type relation int

const (
	noKey     relation = iota
	storedKey          // equal to a stored value
	otherKey           // different from the stored value
	strayKey           // a key without a stored value to compare, or with one that cannot be read
)

// judge compares a value with the stored keys. of is the stored name that it is, or should be; for a
// strayKey, the variable.
func (w *World) judge(a places.Assignment) (r relation, of string) {
	for _, item := range w.envItems() { // whatever its name in the file
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

// isKey reports by its format alone whether a value is a key.
func (w *World) isKey(a places.Assignment) bool {
	if places.IsNGCKey(a.Value) {
		return true
	}
	kind := secrets.KindOf(a.Name)
	return kind != validate.Text && validate.Worst(validate.Check(kind, a.Value)) < validate.Unusual
}

// minSecret is the minimum length for comparing values: a stored user name "admin" occurs everywhere.
const minSecret = 8
