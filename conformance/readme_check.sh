#!/bin/sh
# The tables in README.md are those of the cases and of the expectations; `conformance/readme_check.sh update` makes them so.
set -eu
build=${BUILD:-build}
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT
"$build/iperf-conform" list --matrix >"$tables/matrix" || exit 1 # a requirement has neither a case nor a reason
"$build/iperf-conform" list --profile iperf3 >"$tables/cases"

# By case: what is written down of iperf3. iperf-ref has no such file: it passes all, or `make check` fails.
awk -v folder=conformance/expectations '
	function expectations(role,    file, line, words, reason) {
		file = folder "/iperf3-3.12-" role ".txt"
		while ((getline line <file) > 0) {
			if (line ~ /^\/\// || split(line, words, " ") < 2) continue
			reason = line
			sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]*/, "", reason)
			verdict[words[1]] = words[2]; why[words[1]] = reason
		}
	}
	BEGIN {
		expectations("server"); expectations("client")
		print "| Case | Who | What it shows | iperf-ref | iperf3 3.12 |"
		print "| --- | --- | --- | --- | --- |"
	}
	{
		title = $0
		sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", title)
		gsub(/\|/, "\\|", title)
		total[$2]++
		if (!($1 in verdict)) { passed[$2]++; next }
		kind = verdict[$1] ~ /fail/ ? "breaks a must" : verdict[$1] ~ /warn/ ? "does not follow a should" : verdict[$1]
		print "| " $1 " | " $2 " | " title " | passes | " kind ": " why[$1] " |"
	}
	END {
		for (n = split("server client", roles, " "); n; n--)
			print "| the others | " roles[n] " | " passed[roles[n]] " of " total[roles[n]] " cases | passes | passes |"
	}' "$tables/cases" >"$tables/programs"

awk -v tables="$tables" '
	/^<!-- end of (matrix|programs) -->$/ { inside = 0 }
	!inside
	/^<!-- (matrix|programs) -->$/ {
		print ""; while ((getline line <(tables "/" $2)) > 0) print line; print ""; inside = 1
	}' README.md >"$tables/README.md"
if [ "${1-}" = update ]; then
	cat "$tables/README.md" >README.md
fi
diff README.md "$tables/README.md" || { echo "README.md is behind: run conformance/readme_check.sh update"; exit 1; }
