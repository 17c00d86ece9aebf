#!/bin/sh
# The man pages are well formed, and name every option that --help names.
set -eu
build=${BUILD:-build}
status=0
for page in ref/iperf-ref.1 conformance/iperf-conform.1 conformance/iperf-case.5; do
	mandoc -Tlint -Wwarning "$page" || status=1
done
lacks() { # PAGE COMMAND...: options of its --help that the page does not have
	page=$1; shift
	text=$(mandoc -Tutf8 "$page" | sed 's/.\x08//g')
	for option in $("$@" --help | grep -o -e ' --[a-z0-9-]*' -e ' -[A-Za-z0-9],' | tr -d ' ,' | sort -u); do
		printf '%s' "$text" | grep -q -e "[^a-z-]$option\b" || { echo "$page lacks $option of $*"; status=1; }
	done
}
lacks ref/iperf-ref.1 "$build/iperf-ref"
lacks conformance/iperf-conform.1 "$build/iperf-conform"
for command in $("$build/iperf-conform" --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'); do
	lacks conformance/iperf-conform.1 "$build/iperf-conform" "$command"
done
exit $status
