# The demonstration of scripts/quickstart, which sources this file. It uses generated keys and a temporary
# home and, if available, a private Docker engine and registry (test/worlds/e2e-world).
# shellcheck shell=bash
# The caller sets $root and uses set -e. Others expand what is in single quotes:
# shellcheck disable=SC2154,SC2164,SC2016

readonly nim_image=nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b:1.8.0

demo() {
	heading "no keys were given: a demonstration with generated ones"
	say "The keys, the home directory, the registry that answers as nvcr.io and the Docker engine are its own"
	say "and end with it. Your ~/.docker is not touched. What stays: the programs, caches, and packages that"
	say "apt had to install."
	say "With your keys: make quickstart on a terminal, or with NGC_API_KEY set."
	say

	local reason compose='' rc=0
	say "Looking for a Docker engine (where one is missing, apt installs it; no service is started)"
	if ! reason=$("$root/test/worlds/e2e-world" check); then
		without_engine "$reason"
		return
	fi
	if ! docker compose version >/dev/null 2>&1; then
		say "Looking for Docker Compose (built from its source once, in a minute or two, and kept in ~/.cache)"
		IFS=$'\t' read -r _ compose reason < <("$root/test/worlds/clients" compose-v2) || true
		if [[ $compose == - ]]; then
			say "No Compose: $reason"
			compose=''
		fi
	fi
	RAGENV_DEMO_BIN=${PATH%%:*} RAGENV_DEMO_COMPOSE=$compose \
		"$root/test/worlds/e2e-world" run -- "$root/scripts/quickstart" --in-demo || rc=$?
	if ((rc != 0)); then wrong "the demonstration failed, exit status $rc"; fi
}

# The generated keys exist in this shell only. They are passed on through pipes, never as arguments.
ngc_key='' cyborgdb_key=''

generate_keys() {
	ngc_key=nvapi-$(head -c 48 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_')
	cyborgdb_key=cyborg_$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
}

# in_demo runs the whole demonstration inside the private world, whose home is empty.
in_demo() {
	# sudo may have dropped it from PATH.
	PATH=$RAGENV_DEMO_BIN:$PATH
	cd "$HOME"
	generate_keys
	# From now on the registry accepts only this key.
	(umask 077 && printf '%s' "$ngc_key" >"$E2E_REGISTRY_KEY_FILE")
	if [[ -n ${RAGENV_DEMO_COMPOSE:-} ]]; then
		mkdir -p .docker/cli-plugins
		ln -s "$RAGENV_DEMO_COMPOSE" .docker/cli-plugins/docker-compose
	fi
	store_and_configure

	heading "docker pull, with no docker login ever made"
	run docker pull "$nim_image"
	config_without_secrets

	if docker compose version >/dev/null 2>&1; then
		heading "ragenv -- docker compose up"
		cp "$root/scripts/lib/quickstart/compose.yaml" .
		run ragenv -- docker compose up -d
		say
		say "What the engine says the containers were started with (compared, not shown):"
		has nim-llm NGC_API_KEY "$ngc_key"
		has rag-server NVIDIA_API_KEY "$ngc_key"
		has rag-server APP_VECTORSTORE_APIKEY "$cyborgdb_key"
		has cyborgdb CYBORGDB_API_KEY "$cyborgdb_key"
		demo_done "docker pull of a NIM image without a login, and containers with the keys"
	else
		in_a_command
		demo_done "docker pull of a NIM image without a login; Compose could not be had, so no containers"
	fi
}

# without_engine runs the part of the demonstration that works without Docker.
without_engine() {
	say "No Docker engine of its own: $1"
	say "So this shows everything up to Docker: what Docker asks of the helper is asked by hand."
	local home
	home=$(mktemp -d)
	# shellcheck disable=SC2064 # the directory of now
	trap "rm -rf '$home'" EXIT
	unset "${!XDG_@}" "${!RAGENV_@}" DOCKER_CONFIG DBUS_SESSION_BUS_ADDRESS
	export HOME=$home RAGENV_BACKEND=file
	generate_keys
	store_and_configure
	config_without_secrets

	heading "what docker pull asks the helper"
	say "$ echo nvcr.io | docker-credential-ngc get"
	local answer
	answer=$(docker-credential-ngc get <<<nvcr.io)
	if [[ $answer != *"\"Username\":\"\$oauthtoken\""* || $answer != *"\"Secret\":\"$ngc_key\""* ]]; then
		wrong "the helper's answer is not the stored key"
	fi
	say 'ok: the user $oauthtoken and the stored key (compared, not shown)'
	in_a_command
	demo_done "everything but the pull itself, for want of a Docker engine"
}

store_and_configure() {
	heading "store two keys, configure Docker"
	run ragenv setup --yes --no-passphrase
	say '$ ragenv set NGC_API_KEY < a generated key'
	ragenv set NGC_API_KEY < <(printf '%s\n' "$ngc_key")
	say '$ ragenv set CYBORGDB_API_KEY < a generated key'
	ragenv set CYBORGDB_API_KEY < <(printf '%s\n' "$cyborgdb_key")
	run ragenv list
	run ragenv docker configure
}

config_without_secrets() {
	say
	run cat "$HOME/.docker/config.json"
	say
	local config encoded
	config=$(<"$HOME/.docker/config.json")
	encoded=$(printf '%s' '$oauthtoken:'"$ngc_key" | base64 | tr -d '\n')
	if [[ $config == *"$ngc_key"* || $config == *"$encoded"* ]]; then wrong "config.json holds the key"; fi
	say "ok: no key in config.json, plain or encoded"
}

in_a_command() {
	heading "a command with the keys"
	run ragenv -- sh -c 'echo "NGC_API_KEY: ${#NGC_API_KEY} characters, CYBORGDB_API_KEY: ${#CYBORGDB_API_KEY} characters"'
	if [[ $(ragenv -- sh -c 'printf %s "$NVIDIA_API_KEY$CYBORGDB_API_KEY"') != "$ngc_key$cyborgdb_key" ]]; then
		wrong "the command did not get the stored keys"
	fi
	say "ok: the stored ones, NVIDIA_API_KEY included (compared, not shown)"
}

# has SERVICE NAME VALUE checks a variable of a service's container, as the engine reports it.
has() {
	local id environment
	id=$(docker ps --all --quiet --filter "label=com.docker.compose.service=$1")
	environment=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$id")
	if [[ $'\n'$environment$'\n' != *$'\n'"$2=$3"$'\n'* ]]; then wrong "the container of $1 has not the stored key as $2"; fi
	printf 'ok: %-11s %s\n' "$1" "$2"
}

demo_done() {
	heading "done"
	say "Shown: $1."
	say "The generated keys are gone; the programs are installed. With your keys:"
	say
	say "    ragenv setup"
}
