package rounds

import "testing"

func TestOf(t *testing.T) {
	for _, test := range []struct {
		env   string
		few   int
		share float64
		want  int
	}{
		{"", 4, 1, 4},
		{"100", 4, 1, 100},
		{"100", 4, 0.2, 20},
		{"100", 4, 0.01, 4}, // never fewer than in the short form
		{"1", 4, 1, 4},
	} {
		t.Setenv(Env, test.env)
		if got := Of(t, test.few, test.share); got != test.want {
			t.Errorf("%s=%s, few %d, share %g: %d, want %d", Env, test.env, test.few, test.share, got, test.want)
		}
		if Long() != (test.env != "") {
			t.Errorf("%s=%s: long is %v", Env, test.env, Long())
		}
	}
}
