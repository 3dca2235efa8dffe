# Clients that come from the distribution's packages. Sourced by test/worlds/clients.
# shellcheck shell=bash
# The caller sets the table's columns and $cache, $work, $scratch:
# shellcheck disable=SC2154

# Programs of packages with daemons are in sbin, which may not be in a user's PATH.
find_command() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1"; }

as_root() {
	if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# offered PACKAGE succeeds if apt's lists have a candidate for the package.
offered() {
	local policy
	policy=$(apt-cache policy "$1" 2>/dev/null) && [[ $policy =~ Candidate:\ [^\(\ ] ]]
}

# apt_update succeeds if it got package lists that are new to this run.
apt_update() {
	if [[ -e $work/updated ]]; then return 1; fi
	touch "$work/updated"
	log "updating apt's package lists"
	quietly as_root apt-get -q update
}

# choose PACKAGES... prints the packages, with each "a:b" replaced by the first one that apt offers.
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

# apt_install PACKAGES... installs packages without starting or enabling any service.
#
# Maintainer scripts start and enable services with programs from PATH, which apt sets from DPkg::Path. For
# this one call, programs of the same names that do nothing come first on it. Unlike a policy-rc.d in
# /usr/sbin, which survives a kill, they leave no trace.
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
		# Outdated lists name versions that the mirror no longer has.
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
	else # the program cannot print its version
		version=$(first_version "$(dpkg-query -W -f '${Version}' "${what%% *}" 2>/dev/null)") || unavailable "$path is of no package ${what%% *}"
	fi
	if [[ ! $version =~ $package ]]; then unavailable "$path is version $version, not $package"; fi
	printf '%s\t%s\n' "$path" "$version"
}

# python_with MODULE prints an interpreter that can import the module, and the module's version.
python_with() {
	local python
	for python in "$(command -v python3)" /usr/bin/python3; do
		[[ -x $python ]] || continue
		# On PATH a version manager has a stand-in that depends on the directory, so use sys.executable.
		"$python" -c "import sys, $1; print(sys.executable, $1.__version__, sep='\\t')" 2>/dev/null && return
	done
	return 1
}

# obtain_apt_python prints the path of a Python that can import the module.
obtain_apt_python() {
	# shellcheck disable=SC2086
	python_with "$commands" || { apt_install $what && python_with "$commands"; } ||
		unavailable "no python3 can import $commands after installing: $what"
}
