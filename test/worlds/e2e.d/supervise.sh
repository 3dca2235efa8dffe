# Sourced by scripts/e2e and test/worlds/e2e-world.
# shellcheck shell=bash

# supervise COMMAND... runs it with this shell's standard input and returns its exit status. Bash acts on a signal only
# after a foreground command has ended; here one that comes meanwhile is passed on at once, and the shell exits as
# soon as COMMAND did. Its EXIT trap runs either way.
supervise() {
	local rc=0
	# A background job of a script ignores these signals, unless they are restored.
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
	# What sudo started is root's.
	kill -s "$1" "$supervised" 2>/dev/null || sudo -n kill -s "$1" "$supervised" 2>/dev/null || true
	wait "$supervised" || true
	exit "$2"
}
