#compdef ragenv
# Completion of ragenv for zsh. Load it with: source <(ragenv completion zsh), after compinit

_ragenv() {
	local -a before lines described
	local line kind program=${words[1]}
	before=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
	lines=("${(@f)$(command ${(Q)~program} __complete -- "${before[@]}" 2>/dev/null </dev/null)}")
	kind=${lines[1]}
	for line in "${(@)lines[2,-1]}"; do
		[[ -n $line ]] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done

	case $kind in
	:words) _describe -V ragenv described -o nosort ;;
	:files) _files ;;
	:command*)
		(( line = ${kind#:command } + 1 ))
		shift $line words
		(( CURRENT -= line ))
		_normal
		;;
	esac
}

if [[ ${funcstack[1]} == _ragenv ]]; then
	_ragenv "$@"
else
	compdef _ragenv ragenv
fi
