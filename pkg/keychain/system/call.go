package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// Time limits for the calls of backends that another program serves. Only a prompt may take long. Tests
// shorten them.
var (
	answerLimit = 5 * time.Second
	promptLimit = time.Minute
)

// patience returns the time limit of a call that may prompt the user.
func (r *ring) patience() time.Duration {
	if r.interactive {
		return r.promptLimit
	}
	return r.limit
}

// limited runs call with a time limit. A late call keeps running in its goroutine, and its result is
// dropped.
func limited[T any](r *ring, limit time.Duration, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			// The library's D-Bus code asserts the types of replies; an odd reply must not crash the
			// program.
			if p := recover(); p != nil {
				a.err = r.unavailable("it gave an answer that cannot be understood")
			}
			done <- a
		}()
		if r.guard.prepare != nil {
			if a.err = r.guard.prepare(); a.err != nil {
				return
			}
		}
		a.value, a.err = call()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-timer.C:
		if r.guard.abandon != nil {
			r.guard.abandon()
		}
		var none T
		return none, fmt.Errorf("the %s backend: %w (%s)", r.name, keychain.ErrTimeout, limit)
	}
}

// ask is limited with typed errors.
func ask[T any](r *ring, limit time.Duration, call func() (T, error)) (T, error) {
	value, err := limited(r, limit, call)
	return value, r.typed(err)
}

// call is ask for a call that returns no value.
func (r *ring) call(limit time.Duration, call func() error) error {
	_, err := ask(r, limit, withoutValue(call))
	return err
}

func withoutValue(call func() error) func() (struct{}, error) {
	return func() (struct{}, error) { return struct{}{}, call() }
}

// typed turns an error into one of pkg/keychain's.
func (r *ring) typed(err error) error {
	switch {
	case err == nil, errors.Is(err, keychain.ErrTimeout), errors.Is(err, keychain.ErrUnavailable), errors.Is(err, keychain.ErrLocked), errors.Is(err, keychain.ErrNotFound):
		return err
	case errors.Is(err, errAbsent):
		return keychain.ErrNotFound
	}
	if r.guard.failed != nil {
		err = r.guard.failed(err)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) { // some backends store items as JSON
		return fmt.Errorf("%w: an entry of the %s backend is cut short, or was changed", keychain.ErrDamaged, r.name)
	}
	for _, typed := range []error{keychain.ErrLocked, keychain.ErrTooLarge, keychain.ErrUnavailable, keychain.ErrNotFound, keychain.ErrDamaged} {
		if errors.Is(err, typed) {
			return err
		}
	}
	return fmt.Errorf("the %s backend failed (%w): %w", r.name, keychain.ErrUnavailable, err)
}
