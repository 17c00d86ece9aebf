#!/bin/sh
# Has the suite teeth? Each deliberate fault of iperf-peer, a second implementation that shares nothing with proto/, has to
# be caught by a case that names the requirement which it breaks; the faultless peer has to pass every case.
#
#   [BUILD=build] conformance/teeth_check.sh [PROFILE]                        all, as TAP
#   [BUILD=build] conformance/teeth_check.sh PROFILE ROLE FAULT REQUIREMENT   one, with what the suite says
# FAULT none: no fault; REQUIREMENT all: of every one.
set -u
build=${BUILD:-build}
logs=$build/teeth
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"

# The cases of REQUIREMENT against the peer with that fault.
run_text_server() { # FAULT REQUIREMENT
	log=$logs/server-$1.log
	: >"$log" # or it may not be there yet when it is looked at
	hello=0.5 idle=1
	[ "$2" = R-10-3 ] && idle=0.5 # of its cases, one is for short timers only
	[ "$2" = R-11-5 ] && hello=3 idle=4 # or who is pushed out may have gone by himself
	[ "$1" = none ] && hello=1 idle=2
	"$build/iperf-peer" server -p 0 --t-hello $hello --t-begin $hello --t-idle $idle ${fault:+--fault "$fault"} \
		>"$log" 2>&1 &
	pid=$!
	timeout 10 tail -n +1 --pid=$pid -f "$log" 2>/dev/null | grep -q -m 1 listening
	port=$(sed -n 's/^listening on \([0-9]*\)$/\1/p' "$log")
	timeout 120 "$build/iperf-conform" server 127.0.0.1 -p "$port" --timers $hello,$hello,$idle --strict --tap $words $fast
	status=$?
	kill $pid; wait $pid 2>/dev/null
	return $status
}

run_text_client() {
	results=1
	[ "$1" = none ] && results=2
	timeout 120 "$build/iperf-conform" client --t-results $results --strict --tap $words $fast -- \
		"$build/iperf-peer" client '{host}' -p '{port}' -P '{streams}' -n '{bytes}' '{udp:-u}' \
		--t-results $results ${fault:+--fault "$fault"}
}

# Here the runner starts the peer, afresh for each case.
run_iperf3_server() {
	read=0.5 silence=2
	[ "$2" = R-30-3 ] && read=3 # or a server that waits is free soon enough
	[ "$1" = none ] && read=2 silence=3
	over=1
	[ "$2" = R-31-3 ] && over=0.5 # its cases are for a short one only
	timeout 120 "$build/iperf-conform" server --profile iperf3 --strict --tap $fast \
		--timers T_read=$read,T_silence=$silence,T_over=$over $words -- \
		"$build/iperf-peer" server --profile iperf3 -p '{port}' --t-read $read --t-silence $silence --t-over $over \
		'{one-off:--one-off}' '{bitrate-limit:--bitrate-limit=%}' '{duration-limit:--duration-limit=%}' \
		${fault:+--fault "$fault"}
}

run_iperf3_client() {
	reply=1
	case $2 in all | R-26.1-10) reply=2 ;; esac # a hello is repeated after a second
	timeout 120 "$build/iperf-conform" client --profile iperf3 --strict --tap $fast --timers T_reply=$reply $words -- \
		"$build/iperf-peer" client --profile iperf3 '{host}' -p '{port}' '{streams:-P%}' '{bytes:-n%}' '{blocks:-k%}' \
		'{time:-t%}' '{omit:-O%}' '{length:-l%}' '{rate:-b%}' '{interval:-i%}' '{udp:-u}' '{reverse:-R}' '{bidir:--bidir}' \
		'{wide:--udp-counters-64bit}' '{server-output:--get-server-output}' '{receive-timeout:--rcv-timeout=%}' \
		--t-reply $reply ${fault:+--fault "$fault"}
}

one() { # PROFILE ROLE FAULT REQUIREMENT
	fault=${3#none}; words=${4#all}; fast=${fault:+--fail-fast}
	[ "$3" = none ] && [ "$1 $2" != "text server" ] && fast="--jobs 8" # that one serves all cases, one by one
	out=$(run_"$1_$2" "$3" "$4" 2>&1); status=$?
	if [ "$3" = none ]; then
		[ $status -eq 0 ]
	else
		[ $status -eq 1 ] # and every case that ran names the requirement
	fi && { echo "ok - $1 $2 $3 ($4)"; return; }
	echo "not ok - $1 $2 $3 ($4): status $status"
	printf '%s\n' "$out" | sed 's/^/# /'
}

mkdir -p "$logs"
if [ $# -eq 4 ]; then
	one "$@"
	exit
fi
# The faultless peer first: that takes longest.
for profile in ${1:-text iperf3}; do
	for role in server client; do
		printf '%s\t%s\tnone\tall\n' $profile $role
		"$build/iperf-peer" faults $role --profile $profile | cut -f 1,2 | sed "s/^/$profile	$role	/" >&3
	done
done >"$logs/list" 3>"$logs/faults"
cat "$logs/faults" >>"$logs/list"
# Most of the time is spent waiting for what a faulty peer does not do.
tr '\t' '\n' <"$logs/list" | xargs -P "$((6 * $(nproc)))" -n 4 "$0" >"$logs/tap"
cat "$logs/tap"
echo "1..$(wc -l <"$logs/list")"
! grep -q '^not ok' "$logs/tap"
