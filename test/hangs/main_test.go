package hangs

import (
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// The programs are built once and removed after the last test.
func TestMain(m *testing.M) { scripttest.Waiting(m) }
