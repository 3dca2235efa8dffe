# Builds for scripts/bench and scripts/bench-instructions: this tree, another commit, and the tools of
# test/bench. Both source this file and run in the repository's root.
# shellcheck shell=bash

log() { printf 'bench: %s\n' "$*" >&2; }

# fail ERROR HINT exits with an error.
fail() {
	printf 'bench: error: %s\nbench: hint: %s\n' "$1" "$2" >&2
	exit 2
}

needs_linux() {
	if [[ $(uname -s) != Linux ]]; then
		echo "bench: SKIP: it measures on Linux only"
		exit 77
	fi
}

# make_scratch creates the directory $scratch, which is removed when the caller exits.
make_scratch() {
	scratch=$(mktemp -d)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

clean_up() {
	if [[ -d $scratch/tree ]]; then git worktree remove --force "$scratch/tree" || true; fi
	rm -rf "$scratch"
}

# as_installed rewrites files in one go, as installers do. The linker writes in small pieces, and the
# resulting page cache slows a start by a tenth.
as_installed() {
	local file
	for file; do
		cp -- "$file" "$file.copy"
		mv -- "$file.copy" "$file"
	done
}

# build_tools builds the measuring program, and the baseline program with the flags of a release.
build_tools() {
	local build=(env -C test/bench CGO_ENABLED=0 GOWORK=off go build -buildvcs=false -trimpath -o "$scratch/")
	"${build[@]}" ./cmd/bench
	"${build[@]}" -ldflags '-s -w' ./cmd/hello
	as_installed "$scratch/hello"
}

# build_tree ROOT DIR builds the programs of a tree as for a release.
build_tree() {
	"$1/scripts/build" "$2"
	as_installed "$2/docker-credential-ngc" "$2/ragenv"
}

build_this() {
	log "building $(scripts/lib/version || true)"
	build_tree "$PWD" "$scratch/after"
}

# build_other REF_OR_DIR creates $scratch/before.
build_other() {
	local commit
	if [[ -d $1 ]]; then
		copy_programs "$1" "$scratch/before"
		return
	fi
	commit=$(git rev-parse --verify --quiet "$1^{commit}") || fail "$1 is neither a commit nor a directory" 'git log --oneline'
	git worktree add --quiet --detach "$scratch/tree" "$commit"
	log "building $commit"
	build_tree "$scratch/tree" "$scratch/before"
}

copy_programs() {
	[[ -x $1/docker-credential-ngc && -x $1/ragenv ]] || fail "$1 does not hold both programs" "scripts/build $1"
	mkdir -p "$2"
	cp "$1/docker-credential-ngc" "$1/ragenv" "$2/"
}

# version_of DIR prints the version that the program there reports.
version_of() { "$1/docker-credential-ngc" version | awk '{ print $NF }'; }

# install_valgrind succeeds if it could install valgrind with apt.
install_valgrind() {
	local path
	IFS=$'\t' read -r _ path _ < <(test/worlds/clients valgrind)
	[[ $path != - ]]
}
