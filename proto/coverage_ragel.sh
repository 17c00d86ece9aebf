#!/bin/sh
# Ragel as the coverage build runs it: `coverage_ragel.sh -G2 -o OUT.c IN.rl`. Ragel tells the compiler where an action
# begins, but not where it ends: what it makes behind an action would be counted on the lines of the .rl that follow.
set -eu
out=$3
ragel "$@"
awk -v out="$out" '
	function own() { print "#line " n + 2 " \"" out "\""; n++ }
	/^#line / && $3 !~ /\.rl"$/ { own(); next }
	{ print; n++ }
	/^#line / { begun = 1; next }
	begun && /^\t\{/ { action = 1 }
	action && /\}$/ { own(); action = 0 }
	{ begun = 0 }
' "$out" >"$out.tmp"
mv "$out.tmp" "$out"
