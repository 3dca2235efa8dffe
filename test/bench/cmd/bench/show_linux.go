package main

import (
	"flag"
	"fmt"

	"github.com/ragenv/ragenv/test/bench/page"
	"github.com/ragenv/ragenv/test/bench/result"
)

func show(arguments []string) error {
	var out string
	flags := flag.NewFlagSet("show", flag.ContinueOnError)
	flags.StringVar(&out, "page", "", "the Markdown file; its charts go to a directory of the same name")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 || out == "" {
		return fmt.Errorf("show needs -page and one file of measure")
	}
	run, err := result.Load(flags.Arg(0))
	if err != nil {
		return err
	}
	return page.Write(run, out)
}
