# Clients that are built from Go modules. Sourced by test/worlds/clients.
# shellcheck shell=bash
# The caller sets the table's columns and $cache, $work, $scratch, $here:
# shellcheck disable=SC2154

# go_run ARGUMENTS... runs go outside the caller's module and workspace.
go_run() { (cd "$scratch" && quietly env GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED="$cgo" timeout 3600 go "$@"); }

# module_dir MODULE@VERSION downloads the module and prints the directory of its source in the module cache.
module_dir() {
	go_run mod download "$1" || return 1
	(cd "$scratch" && GOWORK=off GOFLAGS='' go list -m -f '{{.Dir}}' "$1")
}

# copy_module MODULE@VERSION DIR copies the source, since builds need a writable directory.
copy_module() {
	local from
	from=$(module_dir "$1") || return 1
	cp -R "$from" "$2" && chmod -R u+w "$2"
}

build_install() {
	local all=() each built
	for each in "${packages[@]}"; do all+=("$module${each:+/$each}@$version"); done
	GOBIN="$scratch/bin" go_run install -trimpath -tags "$tags" -ldflags "$ldflags" "${all[@]}" || return 1
	built=("$scratch"/bin/*)
	if ((${#all[@]} == 1)); then mv "${built[0]}" "$out"; else mv "${built[@]}" "${out%/*}/"; fi
}

build_source() {
	local to=$out mod=()
	copy_module "$what" "$scratch/src" || return 1
	# docker/cli has no go.mod; this file replaces it.
	if [[ -e $scratch/src/vendor.mod ]]; then
		mv "$scratch/src/vendor.mod" "$scratch/src/go.mod"
		mv "$scratch/src/vendor.sum" "$scratch/src/go.sum"
		rm -rf "$scratch/src/vendor" # the module contains only a little of it
	fi
	if [[ -n $without ]]; then rm "$scratch/src/$without"; fi
	drop_absent || return 1
	if ((${#packages[@]} > 1)); then to=${out%/*}/; fi # each under its own name
	go_run -C "$scratch/src" build "${mod[@]}" -trimpath -tags "$tags" -ldflags "$ldflags" -o "$to" "${packages[@]/#/./}"
}

# drop_absent drops the requirements whose replacement is a missing directory: it is a module of its own.
# Only tests need such requirements. It sets the caller's mod.
drop_absent() {
	local of version
	while read -r of version; do
		go_run -C "$scratch/src" mod edit -dropreplace "$of@$version" -droprequire "$of" || return 1
		mod=(-mod=mod)
	done < <(sed -nE 's#^(replace)?[[:space:]]*([^ ]+) (v[^ ]+) => (\./[^ ]+)$#\2 \3 \4#p' "$scratch/src/go.mod" |
		while read -r of version dir; do [[ -e $scratch/src/$dir ]] || printf '%s %s\n' "$of" "$version"; done)
}

# build_kube builds in a module that requires k8s.io/kubernetes. That has only directories for its staging
# modules, so each comes from its own release: v0.X.Y of k8s.io/api belongs to v1.X.Y of k8s.io/kubernetes.
build_kube() {
	local from staging="v0.${version#v1.}"
	from=$(module_dir "$what") || return 1
	mkdir "$scratch/kube"
	{
		printf 'module kube\n\n%s\n\n' "$(grep -E '^go ' "$from/go.mod")"
		printf 'require %s %s\n\n' "$module" "$version"
		sed -nE "s#^[[:space:]]*(k8s\.io/[^ ]+) => \./staging/.*#replace \1 => \1 $staging#p" "$from/go.mod"
	} >"$scratch/kube/go.mod"
	go_run -C "$scratch/kube" build -mod=mod -trimpath -ldflags "$ldflags" -o "$out" "$module/$package"
}

obtain_go() {
	local module=${what%@*} version=${what##*@} cgo=0 tags='' without='' word out
	local ldflags="-s -w ${build//@/${what##*@}}"
	local command=${commands%% *} dir="$cache/$name-${what##*@}"
	local packages=("$package")
	if [[ $package == *' '* ]]; then read -ra packages <<<"$package"; fi
	# Check the last one, too: a build for an earlier list may lack it.
	if [[ -x $dir/$command && -x $dir/${commands##* } ]]; then
		printf '%s\t%s\n' "$dir/$command" "$version"
		return
	fi
	command -v go >/dev/null || unavailable "needs go to build $what"
	for word in $build; do
		case $word in
		tags:*) tags=${word#tags:} ;;
		without:*) without=${word#without:} ;;
		cgo:*)
			cgo=1
			command -v cc >/dev/null || unavailable "needs a C compiler to build $what"
			[[ $(dpkg-query -W -f '${Status}' "${word#cgo:}" 2>/dev/null) == *' installed' ]] || apt_install "${word#cgo:}"
			;;
		*) continue ;;
		esac
		ldflags=${ldflags/"$word"/}
	done
	mkdir "$scratch/out"
	out="$scratch/out/$command"
	log "building $name from $what"
	"build_$source" || unavailable "building $what failed$(why_not)"
	# shellcheck disable=SC2086 # arguments are a list of words
	HOME=$scratch quietly "$out" $probe || unavailable "$command $probe of the built program failed"
	grep -qF -- "${version#v}" "$scratch/log" || unavailable "$command $probe does not report $version"
	rm -rf "$dir"
	mv "$scratch/out" "$dir"
	printf '%s\t%s\n' "$dir/$command" "$version"
}

# obtain_tool takes the version from the directory: a program that is built without -X settings may not know its own.
obtain_tool() {
	local tool="$here/../../scripts/lib/tool" path dir
	command -v go >/dev/null || unavailable "needs go to build $what"
	quietly "$tool" "$what" || unavailable "scripts/lib/tool $what failed$(why_not)"
	path=$("$tool" "$what")
	dir=${path%/*}
	printf '%s\t%s\n' "$path" "${dir##*-}"
}

# why_not prints the most common causes, for users without the log.
why_not() {
	if grep -q 'requires go >=' "$scratch/log"; then
		printf ': it %s' "$(grep -Eo -m1 'requires go >= [0-9.]+' "$scratch/log")"
	elif grep -Eq '404|not available|unknown revision|no matching versions' "$scratch/log"; then
		printf ': the module proxy does not offer it'
	fi
}
