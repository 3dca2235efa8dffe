# Reads the output of "go test -v" of several packages, which go prints one after the other. Prints a line per package, and
# of one that failed also what it said.

function flush_failed(   i) {
	for (i = 1; i <= n; i++) print block[i]
	fflush()
}

/^ok  \t/ { print; fflush(); n = 0; next }
/^\?   \t/ || /^\t.*coverage: / { n = 0; next } # a package without tests
/^FAIL\t/ { flush_failed(); print; fflush(); n = 0; next }
/^=== (RUN|PAUSE|CONT|NAME)/ { next }
/^ *--- (PASS|SKIP)/ { next }
/^(PASS|FAIL)$/ { next }
{ block[++n] = $0 }
END { flush_failed() } # what ended without a package's line: go's own errors
