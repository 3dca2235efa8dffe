package maskedrun

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/mask"
)

// screen is a writer that others can read while it is written to.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	slow time.Duration
}

func (s *screen) Write(p []byte) (int, error) {
	time.Sleep(s.slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

const value = "horse-battery-staple"

func TestPumpShowsAPromptThatBeginsLikeAValue(t *testing.T) {
	out, ended := &screen{}, make(chan struct{})
	from, to := io.Pipe()
	done := make(chan error)
	go func() { done <- pump(from, mask.New([]string{value}).Writer(out), ended) }()
	for _, step := range []struct{ write, want string }{
		{"Name? h", "Name? h"}, // held back first, because a value begins like this
		{"i\n" + value + "\n", "Name? hi\n***\n"},
	} {
		if _, err := io.WriteString(to, step.write); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); out.String() != step.want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it shows %q, want %q", out.String(), step.want)
			}
		}
	}
	close(ended) // another holder keeps the pipe open
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A reader that is slower than the command still gets everything that was written before the command ended.
func TestPumpWaitsForASlowReader(t *testing.T) {
	out, ended := &screen{slow: 2 * grace}, make(chan struct{})
	close(ended)
	chunks := []io.Reader{strings.NewReader("one "), strings.NewReader("two " + value[:7]), strings.NewReader(value[7:] + " three")}
	if err := pump(io.MultiReader(chunks...), mask.New([]string{value}).Writer(out), ended); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "one two *** three" {
		t.Errorf("%q", got)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestPumpReadsOnAfterAFailedWrite(t *testing.T) {
	full := errors.New("no space left")
	from := strings.NewReader(strings.Repeat("x", 1<<20))
	if err := pump(from, mask.New(nil).Writer(broken{full}), nil); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
	if from.Len() > 0 {
		t.Errorf("%d bytes were not read", from.Len())
	}
}
