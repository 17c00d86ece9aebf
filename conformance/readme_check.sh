#!/bin/sh
# The matrix in README.md is that of the cases; `conformance/readme_check.sh update` makes it so.
set -eu
build=${BUILD:-build}
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
matrix=$(mktemp)
trap 'rm -f "$matrix" "$matrix.new"' EXIT
"$build/iperf-conform" list --matrix >"$matrix" || exit 1 # a requirement has neither a case nor a reason
awk -v matrix="$matrix" '
	/^<!-- matrix -->$/ { print; print ""; while ((getline line <matrix) > 0) print line; print ""; inside = 1 }
	/^<!-- end of matrix -->$/ { inside = 0 }
	!inside' README.md >"$matrix.new"
if [ "${1-}" = update ]; then
	cat "$matrix.new" >README.md
fi
diff README.md "$matrix.new" || { echo "README.md is behind: run conformance/readme_check.sh update"; exit 1; }
