//go:build unix

package maskedrun

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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

// always is a source that never has anything pending.
type always struct{ io.Reader }

func (always) drained() bool { return true }

func TestPumpShowsAPromptThatBeginsLikeAValue(t *testing.T) {
	out, ended := &screen{}, make(chan struct{})
	from, to := io.Pipe()
	done := make(chan error)
	go func() { done <- pump(always{from}, mask.New([]string{value}).Writer(out), ended) }()
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
	if err := pump(always{io.MultiReader(chunks...)}, mask.New([]string{value}).Writer(out), ended); err != nil {
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
	if err := pump(always{from}, mask.New(nil).Writer(broken{full}), nil); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
	if from.Len() > 0 {
		t.Errorf("%d bytes were not read", from.Len())
	}
}

// late is a source whose reader runs only after the time of pump has passed once.
type late struct {
	text  string
	asked chan struct{} // closed by the first call of drained
	end   chan struct{} // another holder keeps the stream open until then
	taken atomic.Bool
}

func (l *late) Read(p []byte) (int, error) {
	<-l.asked
	if l.taken.Swap(true) {
		<-l.end
		return 0, io.EOF
	}
	return copy(p, l.text), nil
}

func (l *late) drained() bool {
	if l.taken.Load() {
		return true
	}
	select {
	case <-l.asked:
	default:
		close(l.asked)
	}
	return false
}

// What the command wrote last is shown even if this process was stopped while the time for others passed.
func TestPumpShowsTheLastOutputAfterAStop(t *testing.T) {
	out, ended := &screen{}, make(chan struct{})
	close(ended)
	from := &late{text: "the last line\n", asked: make(chan struct{}), end: make(chan struct{})}
	defer close(from.end)
	if err := pump(from, mask.New(nil).Writer(out), ended); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != from.text {
		t.Errorf("%q", got)
	}
}

func TestDrained(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	o := &output{file: read}
	if o.drained() {
		t.Error("nobody has read yet")
	}
	if _, err := write.WriteString("onetwo"); err != nil {
		t.Fatal(err)
	}
	if o.waiting.Store(true); o.drained() { // a Read that waits, and has not been woken yet
		t.Error("drained with data in the pipe")
	}
	taken := make(chan string)
	next := make(chan struct{})
	go func() {
		defer close(taken)
		for buffer := make([]byte, 3); ; <-next {
			n, err := o.Read(buffer)
			if err != nil {
				return
			}
			taken <- string(buffer[:n])
		}
	}()
	for i, want := range []string{"one", "two"} {
		if i > 0 {
			next <- struct{}{}
		}
		if got := <-taken; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		if o.drained() {
			t.Errorf("drained with %q in hand", want)
		}
	}
	next <- struct{}{}
	for deadline := time.Now().Add(time.Minute); !o.drained(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not drained though all was read")
		}
	}
	_ = write.Close()
	if _, ok := <-taken; ok {
		t.Error("more than was written")
	}
}
