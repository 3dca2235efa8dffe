package injection

import (
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// expandedArgument is an argument that the shell left empty before ragenv ran. For example, it
// replaces the variable in "ragenv -- docker run -e A=$A" before ragenv sets it.
type expandedArgument struct {
	shown string // the argument; its value is empty, so it holds no secret
	form  string // what works instead
}

// passwordFlag matches options that take a secret. setPassword matches values of --set that are secrets, as
// in Helm.
var (
	passwordFlag = lazyregexp.New(`(?i)^--?(?:[a-z0-9-]*-)?(?:password|passwd|pass|token|api-?key|secret)$`)
	setPassword  = lazyregexp.New(`(?i)(?:^|[.,_-])(?:password|apikey|api_key|token|secret)$`)
)

// expandedArguments returns the empty arguments that were most likely meant to hold an injected variable.
func expandedArguments(command []string, injected []string) []expandedArgument {
	var found []expandedArgument
	for i, arg := range command {
		if i == 0 {
			continue
		}
		if arg == "" && passwordFlag().MatchString(command[i-1]) {
			found = append(found, expandedArgument{command[i-1] + ` ""`, inShell})
			continue
		}
		name, isEmpty := strings.CutSuffix(arg, "=")
		if !isEmpty || strings.ContainsAny(name, " \n") {
			continue
		}
		bare := name[strings.LastIndexByte(name, '=')+1:] // strips the prefix of --env=NAME= and --set=KEY=
		bare = strings.TrimPrefix(bare, "-e")
		switch {
		case slices.Contains(injected, bare) && (arg != bare+"=" || slices.Contains([]string{"-e", "--env", "--build-arg"}, command[i-1])):
			found = append(found, expandedArgument{arg, "-e " + bare + " hands the variable over by its name"})
		case slices.Contains(injected, bare):
			found = append(found, expandedArgument{arg, inShell})
		case passwordFlag().MatchString(name), strings.Contains(bare, ".") && setPassword().MatchString(bare):
			found = append(found, expandedArgument{arg, inShell})
		}
	}
	return found
}

var inShell = "let a shell inside replace the variable: ragenv -- " + shellquote.Inner("COMMAND")

// warnOfExpanded warns of arguments that the shell left empty.
func warnOfExpanded(s *session.Session, command []string, injected []string) {
	for _, arg := range expandedArguments(command, injected) {
		s.Print.Warn("%s is empty: your shell replaced the variable before ragenv could set it", arg.shown)
		s.Hint(arg.form)
	}
}
