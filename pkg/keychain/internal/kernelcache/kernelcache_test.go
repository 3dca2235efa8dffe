package kernelcache

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPutRefusesWhatCannotBeKept(t *testing.T) {
	secret := []byte(rand.Text())
	for name, c := range map[string]struct {
		id     string
		secret []byte
		ttl    time.Duration
		want   error
	}{
		"no limit":        {"x", secret, 0, ErrLimit},
		"negative":        {"x", secret, -time.Minute, ErrLimit},
		"under a second":  {"x", secret, minTTL - 1, ErrLimit},
		"over a day":      {"x", secret, maxTTL + 1, ErrLimit},
		"no id":           {"", secret, time.Minute, ErrInvalid},
		"NUL in the id":   {"a\x00b", secret, time.Minute, ErrInvalid},
		"endless id":      {strings.Repeat("x", maxID+1), secret, time.Minute, ErrInvalid},
		"no secret":       {"x", nil, time.Minute, ErrInvalid},
		"enormous secret": {"x", make([]byte, maxSecret+1), time.Minute, ErrInvalid},
	} {
		if err := Put(c.id, c.secret, c.ttl); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAnIDThatCannotBeKeptIsAMiss(t *testing.T) {
	for _, id := range []string{"", "a\x00b", strings.Repeat("x", maxID+1)} {
		if secret, err := Get(id); !errors.Is(err, ErrMiss) || secret != nil {
			t.Errorf("Get: %d bytes, %v", len(secret), err)
		}
		if err := Remove(id); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
}

func TestRemovingWhatIsNotThereIsNoError(t *testing.T) {
	if err := Remove("ragenv-test-" + rand.Text()); err != nil {
		t.Error(err)
	}
}
