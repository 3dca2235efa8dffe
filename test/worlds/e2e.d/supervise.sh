# Sourced by scripts/e2e, scripts/e2e-clients and test/worlds/e2e-world, which define root and log.
# shellcheck shell=bash

# supervise COMMAND... runs it with this shell's standard input and returns its exit status. Bash handles a
# signal only after a foreground command ends. supervise passes a signal on at once, and the shell exits as
# soon as COMMAND does. Its EXIT trap runs in both cases.
supervise() {
	local rc=0
	# A script's background job ignores these signals unless they are restored.
	env --default-signal=INT,QUIT "$@" <&0 &
	supervised=$!
	trap 'pass_on INT 130' INT
	trap 'pass_on TERM 143' TERM
	trap 'pass_on HUP 129' HUP
	wait "$supervised" || rc=$?
	trap - INT TERM HUP
	return "$rc"
}

pass_on() {
	trap '' INT TERM HUP
	# Processes started with sudo belong to root.
	kill -s "$1" "$supervised" 2>/dev/null || sudo -n kill -s "$1" "$supervised" 2>/dev/null || true
	wait "$supervised" || true
	exit "$2"
}

# test_in_world PROGRAM ARGUMENT... runs a test program in a world of its own (see test/worlds/e2e-world), and in another one
# if the first one's engine stopped answering.
test_in_world() {
	local rc=0
	# shellcheck disable=SC2154 # root: see above
	supervise "$root/test/worlds/e2e-world" run -- "$@" || rc=$?
	if ((rc == 75)); then
		log 'the Docker engine stopped answering, see above; once more, with a new one'
		rc=0
		supervise "$root/test/worlds/e2e-world" run -- "$@" || rc=$?
	fi
	return "$rc"
}
