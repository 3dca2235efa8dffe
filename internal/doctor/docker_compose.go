package doctor

import "context"

// dockerCompose checks that the Compose plugin is installed and new enough for the Blueprint's files.
func (w *World) dockerCompose(ctx context.Context) Result {
	docker, _ := w.lookPath("docker")
	if docker == "" {
		return Result{Warning, "not checked: docker is not on PATH", installEngine}
	}
	out, err := w.run(ctx, "", docker, "compose", "version", "--short")
	got, ok := parseVersion(out)
	switch {
	case err != nil || out == "":
		return Result{Warning, "the docker command has no Compose plugin", installCompose}
	case !ok:
		return Result{Warning, "cannot read the version of Compose", "docker compose version"}
	case got.before(oldestCompose):
		return Result{Failed, "Compose " + got.String() + " is older than the " + oldestCompose.String() + " that NVIDIA's RAG Blueprint needs", installCompose}
	}
	return Result{OK, "Compose " + got.String(), ""}
}
