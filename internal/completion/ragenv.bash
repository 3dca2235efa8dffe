# Completion of ragenv for bash. Load it with: source <(ragenv completion bash)
# shellcheck shell=bash

_ragenv() {
	local words=() at=() word raw=${COMP_WORDS[COMP_CWORD]} joined=1 i
	# Bash parts words at "=" and ":", and hands these over as words of their own.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 1)) && [[ $word == [=:] || $word == :: ]]; then
			words[${#words[@]} - 1]+=$word joined=0
		elif ((joined == 0)); then
			words[${#words[@]} - 1]+=$word joined=1
		else
			words+=("$word") at+=("$i")
		fi
	done
	[[ $raw != [=:] && $raw != :: ]] || raw=
	local current=${words[${#words[@]} - 1]}
	local before=${current%"$raw"} kind='' value program=$1
	[[ $program != \~/* ]] || program=$HOME/${program#\~/} # as typed: not expanded yet

	COMPREPLY=()
	while IFS=$'\t' read -r value _; do
		if [[ -z $kind ]]; then
			kind=$value
			continue
		fi
		[[ $value == *= ]] && compopt -o nospace 2>/dev/null
		COMPREPLY+=("${value#"$before"}")
	done < <(command "$program" __complete -- "${words[@]}" 2>/dev/null </dev/null)

	case $kind in
	:files)
		compopt -o default 2>/dev/null || while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$raw")
		;;
	:command*)
		i=${at[${kind#:command }]}
		if declare -F _comp_command_offset >/dev/null; then
			_comp_command_offset "$i"
		elif declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		elif ((i == COMP_CWORD)); then
			while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -c -- "$raw")
		else
			compopt -o default 2>/dev/null || while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$raw")
		fi
		;;
	esac
}

complete -o nosort -F _ragenv ragenv 2>/dev/null || complete -F _ragenv ragenv
