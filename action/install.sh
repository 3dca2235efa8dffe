#!/usr/bin/env bash
#
# Usage: action/install.sh
#
# The GitHub Action: downloads the archive of a release for this system, checks
# it, puts both programs on PATH for the steps that follow, and configures
# Docker. Nothing is unpacked before it is checked.
#
# Environment:
#     RAGENV_VERSION      the release, such as 1.2.3 or v1.2.3
#     RAGENV_SHA256       the archive's SHA-256, in addition to checksums.txt
#     RAGENV_ATTESTATION  auto (default): verify where gh is installed;
#                         require: fail without gh; skip
#     RAGENV_RELEASE_URL  where the files are; default: the release on GitHub
#     GH_TOKEN            for gh
#     RUNNER_TEMP, GITHUB_PATH, GITHUB_OUTPUT  of the runner

set -euo pipefail

readonly repository=ragenv/ragenv

# fail MESSAGE HINT
fail() {
	printf 'ragenv action: error: %s\nragenv action: hint: %s\n' "$1" "$2" >&2
	exit 1
}

[[ -n ${RUNNER_TEMP:-} && -n ${GITHUB_PATH:-} ]] || fail 'RUNNER_TEMP and GITHUB_PATH are not set' 'run this as a step of a workflow: docs/ci.md'

version=${RAGENV_VERSION:-}
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "the version is not one of a release: '$version'" "add to the step: with: { version: '1.2.3' }"

attestation=${RAGENV_ATTESTATION:-auto}
case $attestation in
auto | require | skip) ;;
*) fail "attestation is not auto, require or skip: '$attestation'" 'leave it out to verify where gh is installed' ;;
esac

format=tar.gz suffix=
case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
MINGW* | MSYS* | CYGWIN*) os=windows format=zip suffix=.exe ;;
*) fail "there is no release for $(uname -s)" "build it: go install github.com/$repository/cmd/...@v$version" ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there is no release for $(uname -m)" "build it: go install github.com/$repository/cmd/...@v$version" ;;
esac

archive=ragenv_${version}_${os}_$arch.$format
url=${RAGENV_RELEASE_URL:-https://github.com/$repository/releases/download/v$version}
url=${url%/}

temporary=$RUNNER_TEMP
if [[ $os == windows ]]; then temporary=$(cygpath --unix "$temporary"); fi
download=$(mktemp -d "$temporary/ragenv-download.XXXXXX")
trap 'rm -rf "$download"' EXIT

for file in checksums.txt "$archive"; do
	curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' --retry 3 \
		--output "$download/$file" "$url/$file" || fail "cannot download $url/$file" "check the version: https://github.com/$repository/releases"
done

if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
actual=$("${sum[@]}" <"$download/$archive")
actual=${actual%% *}
expected=$(awk -v name="$archive" '{ sub(/^\*/, "", $2) } $2 == name { print $1 }' "$download/checksums.txt")
[[ -n $expected ]] || fail "checksums.txt does not have $archive" "check the release: https://github.com/$repository/releases/tag/v$version"
[[ $actual == "$expected" ]] || fail "$archive is not what checksums.txt says: its SHA-256 is $actual, not $expected" 'run the job again; if it fails again, do not use the file'
wanted=${RAGENV_SHA256:-}
[[ -z $wanted || $actual == "$wanted" ]] || fail "$archive is not what the workflow asks for: its SHA-256 is $actual, not $wanted" "compare with checksums.txt of the release: sha256 is the value for $archive"

if [[ $attestation == skip ]]; then
	echo "The attestation of $archive is not verified: the workflow says so."
elif gh attestation verify --help >/dev/null 2>&1; then
	gh attestation verify "$download/$archive" --repo "$repository" || fail "the attestation of $archive cannot be verified" 'do not use the file; without access to GitHub, set attestation: skip'
elif [[ $attestation == require ]]; then
	fail 'gh, or its command "attestation", is not installed' 'install gh 2.49 or newer on the runner: https://cli.github.com'
else
	echo "The attestation of $archive is not verified: gh, or its command \"attestation\", is not installed."
fi

directory=$temporary/ragenv-$version
mkdir -p "$directory"
if [[ $format == zip ]]; then
	unzip -o -q "$download/$archive" "ragenv$suffix" "docker-credential-ngc$suffix" -d "$directory"
else
	tar -xzf "$download/$archive" -C "$directory" "ragenv$suffix" "docker-credential-ngc$suffix"
fi

native=$directory
if [[ $os == windows ]]; then native=$(cygpath --windows "$directory"); fi
printf '%s\n' "$native" >>"$GITHUB_PATH"
if [[ -n ${GITHUB_OUTPUT:-} ]]; then printf 'directory=%s\n' "$native" >>"$GITHUB_OUTPUT"; fi

PATH=$directory:$PATH
"$directory/ragenv$suffix" --version
"$directory/ragenv$suffix" docker configure
