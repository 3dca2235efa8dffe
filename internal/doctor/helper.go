package doctor

import (
	"context"
	"strings"

	"github.com/ragenv/ragenv/internal/buildinfo"
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// helper checks that Docker finds the credential helper on PATH and can run it, and that its version is
// this program's.
func (w *World) helper(ctx context.Context) Result {
	path, notExecutable := w.lookPath(helperProgram)
	switch {
	case path == "" && notExecutable != "":
		return Result{Failed, notExecutable + " cannot be run: it is not executable", "chmod 755 " + shellquote.Word(notExecutable)}
	case path == "":
		return Result{Failed, helperProgram + " is not on PATH, so Docker cannot run it", credentialhelper.PathHint(w.Executable)}
	}
	out, err := w.run(ctx, "", path, "version")
	if err != nil {
		return Result{Failed, path + " does not run", "install " + helperProgram + " again: " + shellquote.Word(path)}
	}
	// "docker-credential-ngc (MODULE) VERSION"
	fields := strings.Fields(out)
	if len(fields) != 3 || fields[0] != helperProgram || fields[1] != "("+buildinfo.Module+")" {
		return Result{Failed, path + " is another program with that name", "put the directory of ragenv's own " + helperProgram + " first in PATH"}
	}
	if fields[2] != w.Version {
		return Result{Warning, path + " is " + fields[2] + ", but ragenv is " + w.Version, "install both programs from the same release"}
	}
	return Result{OK, path + ", " + w.Version, ""}
}
