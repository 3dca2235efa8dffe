package commandline

import (
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/ui"
)

// The widths at which help is wrapped: on a wide terminal, in a file or pipe, and the minimum.
const (
	helpWidth    = 100
	minHelpWidth = 40
)

// widthFor returns the width at which to wrap text written to w.
func widthFor(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return helpWidth
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns == 0 {
		return helpWidth
	}
	return max(minHelpWidth, min(helpWidth, columns))
}

// firstSteps is the heading of the first commands to try.
const firstSteps = "Getting started"

// groups returns the visible commands by category, in the order of their first command.
func groups(commands []*cli.Command) iter.Seq[[]*cli.Command] {
	var order []string
	byName := map[string][]*cli.Command{}
	for _, command := range commands {
		if command.Hidden {
			continue
		}
		if byName[command.Category] == nil {
			order = append(order, command.Category)
		}
		byName[command.Category] = append(byName[command.Category], command)
	}
	return func(yield func([]*cli.Command) bool) {
		for _, name := range order {
			if !yield(byName[name]) {
				return
			}
		}
	}
}

// nameWidth returns the length of the longest visible name, so that the tables of all groups line up.
func nameWidth(commands []*cli.Command) (width int) {
	for _, command := range commands {
		if !command.Hidden {
			width = max(width, len(command.Name))
		}
	}
	return width
}

func writeAppHelp(w io.Writer, app *cli.App) error {
	width := widthFor(w)
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\nUsage:\n%s\n\n%s:\n%s\n", app.Name, app.Usage, indent(app.UsageText), firstSteps, indent(app.Description))
	names := nameWidth(app.Commands)
	for group := range groups(app.Commands) {
		fmt.Fprintf(&b, "\n%s:\n", group[0].Category)
		writeCommandTable(&b, group, names, width)
	}
	b.WriteString("\nFlags:\n")
	writeFlags(&b, app.Flags, width)
	b.WriteString("\nRun " + app.Name + " help COMMAND for details and examples.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCommandHelp(w io.Writer, app *cli.App, command *cli.Command) error {
	path := Path(app, command)
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
	width := widthFor(w)
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\nUsage:\n%s\n", path, command.Usage, indent(synopsis))
	description, examples := SplitExamples(command.Description)
	for _, paragraph := range description {
		if !strings.HasPrefix(paragraph, "  ") { // a table or code is not wrapped
			paragraph = ui.Style{Width: width}.Wrap(paragraph, 0)
		}
		b.WriteString("\n" + paragraph + "\n")
	}
	if examples != "" {
		b.WriteString("\nExamples:\n" + examples + "\n")
	}
	if len(command.Subcommands) > 0 {
		b.WriteString("\nCommands:\n")
		writeCommandTable(&b, command.Subcommands, nameWidth(command.Subcommands), width)
	}
	b.WriteString("\nFlags:\n")
	writeFlags(&b, command.Flags, width)
	_, err := io.WriteString(w, b.String())
	return err
}

// Path returns the command's words, starting with the program's name.
func Path(app *cli.App, command *cli.Command) string {
	if strings.HasPrefix(command.HelpName, app.Name+" ") {
		return command.HelpName
	}
	return app.Name + " " + command.HelpName
}

// SplitExamples splits a command's description into paragraphs and the examples at its end: one or more
// paragraphs of indented shell lines that start with a comment. examples is "" if there are none.
func SplitExamples(description string) (paragraphs []string, examples string) {
	if description = strings.Trim(description, "\n"); description == "" {
		return nil, ""
	}
	paragraphs = strings.Split(description, "\n\n")
	end := len(paragraphs)
	for end > 0 && strings.HasPrefix(paragraphs[end-1], "  # ") {
		end--
	}
	return paragraphs[:end], strings.Join(paragraphs[end:], "\n\n")
}

func writeCommandTable(b *strings.Builder, commands []*cli.Command, names, width int) {
	var rows [][2]string
	for _, command := range commands {
		if !command.Hidden {
			rows = append(rows, [2]string{fmt.Sprintf("%-*s", names, command.Name), command.Usage})
		}
	}
	writeTable(b, rows, width)
}

// Placeholder returns the word for a flag's value in its usage, or "".
func Placeholder(f cli.DocGenerationFlag) string {
	if m := placeholder().FindStringSubmatch(f.GetUsage()); m != nil {
		return m[1]
	}
	return ""
}

var placeholder = lazyregexp.New("`([^`]*)`")

func writeFlags(b *strings.Builder, flags []cli.Flag, width int) {
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
		if value := Placeholder(doc); value != "" && doc.TakesValue() {
			left += " " + value
		}
		rows = append(rows, [2]string{left, strings.ReplaceAll(doc.GetUsage(), "`", "")})
	}
	writeTable(b, rows, width)
}

func writeTable(b *strings.Builder, rows [][2]string, width int) {
	left := 0
	for _, row := range rows {
		left = max(left, len(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(b, "  %-*s  %s\n", left, row[0], ui.Style{Width: width}.Wrap(row[1], left+4))
	}
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
