#!/bin/sh
# The man pages are well formed, and name every option that --help names.
set -eu
build=${BUILD:-build}
status=0
for page in ref/iperf-ref.1 conformance/iperf-conform.1; do
	mandoc -Tlint -Wwarning "$page" || status=1
	program=$(basename "$page" .1)
	text=$(mandoc -Tutf8 "$page" | sed 's/.\x08//g')
	for option in $("$build/$program" --help | grep -o -e ' --[a-z0-9-]*' -e ' -[A-Za-z0-9],' | tr -d ' ,' | sort -u); do
		printf '%s' "$text" | grep -q -e "[^a-z-]$option\b" || { echo "$page lacks $option"; status=1; }
	done
done
exit $status
