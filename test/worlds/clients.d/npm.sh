# Clients that npm installs. Sourced by test/worlds/clients.
# shellcheck shell=bash
# The table's columns and $cache, $scratch are set by the caller:
# shellcheck disable=SC2154

# obtain_npm prints the command's path, or without one the library's, which node finds by its directory.
obtain_npm() {
	local version=${what##*@} dir
	dir="$cache/$name-$version"
	if [[ ! -d $dir ]]; then
		command -v npm >/dev/null || unavailable "needs npm to install $what"
		mkdir "$scratch/out"
		quietly npm install --prefix "$scratch/out" --no-audit --no-fund --ignore-scripts --loglevel error "$what" ||
			unavailable "npm install $what failed"
		mv "$scratch/out" "$dir"
	fi
	if [[ -n $commands ]]; then
		printf '%s\t%s\n' "$dir/node_modules/.bin/$commands" "$version"
	else
		printf '%s\t%s\n' "$dir/node_modules/${what%@*}" "$version"
	fi
}
