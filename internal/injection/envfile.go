package injection

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

// readSettings reads a file or a pipe, such as the shell's <(COMMAND).
func readSettings(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, atomicfile.MaxSize+1))
	if err == nil && len(data) > atomicfile.MaxSize {
		err = errors.New("it is too long for a file of variables")
	}
	return data, err
}

// readEnvFile returns the settings of a dotenv file as "NAME=value", the last assignment first because
// childenv uses the first one. It fails on a line that needs a shell: a command must not run with half its
// settings.
func readEnvFile(path string) ([]string, error) {
	data, err := readSettings(path)
	if err != nil {
		hint := ui.Explain(err).Hint
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err // the message already has the path
		}
		return nil, ui.Errorf(hint, "--env-file %s: %w", ui.Printable(path), err)
	}
	entries, problems := dotenv.Parse(data)
	if len(entries) == 0 && len(problems) == 0 {
		problems = noAssignment(data)
	}
	if len(problems) > 0 {
		return nil, ui.Errorf(shellquote.Edit(path, problems[0].Line), "--env-file %s: %w", ui.Printable(path), problems[0])
	}
	settings := make([]string, 0, len(entries))
	for i := len(entries) - 1; i >= 0; i-- {
		entry := entries[i]
		if entry.Differs != nil {
			return nil, ui.Errorf("put the value into single quotes: "+shellquote.Edit(path, entry.Line), "--env-file %s: line %d: a shell and Compose read %s differently",
				ui.Printable(path), entry.Line, ui.Printable(entry.Name))
		}
		if !entry.Literal {
			return nil, ui.Errorf("write the value out, or put it into single quotes if it is meant so: "+shellquote.Edit(path, entry.Line), "--env-file %s: line %d: %s has to be expanded, which only a shell does",
				ui.Printable(path), entry.Line, ui.Printable(entry.Name))
		}
		if reason := secrets.Reserved(entry.Name); reason != "" {
			return nil, ui.Errorf("set it in the shell if you mean it", "--env-file %s: line %d: %s cannot be set from a file: it %s",
				ui.Printable(path), entry.Line, ui.Printable(entry.Name), reason)
		}
		settings = append(settings, strings.Join([]string{entry.Name, entry.Value}, "="))
	}
	return settings, nil
}

// noAssignment reports the first line of a file without assignments that is no comment and no name, such as a
// key alone: Compose passes on a variable that a line names.
func noAssignment(data []byte) []dotenv.Problem {
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && !secrets.ValidName(line) {
			return []dotenv.Problem{{Line: i + 1, Reason: "not a line NAME=value"}}
		}
	}
	return nil
}
