#!/bin/sh
# SPEC.md keeps its own form, and nothing in the tree names a requirement that it does not have, but for the tests of
# what is said then.
set -eu
awk -f proto/spec_lint.awk SPEC.md
ids=$(mktemp)
trap 'rm -f "$ids"' EXIT
sed -n 's/^\*\*\(R-[0-9.]*-[0-9]*\)\*\*.*/\1/p' SPEC.md | sort -u >"$ids"
grep -rhoE 'R-[0-9]+(\.[0-9]+)*-[0-9]+' README.md proto ref conformance pcaps --include='*.[ch]' --include='*.rl' \
	--include='*.md' --include='*.1' --include='*.5' --include='*.txt' \
	--exclude=case_wrong_test.c --exclude=suite_test.c --exclude=tap_test.c |
	sort -u | grep -vxF -f "$ids" | sed 's/^/unknown requirement: /' | { ! grep .; }
