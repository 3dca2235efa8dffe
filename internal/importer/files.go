package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

// source is a list of variables and where they come from.
type source struct {
	path    string         // empty if it is not a file
	title   string         // shown to the user
	entries []dotenv.Entry // Line is 0 if there are no lines

	format *places.Format      // of another program's file; nil for a list of variables
	values []places.Value      // read with format
	unread error               // the first line with a key that could not be read
	logins []dockersetup.Login // of a file in Docker's format
}

func (source source) at(entry dotenv.Entry) string {
	if entry.Line == 0 {
		return source.title
	}
	return fmt.Sprintf("%s line %d", source.title, entry.Line)
}

// readImportFiles reads all files before anything is stored.
func readImportFiles(s *session.Session, o Options) ([]source, error) {
	var sources []source
	for _, path := range o.Files {
		source, err := readImportFile(s, path, o)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func readImportFile(s *session.Session, path string, o Options) (source, error) {
	source := source{path: path, title: path}
	var data []byte
	var err error
	if path == readfile.Standard {
		source.path, source.title = "", "standard input"
		if data, err = io.ReadAll(io.LimitReader(s.Stdin, atomicfile.MaxSize+1)); err == nil && len(data) > atomicfile.MaxSize {
			err = errors.New("standard input is too long for a file of variables")
		}
	} else {
		data, err = atomicfile.Read(path)
	}
	if err != nil {
		hint := ""
		var target *atomicfile.TargetError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			hint = "give the path of a file that is there: ragenv import FILE"
		case isDirectory(path):
			hint = "ls -A " + shellquote.Word(path)
			if env := filepath.Join(path, ".env"); isFile(env) {
				hint = "ragenv import " + shellquote.Word(env)
			}
		case errors.As(err, &target):
			hint = "to read it without changing it: ragenv import - < " + shellquote.Word(path)
		}
		return source, ui.Errorf(hint, "%w", err)
	}
	text, err := decodeImport(source, data)
	if err != nil {
		return source, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	isJSON := bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
	if o.Remove && source.path == "" {
		return source, ui.Usagef("run it without --remove, and delete "+source.title+" then", "--remove cannot change %s", source.title)
	}
	if source.format = places.FormatOf(path, text); source.format != nil {
		readPlace(s, &source, text, o)
		return source, nil
	}
	if isJSON && places.IsDockerConfig(text) {
		source.logins, err = fileLogins(s, source, text, o)
		return source, err
	}
	if o.Remove && isJSON {
		return source, ui.Usagef("run it without --remove, and delete "+source.title+" then", "--remove cannot leave a comment in %s", ui.Printable(source.title))
	}
	if isJSON {
		source.entries, err = jsonEntries(s, source.title, text)
		return source, err
	}
	var problems []dotenv.Problem
	source.entries, problems = readVariables(text, o.As)
	if len(problems) > 0 {
		s.Print.Note("%s: skipped lines that are not simple assignments, first line %d: %s", ui.Printable(source.title), problems[0].Line, problems[0].Reason)
	}
	source.unread = unreadKey(source.title, text, problems, o)
	return source, nil
}

// decodeImport returns the file as text, or an error if it is not text.
func decodeImport(source source, data []byte) ([]byte, error) {
	name := ui.Printable(source.title)
	switch text, _, err := bom.Decode(data); {
	case err != nil:
		return nil, ui.Errorf("write the file again; nothing was stored", "%s: %w", name, err)
	case bom.Unmarked(data):
		order := "UTF-16LE"
		if data[0] == 0 {
			order = "UTF-16BE"
		}
		from := ""
		if source.path != "" {
			from = " " + shellquote.Word(source.path)
		}
		return nil, ui.Errorf("iconv -f "+order+" -t UTF-8"+from+" | ragenv import -", "%s: %w", name, bom.ErrUnmarked)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, ui.Errorf("", "%s: it has NUL bytes, so it is not a text file", name)
	default:
		return text, nil
	}
}

// plaintextLogins returns the logins in Docker's config.json to import: the one for nvcr.io, or all.
func plaintextLogins(s *session.Session, o Options) ([]dockersetup.Login, error) {
	f, err := dockerconfig.Load(dockersetup.ConfigPath(s))
	if err != nil {
		return nil, dockersetup.ExplainError(err)
	}
	return wantedLogins(s, "config.json", f, o), nil
}
