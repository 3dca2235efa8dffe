# Creates a bare Debian or Ubuntu of this machine's release. test/worlds/fresh-machine and
# test/worlds/deb-round source this file, and define log MESSAGE and skip REASON, which exits.
# shellcheck shell=bash

# sources prints SITE, SUITE and COMPONENT of the release's own archives, as known to apt.
sources() {
	local codename=$1 site suite component list
	# shellcheck disable=SC2016 # fields of apt's
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		while read -r site suite component; do
			[[ $suite == "$codename" || $suite == "$codename"-* ]] || continue
			case $site in
			# A list of mirrors, best first.
			mirror+file:*)
				list=${site#mirror+file:}
				site=$(awk '/^[a-z]+:/ { print $1; exit }' "$list")
				;;
			http://* | https://*) ;;
			*) continue ;;
			esac
			printf '%s %s %s\n' "${site%/}" "$suite" "$component"
		done | sort -u
}

# bare_machine DEBOOTSTRAP DIRECTORY WORK [PACKAGES] installs the essential packages and PACKAGES (separated
# by commas) in DIRECTORY. It sets bare_codename and writes the output of sources to WORK/sources. It must
# run as root.
bare_machine() {
	local debootstrap=$1 machine=$2 work=$3 include=${4:+--include=$4} mirror components proxy
	bare_codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	sources "$bare_codename" >"$work/sources"
	mirror=$(awk -v suite="$bare_codename" '$2 == suite && $3 == "main" { print $1; exit }' "$work/sources")
	[[ -n $mirror ]] || skip "apt has no source of the main archive of this release"
	components=$(awk -v suite="$bare_codename" '$2 == suite { print $3 }' "$work/sources" | sort -u | paste -sd,)
	# Not exported earlier, since Go and git read it, too.
	proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy)
	if [[ -n $proxy && $proxy != DIRECT ]]; then export http_proxy=$proxy; fi
	if ! "$debootstrap" --variant=minbase ${include:+"$include"} --components="$components" \
		"$bare_codename" "$machine" "$mirror" >"$work/debootstrap.log" 2>&1; then
		tail -n 20 "$work/debootstrap.log" >&2
		log "debootstrap failed"
		exit 1
	fi
}
