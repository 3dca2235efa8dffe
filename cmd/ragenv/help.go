package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpWidth is the column after which help is wrapped.
const helpWidth = 100

func newHelpCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the help of a command",
		ArgsUsage: "[COMMAND...]",
		Action: func(c *cli.Context) error {
			return newApp(p).Run(slices.Concat([]string{programName}, c.Args().Slice(), []string{"--" + flagHelp}))
		},
	}
}

const appSynopsis = `ragenv [flags] -- COMMAND [ARG...]
ragenv COMMAND [flags] [ARG...]`

func writeAppHelp(w io.Writer, app *cli.App) error {
	var b strings.Builder
	fmt.Fprintf(&b, "ragenv - %s\n\nUsage:\n%s\n\nCommands:\n", app.Usage, indent(appSynopsis))
	writeCommandTable(&b, app.Commands)
	b.WriteString("\nFlags:\n")
	writeFlags(&b, app.Flags)
	b.WriteString("\nThe first minute:\n" + indent(`ragenv setup
ragenv -- docker compose up`) + "\n\nragenv help COMMAND shows more.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCommandHelp(w io.Writer, command *cli.Command) error {
	path := commandPath(command)
	synopsis := command.UsageText
	if synopsis == "" {
		synopsis = path
		if len(command.Subcommands) > 0 {
			synopsis += " COMMAND"
		}
		synopsis += " [flags]"
		if command.ArgsUsage != "" {
			synopsis += " " + command.ArgsUsage
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\nUsage:\n%s\n", path, command.Usage, indent(synopsis))
	if command.Description != "" {
		b.WriteString("\n")
		for paragraph := range strings.SplitSeq(strings.TrimSpace(command.Description), "\n\n") {
			if strings.HasPrefix(paragraph, "  ") { // an example, kept as it is
				b.WriteString(paragraph + "\n\n")
				continue
			}
			b.WriteString(wrap(paragraph, 0) + "\n\n")
		}
		text := strings.TrimRight(b.String(), "\n") + "\n"
		b.Reset()
		b.WriteString(text)
	}
	if len(command.Subcommands) > 0 {
		b.WriteString("\nCommands:\n")
		writeCommandTable(&b, command.Subcommands)
	}
	b.WriteString("\nFlags:\n")
	writeFlags(&b, command.Flags)
	_, err := io.WriteString(w, b.String())
	return err
}

// commandPath is the command's words, the program's name first.
func commandPath(command *cli.Command) string {
	if strings.HasPrefix(command.HelpName, programName+" ") {
		return command.HelpName
	}
	return programName + " " + command.HelpName
}

func writeCommandTable(b *strings.Builder, commands []*cli.Command) {
	var rows [][2]string
	for _, command := range commands {
		if !command.Hidden {
			rows = append(rows, [2]string{command.Name, command.Usage})
		}
	}
	writeTable(b, rows)
}

var placeholder = regexp.MustCompile("`([^`]*)`")

func writeFlags(b *strings.Builder, flags []cli.Flag) {
	var rows [][2]string
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if visible, isVisible := f.(cli.VisibleFlag); !ok || isVisible && !visible.IsVisible() {
			continue
		}
		names := f.Names()
		left := "    --" + names[0]
		if i := slices.IndexFunc(names, func(name string) bool { return len(name) == 1 }); i >= 0 {
			left = "-" + names[i] + ", --" + names[0]
		}
		if m := placeholder.FindStringSubmatch(doc.GetUsage()); m != nil && doc.TakesValue() {
			left += " " + m[1]
		}
		rows = append(rows, [2]string{left, strings.ReplaceAll(doc.GetUsage(), "`", "")})
	}
	writeTable(b, rows)
}

func writeTable(b *strings.Builder, rows [][2]string) {
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(b, "  %-*s  %s\n", width, row[0], wrap(row[1], width+4))
	}
}

// wrap breaks text at spaces for the help; further lines begin at column.
func wrap(text string, column int) string { return wrapWithin(helpWidth, text, column) }

// wrapWithin breaks text at spaces before width; the first line is taken to begin at column, and the further ones do.
func wrapWithin(width int, text string, column int) string {
	var b strings.Builder
	at := column
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > width:
			b.WriteString("\n" + strings.Repeat(" ", column))
			at = column
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
