# Clients that come from the distribution's packages. Sourced by test/worlds/clients.
# shellcheck shell=bash
# The table's columns and $cache, $work, $scratch are set by the caller:
# shellcheck disable=SC2154

# Programs of packages that ship daemons are in sbin, which a user's PATH may lack.
find_command() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1"; }

as_root() {
	if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# offered PACKAGE succeeds if apt's lists have a candidate for it.
offered() {
	local policy
	policy=$(apt-cache policy "$1" 2>/dev/null) && [[ $policy =~ Candidate:\ [^\(\ ] ]]
}

# apt_update succeeds if it brought package lists that this run had not seen.
apt_update() {
	if [[ -e $work/updated ]]; then return 1; fi
	touch "$work/updated"
	log "updating apt's package lists"
	quietly as_root apt-get -q update
}

# choose PACKAGES... prints them with each "a:b" replaced by the first one that apt offers.
choose() {
	local spec package
	for spec in "$@"; do
		for package in ${spec//:/ }; do
			if offered "$package"; then
				printf '%s\n' "$package"
				continue 2
			fi
		done
		return 1
	done
}

# apt_install PACKAGES... installs without starting or enabling any service.
#
# Maintainer scripts start and enable services through programs that they look up on PATH, and apt sets that PATH
# from DPkg::Path. Programs of the same names that do nothing, put first on it for this one call, leave no
# trace, unlike a policy-rc.d, which would have to be written to /usr/sbin and survives a kill.
apt_install() {
	local inert="$scratch/inert" program packages lock
	command -v apt-get >/dev/null || unavailable "needs apt-get to install: $*"
	if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
		unavailable "needs root to install: apt-get install $*"
	fi
	exec {lock}>"$cache/.apt.lock"
	flock "$lock"
	if ! packages=$(choose "$@"); then
		{ apt_update && packages=$(choose "$@"); } || unavailable "apt offers no package here for: $*"
	fi
	mkdir -p "$inert"
	for program in invoke-rc.d deb-systemd-invoke deb-systemd-helper update-rc.d service systemctl; do
		printf '#!/bin/sh\nexit 0\n' >"$inert/$program"
		chmod 0755 "$inert/$program"
	done
	local -a install=(
		env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
		apt-get install -y --no-install-recommends -q
		-o DPkg::Lock::Timeout=300 -o "DPkg::Path=$inert:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	)
	mapfile -t -O "${#install[@]}" install <<<"$packages"
	log "installing ${packages//$'\n'/ }"
	if ! quietly as_root "${install[@]}"; then
		# Lists that are out of date name versions which the mirror has no longer.
		{ apt_update && quietly as_root "${install[@]}"; } || unavailable "apt-get install failed: $*"
	fi
	exec {lock}>&-
}

present() {
	local program
	for program in $commands; do find_command "$program" >/dev/null || return 1; done
}

obtain_apt() {
	local path version
	# shellcheck disable=SC2086 # packages and arguments are lists of words
	present || apt_install $what
	path=$(find_command "${commands%% *}") || unavailable "no program ${commands%% *} after installing: $what"
	# shellcheck disable=SC2086
	if [[ -n $probe ]]; then
		version=$(first_version "$("$path" $probe 2>&1 </dev/null)") || unavailable "$path $probe reports no version"
	else # a program that cannot say its version
		version=$(first_version "$(dpkg-query -W -f '${Version}' "${what%% *}" 2>/dev/null)") || unavailable "$path is of no package ${what%% *}"
	fi
	if [[ ! $version =~ $package ]]; then unavailable "$path is version $version, not $package"; fi
	printf '%s\t%s\n' "$path" "$version"
}

# python_with MODULE prints the interpreter that can import it, and the module's version.
python_with() {
	local python
	for python in "$(command -v python3)" /usr/bin/python3; do
		[[ -x $python ]] || continue
		# What a version manager puts on PATH is a stand-in that depends on the directory: hence sys.executable.
		"$python" -c "import sys, $1; print(sys.executable, $1.__version__, sep='\\t')" 2>/dev/null && return
	done
	return 1
}

# obtain_apt_python prints the path of the Python that can import the module.
obtain_apt_python() {
	# shellcheck disable=SC2086
	python_with "$commands" || { apt_install $what && python_with "$commands"; } ||
		unavailable "no python3 can import $commands after installing: $what"
}
