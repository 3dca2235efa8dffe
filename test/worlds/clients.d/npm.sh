# Clients that npm installs. Sourced by test/worlds/clients.
# shellcheck shell=bash
# The caller sets the table's columns and $cache, $scratch:
# shellcheck disable=SC2154

# obtain_npm prints the path of the command or, without a command, of the library, which node finds by
# directory.
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
