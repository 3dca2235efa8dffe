package page

import (
	"fmt"

	"github.com/ragenv/ragenv/test/bench/result"
)

// goal is a target for the ratio of two medians of one run.
type goal struct {
	title    string
	of, id   string // the numerator
	per, ref string // the denominator
	bound    float64
	least    bool // the ratio must be at least the bound
}

var goals = []goal{
	{"helper `get` against hello", result.After, "get", result.Base, result.Hello, 1.9, false},
	{"helper `get` of an unknown host against hello", result.After, "unknown", result.Base, result.Hello, 1.5, false},
	{"helper `list` of 100 against hello", result.After, "list-100", result.Base, result.Hello, 8, false},
	{"`ragenv -- true` against hello", result.After, "ragenv-true", result.Base, result.Hello, 3, false},
	{"docker-credential-secretservice `get` against our default `get`", result.Peer, "secretservice", result.After, "get", 5, true},
	{"docker-credential-pass `get` against our default `get`", result.Peer, "pass", result.After, "get", 11, true},
	{"docker-credential-secretservice `get` against ours, both on gnome-keyring", result.Peer, "secretservice", result.After, "get-secret-service", 2, true},
	{"docker-credential-pass `get` against ours, both on pass", result.Peer, "pass", result.After, "get-pass", 1.6, true},
}

func (g goal) value(r *result.Run) float64 {
	over, under := r.Find(g.of, g.id), r.Find(g.per, g.ref)
	if over == nil || under == nil || under.Wall.Median() == 0 {
		return 0
	}
	return over.Wall.Median() / under.Wall.Median()
}

func (g goal) limit() string {
	if g.least {
		return fmt.Sprintf("at least %g ×", g.bound)
	}
	return fmt.Sprintf("at most %g ×", g.bound)
}

func (g goal) measured(r *result.Run) string {
	if x := g.value(r); x > 0 {
		return number(x) + " ×"
	}
	return "–"
}

func (g goal) verdict(r *result.Run) string {
	switch x := g.value(r); {
	case x == 0:
		return "not measured"
	case g.least && x < g.bound, !g.least && x > g.bound:
		return "**missed**"
	}
	return "met"
}
