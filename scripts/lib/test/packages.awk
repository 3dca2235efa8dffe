# Reads the output of "go test -v" for several packages, which go prints one after the other. Prints one
# line per package, and the output of failed tests. Keys in it are generated, but are hidden anyway.

function show_failed(   i, all) {
	# No single test is to blame for a crash, an interruption or a failed build.
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
END { show_failed() } # text without a package's line: go's own errors
