# Reads the whole output of "go test -v". Prints the ten slowest tests, the reasons for skipped tests, and
# the numbers of passed, failed and skipped tests.

/^=== (RUN|CONT|NAME) / { current = $3; next }

# remember keeps the ten slowest tests, slowest first.
function remember(name, took,   i) {
	for (i = slow < 10 ? ++slow : 10; i > 1 && time[i - 1] < took; i--) {
		time[i] = time[i - 1]
		slowest[i] = slowest[i - 1]
	}
	if (i < 10 || time[i] < took) {
		time[i] = took
		slowest[i] = name
	}
}

# A test's message, which precedes its result.
/^ +[A-Za-z0-9_.-]+\.go:[0-9]+: / {
	text = $0
	sub(/^ +[A-Za-z0-9_.-]+\.go:[0-9]+: /, "", text)
	said[current] = text
	next
}

# Not subtests: their time is part of the test's.
/^--- (PASS|FAIL): / { remember($3, substr($4, 2) + 0) }

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
	for (i = 1; i <= slow; i++) printf "slow  %6.1f s  %s\n", time[i], slowest[i]
	for (i = 1; i <= reasons; i++) printf "skipped  %3d  %s (%s)\n", count[order[i]], order[i], names[order[i]]
	for (i = 1; i <= failed; i++) printf "FAILED        %s\n", failures[i]
	for (i = 1; i <= broken; i++) printf "FAILED        %s\n", packageFailures[i]
	printf "%d tests passed, %d failed, %d skipped, in %d packages, %d s\n", passed, failed, skipped, packages, seconds
}
