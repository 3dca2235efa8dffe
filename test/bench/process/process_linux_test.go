package process

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// envRole makes the test program the measured command.
const envRole = "RAGENV_BENCH_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "":
		os.Exit(m.Run())
	case "sleep":
		time.Sleep(100 * time.Millisecond)
	case "burn":
		for usage := (syscall.Rusage{}); time.Duration(usage.Utime.Nano()) < 100*time.Millisecond; {
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
				panic(err)
			}
		}
	case "large":
		block := make([]byte, 64<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		fmt.Println(block[len(block)-4096])
	case "read":
		text := make([]byte, 16)
		n, _ := os.Stdin.Read(text)
		os.Exit(n)
	}
	os.Exit(7)
}

func self(t *testing.T, name string) Command {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Command{Argv: []string{path}, Env: []string{envRole + "=" + name}}
}

func spawn(t *testing.T, c Command) Sample {
	t.Helper()
	s, err := Spawn(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Waiting costs time but no CPU; computing costs both.
func TestSpawnTellsTimeFromCPU(t *testing.T) {
	asleep, busy := spawn(t, self(t, "sleep")), spawn(t, self(t, "burn"))
	if asleep.Exit != 7 || busy.Exit != 7 {
		t.Errorf("exit codes %d and %d, want 7", asleep.Exit, busy.Exit)
	}
	if asleep.Wall < 100*time.Millisecond || busy.Wall < 100*time.Millisecond {
		t.Errorf("they took %v and %v, want no less than 100ms", asleep.Wall, busy.Wall)
	}
	if asleep.CPU >= busy.CPU {
		t.Errorf("CPU of sleeping %v, of computing %v", asleep.CPU, busy.CPU)
	}
	if asleep.Faults == 0 {
		t.Error("a process started without a page fault")
	}
}

func TestSpawnAllAddsUp(t *testing.T) {
	s, err := SpawnAll(self(t, "sleep"), 4)
	if err != nil {
		t.Fatal(err)
	}
	if one := spawn(t, self(t, "sleep")); s.Faults < 3*one.Faults {
		t.Errorf("%d faults of four, %d of one", s.Faults, one.Faults)
	}
	if s.Exit != 7 || s.Wall < 100*time.Millisecond {
		t.Errorf("exit code %d in %v", s.Exit, s.Wall)
	}
}

func TestSpawnHandsOverTheFile(t *testing.T) {
	c := self(t, "read")
	c.Stdin = t.TempDir() + "/in"
	if err := os.WriteFile(c.Stdin, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // read from the beginning each time
		if s := spawn(t, c); s.Exit != 5 {
			t.Errorf("it read %d bytes, want 5", s.Exit)
		}
	}
}

func TestSpawnOfNothing(t *testing.T) {
	if _, err := Spawn(Command{Argv: []string{"/nonexistent"}}); err == nil {
		t.Error("it started")
	}
}

// The peak is the child's own, even if this process is larger.
func TestMaxRSS(t *testing.T) {
	ballast := make([]byte, 256<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	small, err := MaxRSS(self(t, "sleep"), false)
	if err != nil {
		t.Skipf("no process can be traced here: %v", err)
	}
	large, err := MaxRSS(self(t, "large"), false)
	if err != nil {
		t.Fatal(err)
	}
	if small.Bound || small.KiB < 500 || small.KiB > 60<<10 {
		t.Errorf("the small one's peak is %+v", small)
	}
	if large.Bound || large.KiB < 64<<10 || large.KiB > 150<<10 {
		t.Errorf("the large one's peak is %+v", large)
	}
	hidden, err := MaxRSS(self(t, "large"), true)
	if err != nil || !hidden.Bound {
		t.Errorf("a peak below this process's own: %+v, %v; want a bound only", hidden, err)
	}
	if ballast[0] != 1 {
		t.Error("unreachable")
	}
}
