#!/bin/sh
# Executions a second of each target on one core: of the target alone, by processor time, with mutations of its seeds; and
# under AFL++ in persistent mode with shared memory, by the clock, so that other load counts. 50000 is what a parser is to reach, and 20000 a state machine. SECONDS_EACH=10 speed.sh TARGET...
set -eu
cd "$(dirname "$0")/.."
. fuzz/targets.sh
BUILD=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$@"; do
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_TRY_AFFINITY=1 AFL_FAST_CAL=1 \
		timeout 120 afl-fuzz -V "${SECONDS_EACH:-10}" -i "fuzz/corpus/$target" -o "$work/$target" \
		-x "$(dictionary "$target")" -- "$BUILD/fuzz/fast/$target" >"$work/log" 2>&1 || true
	alone=$("$BUILD/fuzz/plain/$target" --seconds="${SECONDS_EACH:-10}" "fuzz/corpus/$target" |
		sed -n 's/.*mutations, \([0-9]*\) a second.*/\1/p')
	awk -v target="$target" -v alone="$alone" -F ' *: *' '/^execs_per_sec/ {
		printf "%-20s %8d a second alone, %6d under AFL++\n", target, alone, $2 }' \
		"$work/$target/default/fuzzer_stats" || { tail -n 20 "$work/log"; exit 1; }
done
