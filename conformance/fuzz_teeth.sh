#!/bin/sh
# Has the fuzzer of servers teeth? Each deliberate fault of iperf-peer by which a server hangs, blocks, leaks or crashes
# has to be found by it in less than two minutes. A line for each: how long it took, which input, and what it broke.
#
#   [BUILD=build] [SEED=1] [TIME=120] [JOBS=8] conformance/fuzz_teeth.sh [PROFILE [FAULT...]]
#
# All of them take some minutes: most of that is spent waiting for what a faulty peer does not do.
set -u
build=${BUILD:-build}
out=$build/fuzz-teeth
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
export SEED="${SEED:-1}" TIME="${TIME:-120}"

# A faultless server, in which nothing is to be found; and the faults by which clients are not served, or not for a
# while, or by which the server never lets go of something, or dies.
text_faults="none
http_locks half_preamble_held stranger_blocks reject_pauses provisional_kept t_begin_ignored t_begin_keeps_connections
end_keeps_cookie eof_keeps_cookie eof_ignored reset_keeps_cookie abort_keeps_cookie idle_keeps_cookie
end_leaves_control end_leaves_streams end_leaves_results end_leaves_first stream_eof_not_closed
answered_left_open t_hello_ignored t_hello_until_preamble t_idle_ignored second_control_taken"
iperf3_faults="none
string_key_crashes wrong_type_crashes number_key_hangs cut_text_awaited long_text_awaited results_unbounded
cookie_for_ever parameters_for_ever results_for_ever streams_for_ever silence_for_ever display_for_ever over_ignored
silent_client_delays silent_stream_delays newcomer_waits newcomer_forgotten blocking_writes early_end_unseen
lost_client_kept lost_client_keeps_busy end_leaves_streams done_leaves_open done_needs_end done_keeps_busy
failure_keeps_busy reverse_sticks udp_once"

# A cookie that is kept, or a client that delays, for no longer than a timer shows with a long one.
text() { # FAULT
	hello=0.5 begin=0.5 idle=1
	case $1 in
	*keeps_cookie | provisional_kept | none) begin=3 ;;
	half_preamble_held) hello=2 begin=3 ;;
	eof_ignored | answered_left_open | t_hello_until_preamble) idle=4 ;;
	esac
	fuzz "$1" text $hello,$begin,$idle --t-hello $hello --t-begin $begin --t-idle $idle
}

iperf3() { # FAULT
	read=0.5 silence=1
	case $1 in
	silent_client_delays | silent_stream_delays) read=3 silence=3 ;;
	early_end_unseen | done_needs_end) silence=4 ;;
	esac
	fuzz "$1" iperf3 T_read=$read,T_silence=$silence,T_over=1 --t-read $read --t-silence $silence --t-over 1
}

fuzz() { # FAULT PROFILE TIMERS OPTION...
	fault=${1#none} profile=$2 timers=$3; shift 3
	name=$(echo "${fault:-none}" | tr _ -)
	log=$out/$profile-$name
	"$build/iperf-conform" fuzz server --profile "$profile" --seed "$SEED" --time "$TIME" --findings 1 --timers "$timers" \
		--tap -o "$log" -- "$build/iperf-peer" server --profile "$profile" -p '{port}' "$@" \
		${fault:+--fault "$name"} >"$log.out" 2>&1
	status=$?
	what=$(sed -n 's/^not ok 1 - \(R-[^ ]*\) input \([0-9]*\): \(.*\)/input \2	\1	\3/p' "$log.out")
	seconds=$(sed -n 's/^# .* in [0-9]* inputs* and \([0-9.]*\) s,.*/\1/p' "$log.out")
	result=ok
	case $name-$status in
	none-0) what="nothing found" ;;
	none-*) result="not ok" ;;
	*-1) ;;
	*-3) # it was seen before the first input
		grep -q 'a clean test does not work' "$log.out" || result="not ok"
		what=$(sed -n 's/^iperf-conform fuzz: stopped: //p' "$log.out") ;;
	*) result="not ok" what="not found" ;;
	esac
	printf '%s	%s	%s	%s s	%s\n' "$result" "$profile" "$name" "$seconds" "$what"
}

mkdir -p "$out"
case ${1-} in
one) "$2" "$3"; exit ;;
text) list=${2:+$(shift; echo "$*" | tr - _)}; text_faults=${list:-$text_faults} iperf3_faults= ;;
iperf3) list=${2:+$(shift; echo "$*" | tr - _)}; iperf3_faults=${list:-$iperf3_faults} text_faults= ;;
esac
{
	for fault in $text_faults; do printf 'one text %s\n' "$fault"; done
	for fault in $iperf3_faults; do printf 'one iperf3 %s\n' "$fault"; done
} | xargs -P "${JOBS:-8}" -n 3 "$0" >"$out/found"
sort "$out/found"
echo "$(grep -c '^ok' "$out/found") as expected, $(grep -c '^not ok' "$out/found") not"
! grep -q '^not ok' "$out/found"
