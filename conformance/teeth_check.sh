#!/bin/sh
# Has the suite teeth? Each deliberate fault of iperf-peer, a second implementation that shares nothing with proto/, has to
# be caught by a case that names the requirement which it breaks; the faultless peer has to pass every case.
#
#   [BUILD=build] conformance/teeth_check.sh                          all, as TAP
#   [BUILD=build] conformance/teeth_check.sh ROLE FAULT REQUIREMENT   one, with what the suite says; FAULT none: no fault
set -u
build=${BUILD:-build}
logs=$build/teeth
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"

# The cases of REQUIREMENT (all: of every one) against the peer with that fault.
run_server() { # FAULT REQUIREMENT
	log=$logs/server-$1.log
	: >"$log" # or it may not be there yet when it is looked at
	idle=1
	[ "$2" = R-10-3 ] && idle=0.5 # of its cases, one is for short timers only
	"$build/iperf-peer" server -p 0 --t-hello 0.5 --t-begin 0.5 --t-idle $idle ${fault:+--fault "$fault"} >"$log" 2>&1 &
	pid=$!
	timeout 10 tail -n +1 --pid=$pid -f "$log" 2>/dev/null | grep -q -m 1 listening
	port=$(sed -n 's/^listening on \([0-9]*\)$/\1/p' "$log")
	timeout 120 "$build/iperf-conform" server 127.0.0.1 -p "$port" --timers 0.5,0.5,$idle --strict --tap $words $fast
	status=$?
	kill $pid; wait $pid 2>/dev/null
	return $status
}

run_client() {
	timeout 120 "$build/iperf-conform" client --t-results 1 --strict --tap $words $fast -- "$build/iperf-peer" client '{host}' \
		-p '{port}' -P '{streams}' -n '{bytes}' '{udp:-u}' --t-results 1 ${fault:+--fault "$fault"}
}

one() { # ROLE FAULT REQUIREMENT
	fault=${2#none}; words=${3#all}; fast=${fault:+--fail-fast}
	out=$(run_"$1" "$2" "$3" 2>&1); status=$?
	if [ "$2" = none ]; then
		[ $status -eq 0 ]
	else
		[ $status -eq 1 ] # and every case that ran names the requirement
	fi && { echo "ok - $1 $2 ($3)"; return; }
	echo "not ok - $1 $2 ($3): status $status"
	printf '%s\n' "$out" | sed 's/^/# /'
}

mkdir -p "$logs"
if [ $# -eq 3 ]; then
	one "$@"
	exit
fi
{
	printf 'server\tnone\tall\nclient\tnone\tall\n'
	for role in server client; do
		"$build/iperf-peer" faults $role | cut -f 1,2 | sed "s/^/$role	/"
	done
} >"$logs/list"
# Most of the time is spent waiting for what a faulty peer does not do.
tr '\t' '\n' <"$logs/list" | xargs -P "$((4 * $(nproc)))" -n 3 "$0" >"$logs/tap"
cat "$logs/tap"
echo "1..$(wc -l <"$logs/list")"
! grep -q '^not ok' "$logs/tap"
