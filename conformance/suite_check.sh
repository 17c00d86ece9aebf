#!/bin/sh
# iperf-ref passes the suite in both roles; what the runner saw of it, judged as a capture, says the same; captures become
# cases that pass, and that a faulty server fails; replaying does so at once; runs go side by side on a page. As TAP.
set -u
build=${BUILD:-build}
out=$build/suite
conform=$build/iperf-conform
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
mkdir -p "$out"
rm -rf "$out"/*
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT
trap 'exit 1' INT TERM

# A server in the background; sets port.
start() { # NAME COMMAND...
	log=$out/$1.log; shift
	: >"$log"
	"$@" >"$log" 2>&1 &
	pids="$pids $!"
	timeout 10 tail -n +1 --pid=$! -f "$log" 2>/dev/null | grep -q -m 1 listening
	port=$(sed -n 's/.*listening on \([0-9]*\).*/\1/p' "$log" | head -n 1)
}

count=0
# A test: passes when the command has that status.
test_is() { # NAME STATUS COMMAND...
	name=$1 wanted=$2; shift 2
	count=$((count + 1))
	"$@" >"$out/$count.out" 2>&1 </dev/null; status=$?
	if [ $status -eq "$wanted" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "# status $status, expected $wanted: $*"
		tail -n 40 "$out/$count.out" | sed 's/^/# /'
	fi
}
# But for pauses between datagrams (R-8.4-2): a runner that is late itself sees two at once. They have cases of their own.
blames_none() { ! "$conform" check "$1" | grep -v "^R-8.4-2 " | grep "broken by the $2"; }

# No shorter than a busy host can keep to: what comes octet by octet has to be there before one of them expires.
short="--t-hello 1 --t-begin 1 --t-idle 2"
timers=1,1,2
client="$build/iperf-ref -c {host} -p {port} -P {streams} -n {bytes} {udp:-u} -i 0 --t-results 2"

start ref "$build/iperf-ref" -s -p 0 --profile text $short
against="127.0.0.1 -p $port --timers $timers --strict --tap"
test_is "iperf-ref passes as a server" 0 \
	"$conform" server $against --pcap "$out/server.pcap" --json "$out/server.json" --html "$out/server.html"
test_is "and the capture of that blames it for nothing" 0 blames_none "$out/server.pcap" server
test_is "iperf-ref passes as a client" 0 \
	"$conform" client --strict --tap --t-results 2 --pcap "$out/client.pcap" --json "$out/client.json" -- $client
test_is "and the capture of that blames it for nothing" 0 blames_none "$out/client.pcap" client
test_is "over IPv6" 0 "$conform" server ::1 -p "$port" --timers $timers --strict --tap 6.2 8.3 9.1
test_is "what the original text demands" 0 "$conform" server $against --only seed

for capture in collision mixed payload-contains-end results-during-test; do
	test_is "record $capture.pcap" 0 "$conform" record -o "$out/recorded" pcaps/$capture.pcap
	test_is "and iperf-ref passes it" 0 "$conform" server $against --cases "$out/recorded" $capture
	test_is "replay $capture.pcap" 0 "$conform" replay pcaps/$capture.pcap $against --speed max
done
test_is "replay the server's side" 0 \
	"$conform" replay --as server pcaps/tcp-one-stream.pcap --tap --t-results 2 -- $client
test_is "a matrix" 0 "$conform" matrix -o "$out/matrix.html" "$out/server.json" "$out/server.json"

start faulty "$build/iperf-peer" server -p 0 $short --fault end-counted
against="127.0.0.1 -p $port --timers $timers --tap"
test_is "a faulty server fails what was recorded" 1 "$conform" server $against --cases "$out/recorded" collision
test_is "and what is replayed" 1 "$conform" replay pcaps/collision.pcap $against --speed max

# The iperf3 profile.
start both "$build/iperf-ref" -s -p 0 $short
against="127.0.0.1 -p $port --profile iperf3 --strict --tap"
for capture in iperf3-busy iperf3-bidirectional iperf3-udp-wide iperf3-wrong-stream-not-told; do
	test_is "record $capture.pcap" 0 "$conform" record -o "$out/recorded" pcaps/$capture.pcap
	test_is "and iperf-ref passes it" 0 "$conform" server $against --cases "$out/recorded" $capture
	test_is "replay $capture.pcap" 0 "$conform" replay pcaps/$capture.pcap 127.0.0.1 -p "$port" --strict --tap --speed max
done
test_is "replay a capture of both profiles" 0 \
	"$conform" replay pcaps/iperf3-after-text.pcap 127.0.0.1 -p "$port" --timers $timers --tap --speed max
iperf3_client="$build/iperf-ref --profile iperf3 -c {host} -p {port} {streams:-P%} {bytes:-n%} {time:-t%} {length:-l%}
	{rate:-b%} {bidir:--bidir}"
test_is "replay the server's side of the iperf3 profile" 0 \
	"$conform" replay --as server pcaps/iperf3-bidirectional.pcap --tap -- $iperf3_client
start miscounts "$build/iperf-peer" server --profile iperf3 -p 0 --fault cookie-counted
test_is "a faulty server of the iperf3 profile fails what was recorded" 1 \
	"$conform" server 127.0.0.1 -p "$port" --profile iperf3 --tap --cases "$out/recorded" iperf3-busy
test_is "and what is replayed" 1 "$conform" replay pcaps/iperf3-busy.pcap 127.0.0.1 -p "$port" --tap --speed max

test_is "nobody listens" 3 "$conform" server 127.0.0.1 -p 1 --tap
test_is "no such client" 3 "$conform" client --tap 7/50 -- "$out/none" '{port}'
test_is "no such section" 2 "$conform" server $against 99
echo "1..$count"
