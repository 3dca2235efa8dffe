package places

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// readEnvFile reads any of a project's files.
func readEnvFile(path string, text []byte) []Finding {
	if IsDockerConfig(text) {
		return readDocker(path, text)
	}
	if format := FormatOf(path, text); format != nil && format != linesFormat {
		return readWith(format)(path, text)
	}
	return readVariables(path, text)
}

func fixEnvFile(path string, f Finding) string {
	switch filepath.Ext(path) {
	case ".yml", ".yaml": // the value is a setting of a service
		return shellquote.Edit(path, f.Line)
	}
	if f.Name == "the index key" {
		return "ragenv import " + quoted(path) + " && rm " + quoted(path)
	}
	return importLine(path)
}

// isCompose reports whether this is the name of a Compose file.
func isCompose(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yml" || ext == ".yaml") && (strings.HasPrefix(name, "compose") || strings.HasPrefix(name, "docker-compose"))
}

// envFileSettings returns the files in env_file of a Compose file, relative to it. env_file is a text, or a
// list of texts or of mappings with a path.
func envFileSettings(text []byte) []string {
	var names []string
	indent := -1
	add := func(name string) {
		if name = unquote(strings.TrimSpace(name)); name != "" && !strings.ContainsAny(name, "${}") {
			names = append(names, name)
		}
	}
	for line := range bytes.Lines(text) {
		content := strings.TrimRight(string(line), "\r\n")
		trimmed := strings.TrimLeft(content, " ")
		depth := len(content) - len(trimmed)
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		trimmed, _, _ = strings.Cut(trimmed, " #")
		if indent >= 0 {
			item, isItem := strings.CutPrefix(trimmed, "- ")
			path, isPath := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(trimmed, "- ")), "path:")
			switch {
			case depth < indent || depth == indent && !isItem:
				indent = -1
			case isPath:
				add(path)
			case isItem && !strings.Contains(item, ": "):
				add(item)
			}
		}
		if value, ok := strings.CutPrefix(trimmed, "env_file:"); ok {
			value = strings.TrimSpace(value)
			if list, ok := strings.CutPrefix(value, "["); ok {
				for item := range strings.SplitSeq(strings.TrimSuffix(list, "]"), ",") {
					add(item)
				}
			} else if value != "" {
				add(value)
			} else {
				indent = depth
			}
		}
	}
	return names
}
