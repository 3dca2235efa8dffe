package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Main(m, scripttest.Helper, main) }

func TestScripts(t *testing.T) {
	scripttest.Run(t, map[string]func(ts *testscript.TestScript, neg bool, args []string){
		// control VAR appends a line break to a variable's value, as a careless "$(cat file; echo x)" does.
		"control": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Setenv(args[0], ts.Getenv(args[0])+"\n#")
		},
	})
}
