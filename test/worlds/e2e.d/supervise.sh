# Sourced by scripts/e2e and test/worlds/e2e-world.
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
