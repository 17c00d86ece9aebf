#!/bin/sh
# SPEC.md keeps its own form, and nothing in the tree names a requirement that it does not have.
set -eu
awk -f proto/spec_lint.awk SPEC.md
ids=$(mktemp)
trap 'rm -f "$ids"' EXIT
sed -n 's/^\*\*\(R-[0-9.]*-[0-9]*\)\*\*.*/\1/p' SPEC.md | sort -u >"$ids"
grep -rhoE 'R-[0-9]+(\.[0-9]+)*-[0-9]+' README.md proto ref conformance pcaps --include='*.[ch]' --include='*.rl' \
	--include='*.md' --include='*.1' | sort -u | grep -vxF -f "$ids" | sed 's/^/unknown requirement: /' | { ! grep .; }
