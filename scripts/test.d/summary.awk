# Reads the whole output of "go test -v". Prints how many tests passed, failed and were skipped, and why the last were.

/^=== (RUN|CONT|NAME) / { current = $3; next }

# A test's message, which stands before its result.
/^ +[A-Za-z0-9_.-]+\.go:[0-9]+: / {
	text = $0
	sub(/^ +[A-Za-z0-9_.-]+\.go:[0-9]+: /, "", text)
	said[current] = text
	next
}

/^ *--- PASS: / { passed++; next }
/^ *--- FAIL: / { failed++; failures[failed] = $3; next }
/^ *--- SKIP: / {
	reason = said[$3] == "" ? "no reason given" : said[$3]
	skipped++
	if (!(reason in count)) order[++reasons] = reason
	count[reason]++
	if (count[reason] <= 3) names[reason] = names[reason] (count[reason] > 1 ? ", " : "") $3
	else if (count[reason] == 4) names[reason] = names[reason] ", ..."
	next
}
/^ok  \t/ { packages++ }
/^FAIL\t/ { packages++; broken++; packageFailures[broken] = $2 }

END {
	for (i = 1; i <= reasons; i++) printf "skipped  %3d  %s (%s)\n", count[order[i]], order[i], names[order[i]]
	for (i = 1; i <= failed; i++) printf "FAILED        %s\n", failures[i]
	for (i = 1; i <= broken; i++) printf "FAILED        %s\n", packageFailures[i]
	printf "%d tests passed, %d failed, %d skipped, in %d packages, %d s\n", passed, failed, skipped, packages, seconds
}
