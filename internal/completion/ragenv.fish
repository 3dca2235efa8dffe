# Completion of ragenv for fish. Load it with: ragenv completion fish | source

function __ragenv_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command $tokens[1] __complete -- $tokens[2..-1] "$current" 2>/dev/null </dev/null)
    switch "$lines[1]"
        case ':words'
            test (count $lines) -gt 1; and printf '%s\n' $lines[2..-1]
        case ':files'
            __fish_complete_path "$current"
        case ':command *'
            set -l first (math (string replace ':command ' '' -- $lines[1]) + 2)
            set -l line
            if test $first -le (count $tokens)
                set line (string escape -- $tokens[$first..-1])
            end
            complete --do-complete (string join ' ' -- $line "$current")
    end
end

complete --command ragenv --no-files --keep-order --arguments '(__ragenv_complete)'
