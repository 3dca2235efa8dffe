# Reads the output of "go test -v" of several packages, which go prints one after the other. Prints a line per package, and
# of one that failed also what its failed tests said. Keys in it are generated ones, and are hidden too.

function show_failed(   i, all) {
	# Of a crash, an interruption or a build that failed no test bears the blame.
	all = crashed || failures == 0
	for (i = 1; i <= n; i++) {
		if (!all && owner[i] != "" && !(owner[i] in failed)) continue
		gsub(/nvapi-[A-Za-z0-9_-]+/, "nvapi-***", block[i])
		print block[i]
	}
}

function forget() {
	fflush()
	n = failures = crashed = 0
	current = ""
	split("", failed)
}

/^ok  \t/ { print; forget(); next }
/^\?   \t/ || /^\t.*coverage: / { forget(); next } # a package without tests
/^FAIL\t/ { show_failed(); print; forget(); next }
/^=== (RUN|PAUSE|CONT|NAME) / { current = $3; next }
/^ *--- (PASS|SKIP): / { next }
/^ *--- FAIL: / { failed[$3]; failures++; block[++n] = $0; owner[n] = $3; next }
/^(PASS|FAIL)$/ { next }
/^(panic: |fatal error: |SIG)/ { crashed = 1 }
{ block[++n] = $0; owner[n] = current }
END { show_failed() } # what ended without a package's line: go's own errors
