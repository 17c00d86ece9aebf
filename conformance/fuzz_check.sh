#!/bin/sh
# The fuzzer of servers: it finds planted hangs and crashes of iperf-peer with fixed seeds, names what they break, and
# says whether the server recovers; what it saves fails again, and passes where there is no fault; it finds nothing in a
# server without one; it ends in time, or when it is interrupted. As TAP. All faults: conformance/fuzz_teeth.sh.
set -u
build=${BUILD:-build}
mkdir -p "$build"
out=$(mktemp -d "$build/fuzz-check.XXXXXX") || exit 1
conform=$build/iperf-conform
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done; rm -rf "$out"' EXIT
trap 'exit 1' INT TERM

peer_iperf3="$build/iperf-peer server --profile iperf3 -p {port} --t-over 1"
peer_text="$build/iperf-peer server -p {port} --t-hello 0.5 --t-begin 0.5 --t-idle 1"

# Each in the background: most of the time is spent waiting. NAME PROFILE TIMERS WORDS OPTION... -- COMMAND...
fuzz() {
	name=$1 profile=$2 timers=$3 words=$4; shift 4
	{
		timeout 170 "$conform" fuzz server --profile "$profile" --timers "$timers" --tap --json "$out/$name.json" \
			-o "$out/$name" $words "$@" >"$out/$name.out" 2>&1 </dev/null &
		child=$!
		trap 'kill $child 2>/dev/null' TERM
		wait $child
		echo $? >"$out/$name.status"
	} &
	pids="$pids $!"
}
iperf3() { # NAME FAULT WORDS READ SILENCE OPTION...
	name=$1 fault=$2 words=$3 read=$4 silence=$5; shift 5
	fuzz "$name" iperf3 "T_read=$read,T_silence=$silence,T_over=1" "$words" "$@" -- $peer_iperf3 --t-read "$read" \
		--t-silence "$silence" ${fault:+--fault "$fault"}
}
text() { # NAME FAULT WORDS OPTION...
	name=$1 fault=$2 words=$3; shift 3
	fuzz "$name" text 0.5,0.5,1 "$words" "$@" -- $peer_text ${fault:+--fault "$fault"}
}

count=0
result() { # NAME FILE: of the last command 0
	status=$?
	count=$((count + 1))
	[ $status -eq 0 ] && echo "ok $count - $1" && return
	echo "not ok $count - $1"
	[ -z "${2-}" ] || sed 's/^/# /' "$2"
}
finds() { # NAME REQUIREMENT
	[ "$(cat "$out/$1.status")" = 1 ] && grep -qE "^not ok .* $2 input" "$out/$1.out" &&
		ls "$out/$1"/*.case "$out/$1"/*.pcap >"$out/$1.files" 2>&1
	result "$1 is found: $2" "$out/$1.out"
}
finds_nothing() { # NAME
	[ "$(cat "$out/$1.status")" = 0 ] && grep -q '^ok 1 - nothing found' "$out/$1.out"
	result "nothing is found: $1" "$out/$1.out"
}
says() { # NAME TEXT
	grep -q "$2" "$out/$1.out"
	result "of $1 it says: $2" "$out/$1.out"
}

one="--findings 1 --count 6 --time 100"
iperf3 faultless-iperf3 "" "" 0.5 1 --seed 1 --count 25
text faultless-text "" "" --seed 1 --count 15
fuzz ref-iperf3 iperf3 T_read=0.5,T_silence=1,T_over=1 "" --seed 2 --count 20 -- "$build/iperf-ref" -s \
	--profile iperf3 -p '{port}' --t-read 0.5 --t-silence 1 --t-over 1
fuzz ref-text text 0.5,0.5,1 "" --seed 2 --count 12 -- "$build/iperf-ref" -s --profile text -p '{port}' --t-hello 0.5 \
	--t-begin 0.5 --t-idle 1
iperf3 string-key-crashes string-key-crashes "22.4/8 24" 0.5 1 --seed 3 --count 5
iperf3 the-same-again string-key-crashes "22.4/8 24" 0.5 1 --seed 3 --count 5
iperf3 number-key-hangs number-key-hangs "22.4/9 24" 0.5 1 --seed 3 $one
iperf3 failure-keeps-busy failure-keeps-busy 22.3 0.5 1 --seed 1 $one
iperf3 done-needs-end done-needs-end "23/1 23/2 28" 0.5 4 --seed 5 $one
iperf3 parameters-for-ever parameters-for-ever 31 0.5 1 --seed 3 $one
iperf3 over-ignored over-ignored "31/18 31/19 31/20" 0.5 1 --seed 1 $one
iperf3 reverse-sticks reverse-sticks 27.1 0.5 1 --seed 1 $one
iperf3 udp-once udp-once 26.1 0.5 1 --seed 1 $one
text t-hello-ignored t-hello-ignored "10/1 10/3" --seed 2 $one
text stranger-blocks stranger-blocks 6.2 --seed 2 $one
# Reducing that takes long, and the time ends meanwhile.
iperf3 in-time number-key-hangs "22.4/9 24" 0.5 1 --seed 3 --time 4
wait

finds_nothing faultless-iperf3
finds_nothing faultless-text
finds_nothing ref-iperf3
finds_nothing ref-text
finds string-key-crashes R-22.4-7
finds number-key-hangs "R-(23-18|22.4-7)"
finds failure-keeps-busy R-23-18
finds done-needs-end R-23-18
finds parameters-for-ever R-31-1
finds over-ignored R-31-3
finds reverse-sticks "R-23-(18|21)"
finds udp-once R-23-20
finds t-hello-ignored R-10-1
finds stranger-blocks "R-(6.2-1|10-5)"
says string-key-crashes "it is gone"
says number-key-hangs "it did not serve again"
says failure-keeps-busy "it served again after"

for name in string-key-crashes the-same-again; do
	sed -n 's/^\(not ok .* input [0-9]*\):.*/\1/p' "$out/$name.out" >"$out/$name.found"
done
[ -s "$out/the-same-again.found" ] && cmp -s "$out/string-key-crashes.found" "$out/the-same-again.found"
result "the same seed gives the same findings" "$out/the-same-again.out"
seconds=$(sed -n 's/^ "seconds": \([0-9]*\).*/\1/p' "$out/in-time.json")
[ "${seconds:-99}" -le 14 ]
result "a run of 4 s takes at most 10 s more" "$out/in-time.out"

# What was saved: fails, passes, and can be judged.
saved=$(ls "$out"/string-key-crashes/*.case 2>/dev/null | head -n 1)
id=$(sed -n 's/^id *//p' "${saved:-/dev/null}")
"$conform" server --profile iperf3 --tap --cases "$saved" "$id" -- $peer_iperf3 \
	--fault string-key-crashes >"$out/again.out" 2>&1
[ $? -eq 1 ] && grep -q 'requirement: "R-22.4-7"' "$out/again.out"
result "what was saved fails again" "$out/again.out"
"$conform" server --profile iperf3 --tap --cases "$saved" "$id" -- $peer_iperf3 >"$out/mended.out" 2>&1
result "and passes without the fault" "$out/mended.out"
"$conform" check "${saved%.case}.pcap" >"$out/check.out" 2>&1
[ $? -le 1 ] && grep -q 'C>S parameters' "$out/check.out"
result "its capture can be read" "$out/check.out"

for i in 1 2; do "$conform" fuzz server --profile iperf3 --dry-run --seed 5 --count 50 >"$out/dry.$i"; done
[ -s "$out/dry.1" ] && cmp -s "$out/dry.1" "$out/dry.2"
result "the same seed gives the same inputs"
"$conform" fuzz server >"$out/usage.out" 2>&1; [ $? -eq 2 ]
result "without a host it says how it is used" "$out/usage.out"
"$conform" fuzz server 127.0.0.1 -p 1 --count 5 -o "$out/none" >"$out/none.out" 2>&1; [ $? -eq 3 ]
result "a server that is not there cannot be tested" "$out/none.out"
"$conform" fuzz server --seed 99999999999999999999 127.0.0.1 >"$out/number.out" 2>&1; [ $? -eq 2 ]
result "a seed that has no room is refused" "$out/number.out"
: >"$out/file"
for wrong in "-o $out/file" "--json $out/file/json"; do
	# shellcheck disable=SC2086 # two words
	"$conform" fuzz server $wrong -- "$build/iperf-ref" -s -p '{port}' >"$out/place.out" 2>&1
	[ $? -eq 3 ] && grep -q 'stopped: .*cannot be written: Not a directory' "$out/place.out"
	result "before the run it is seen that nothing can be written: ${wrong%% *}" "$out/place.out"
done

# Whenever it is interrupted, it has found nothing.
"$conform" fuzz server --tap --time 60 --seed 3 --timers 0.5,0.5,1 -o "$out/nothing" -- \
	"$build/iperf-ref" -s --profile text -p '{port}' --t-hello 0.5 --t-begin 0.5 --t-idle 1 >"$out/bail.out" 2>&1 &
pid=$!
pids=$pid
timeout 60 tail -n +1 --pid=$pid -f "$out/bail.out" 2>/dev/null | grep -q -m 1 '^TAP'
kill -INT $pid
wait $pid
grep -q '^Bail out! Interrupted' "$out/bail.out" && ! grep -q '^ok' "$out/bail.out"
result "interrupted with nothing found, it does not say that all is well" "$out/bail.out"

# Interrupted while it goes on to search, by its terminal's end for one, it reports what it has found.
env --default-signal=HUP "$conform" fuzz server --profile iperf3 --tap --time 60 --seed 3 -o "$out/stopped" \
	--timers T_read=0.5,T_silence=1,T_over=1 22.4/8 24 -- $peer_iperf3 --t-read 0.5 --t-silence 1 \
	--fault string-key-crashes >"$out/stopped.out" 2>&1 &
pid=$!
pids=$pid
timeout 60 tail -n +1 --pid=$pid -f "$out/stopped.out" 2>/dev/null | grep -q -m 1 '^# again'
kill -HUP $pid
wait $pid
[ $? -eq 1 ] && tail -n 1 "$out/stopped.out" | grep -q '^# .* findings* in [0-9]* inputs* and .* interrupted$'
result "interrupted, it sums up" "$out/stopped.out"

# On a terminal: a line that is written over, colours, the verdict last.
on_terminal() { # NAME
	script -qec "$conform fuzz server --profile iperf3 --count 3 --time 40 --seed 3 -o $out/terminal -- $peer_iperf3" \
		/dev/null </dev/null 2>&1 | tr -d '\r' >"$out/$1.out"
}
green=$(printf '\033[32m')
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	on_terminal terminal
	grep -q '1 input' "$out/terminal.out" && tail -n 1 "$out/terminal.out" | grep -qF "${green}nothing found"
	result "on a terminal it shows what it does" "$out/terminal.out"
	NO_COLOR=1 on_terminal plain
	! grep -qF "$green" "$out/plain.out" && tail -n 1 "$out/plain.out" | grep -qF ": nothing found in 3 inputs"
	result "without colours where NO_COLOR is set" "$out/plain.out"
else
	count=$((count + 2))
	echo "ok $((count - 1)) - on a terminal it shows what it does # SKIP there are no terminals here"
	echo "ok $count - without colours where NO_COLOR is set # SKIP there are no terminals here"
fi
echo "1..$count"
