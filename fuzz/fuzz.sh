#!/bin/sh
# Fuzzes with AFL++: fuzz.sh TARGET..., each for TIME seconds, with JOBS instances side by side: a main one, then
# secondary ones, the first with CMPLOG and the second with ASan and UBSan, which all share what they find. With fewer
# than 3 jobs the instances of a target take turns. Its state is shown every few seconds.
#
# What ends a target by a signal, or takes too long, is minimised and put into fuzz/findings/TARGET, where the next
# `make check` replays it. Exit status 1 if there was any.
set -eu
cd "$(dirname "$0")/.."
. fuzz/targets.sh
BUILD=${BUILD:-build} TIME=${TIME:-60} JOBS=${JOBS:-2}
state=$BUILD/fuzz/state
export IPERF_FUZZ_RUN="$$.$(date +%s%N)"
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_TRY_AFFINITY=1 AFL_AUTORESUME=1
export AFL_FORKSRV_INIT_TMOUT=20000 ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0
found=0

# role, target, seconds, further words for afl-fuzz: one instance in the background
instance() {
	role=$1 target=$2 seconds=$3; shift 3
	case $role in
	main) set -- -M main "$@" ;;
	*) set -- -S "$role" "$@" ;;
	esac
	case $role in
	cmplog) set -- "$@" -c "$BUILD/fuzz/cmplog/$target" ;;
	esac
	program=$BUILD/fuzz/fast/$target
	[ "$role" != asan ] || program=$BUILD/fuzz/afl-asan/$target
	afl-fuzz -V "$seconds" -i "fuzz/corpus/$target" -o "$state/$target" -x "$(dictionary "$target")" -t 2000 \
		-G "$(longest "$target")" "$@" -- "$program" >"$state/$target.$role.log" 2>&1 &
	pids="$pids $!"
}

status() {
	for role in main cmplog asan more; do
		for stats in "$state/$1/$role"*/fuzzer_stats; do
			[ -f "$stats" ] || continue
			awk -F ' *: *' -v target="$1" '{ v[$1] = $2 } END {
				printf "%-18s %-8s %9d executions, %6d a second, %5d inputs, %6s of edges, %d crashes, %d hangs\n",
					target, v["afl_banner"] == "" ? "" : name, v["execs_done"], v["execs_per_sec"],
					v["corpus_count"], v["bitmap_cvg"], v["saved_crashes"], v["saved_hangs"] }' \
				name="$(basename "$(dirname "$stats")")" "$stats"
		done
	done
}

# All instances of a target, JOBS at a time.
run() {
	roles="main cmplog asan"
	for n in $(seq 4 "$JOBS"); do roles="$roles more$n"; done
	rounds=$((($(echo $roles | wc -w) + JOBS - 1) / JOBS)) n=0 pids=
	for role in $roles; do
		instance "$role" "$1" $((TIME / rounds > 0 ? TIME / rounds : 1))
		n=$((n + 1))
		[ $((n % JOBS)) -ne 0 ] || watch "$1"
	done
	watch "$1"
}

# An afl-fuzz that ends may forget its CMPLOG program, which would wait for ever: what bears this run's mark is ended.
sweep() {
	for file in $(grep -lsz "^IPERF_FUZZ_RUN=$IPERF_FUZZ_RUN\$" /proc/[0-9]*/environ); do
		pid=${file#/proc/} pid=${pid%/environ}
		case $(readlink "/proc/$pid/exe") in
		*/fuzz/*/"$target") kill -KILL "$pid" 2>/dev/null || : ;;
		esac
	done
	pids=
}

# Until the instances are over; shows how they are doing when it has changed.
watch() {
	for pid in $pids; do
		while kill -0 "$pid" 2>/dev/null; do
			sleep 5
			[ ! -t 1 ] || status "$1"
		done
		wait "$pid" || : # the end of its time is an error to it
	done
	sweep
}

keep() {
	for input in "$state/$1"/*/crashes/id:* "$state/$1"/*/hangs/id:*; do
		[ -f "$input" ] || continue
		name=$(sha1sum <"$input" | cut -c 1-16)
		[ ! -e "$state/$1.kept.$name" ] || continue
		: >"$state/$1.kept.$name"
		mkdir -p "fuzz/findings/$1"
		timeout 120 afl-tmin -t 2000 -i "$input" -o "fuzz/findings/$1/$name" -- "$BUILD/fuzz/fast/$1" >/dev/null 2>&1 ||
			timeout 120 afl-tmin -t 2000 -i "$input" -o "fuzz/findings/$1/$name" -- "$BUILD/fuzz/afl-asan/$1" \
				>/dev/null 2>&1 || cp "$input" "fuzz/findings/$1/$name"
		echo "found: fuzz/findings/$1/$name; look at it with $BUILD/fuzz/plain/$1 fuzz/findings/$1/$name"
		found=1
	done
}

stop() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || continue
		wait "$pid" || :
	done
	sweep
}

# What was found until then is kept.
interrupted() {
	trap '' INT TERM HUP
	stop
	keep "$target"
	exit "$1"
}

mkdir -p "$state"
pids= target=
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP
trap stop EXIT
for target in "$@"; do
	run "$target"
	if [ ! -f "$state/$target/main/fuzzer_stats" ]; then
		tail -n 20 "$state/$target".*.log
		exit 1
	fi
	status "$target"
	keep "$target"
done
exit $found
