package bigstack

import (
	"runtime"
	"sync"
	"testing"
)

// TestGrow checks that the call enlarges a stack although it uses none of it.
func TestGrow(t *testing.T) {
	const goroutines = 100
	inUse := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.StackInuse
	}
	var grown, ended sync.WaitGroup
	end := make(chan struct{})
	before := inUse()
	for range goroutines {
		grown.Add(1)
		ended.Go(func() {
			grow(false)
			grown.Done()
			<-end
		})
	}
	grown.Wait()
	after := inUse()
	close(end)
	ended.Wait()
	if after < before+goroutines*size {
		t.Errorf("%d stacks grew from %d to %d bytes, want %d bytes more for each", goroutines, before, after, size)
	}
}
