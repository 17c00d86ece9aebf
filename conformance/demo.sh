#!/bin/sh
# A test over TCP and one over UDP between a real client and a real server, a collision, the captured sequence of
# messages and its verdict; and the conformance suite against another server, with its page. Everything happens on
# loopback; what is kept lies in $BUILD/demo.
set -eu
build=${BUILD:-build}
out=$build/demo
mkdir -p "$out"
rm -f "$out"/*

server= capture= subject= suite=
finish() {
	status=$?
	for pid in $suite $capture $server $subject; do kill "$pid" 2>/dev/null || true; done
	exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

say() { printf '\n== %s\n' "$*"; }

# Waits until a file has a line with a word, or its writer is gone; no longer than 5 s.
wait_for() { # FILE WORD PID
	touch "$1" # the writer may not have come so far as to make it
	timeout 5 tail -n +1 --pid="$3" -f "$1" 2>/dev/null | grep -q -m 1 "$2"
}

port_of() { sed -n 's/^Server listening on \([0-9]*\).*/\1/p' "$1"; }

# The suite takes a while: it runs beside what is shown first.
"$build/iperf-ref" -s -p 0 --t-hello 0.5 --t-begin 0.5 --t-idle 1 >"$out/subject.log" 2>&1 &
subject=$!
wait_for "$out/subject.log" listening $subject || { cat "$out/subject.log"; exit 1; }
suite_line="iperf-conform server 127.0.0.1 -p $(port_of "$out/subject.log") --timers 0.5,0.5,1 --html $out/report.html"
"$build/${suite_line%% *}" ${suite_line#* } >"$out/suite.tap" 2>&1 &
suite=$!

say "A server, on a free port"
"$build/iperf-ref" -s -p 0 >"$out/server.log" 2>&1 &
server=$!
wait_for "$out/server.log" listening $server || { cat "$out/server.log"; exit 1; }
port=$(port_of "$out/server.log")
echo "iperf-ref -s -p $port"

tcpdump -i lo -U --immediate-mode -B 16384 -w "$out/demo.pcap" port "$port" 2>"$out/tcpdump.log" &
capture=$!
captured=yes
if ! wait_for "$out/tcpdump.log" "listening on" $capture; then
	captured=no capture=
	say "Capturing is not permitted here ($(head -n 1 "$out/tcpdump.log")): a capture from pcaps/ will be checked instead"
fi

say "A test over TCP, and a second client that collides with it"
"$build/iperf-ref" -c 127.0.0.1 -p "$port" -t 1 -b 50M -l 16K >"$out/tcp.log" 2>&1 &
client=$!
wait_for "$out/tcp.log" Connected $client
if "$build/iperf-ref" -c 127.0.0.1 -p "$port" -n 64K >"$out/collision.log" 2>&1; then
	echo "The second client should have been rejected"; exit 1
fi
wait "$client"
cat "$out/tcp.log"
echo; echo "The second client: $(tail -n 1 "$out/collision.log")"

say "A test over UDP, two streams"
"$build/iperf-ref" -c 127.0.0.1 -p "$port" -u -P 2 -t 1 -b 1M | tee "$out/udp.log"

if [ $captured = yes ]; then
	# A packet reaches the file a little after it was sent: the capture is whole when it holds the end of both tests.
	tries=0
	while [ $tries -lt 50 ] && ! "$build/iperf-conform" check -q "$out/demo.pcap" | grep -q 'conforms.* (2 tests'; do
		sleep 0.1; tries=$((tries + 1))
	done
	kill -INT $capture; wait $capture || true; capture=
	file=$out/demo.pcap
else
	file=pcaps/tcp-one-stream.pcap
fi
say "What was said: iperf-conform check $file"
verdict=0
"$build/iperf-conform" check "$file" || verdict=$?

say "Is a server right? $suite_line"
conforms=0
wait $suite || conforms=$?
suite=
grep -v '^ok' "$out/suite.tap" | sed -n '3,$p'
echo "The page: $out/report.html"

say "Summary"
sed -n 's/^Done/TCP: done/p' "$out/tcp.log"
sed -n 's/^Done/UDP: done/p' "$out/udp.log"
[ $verdict -eq 0 ] && echo "Capture: conforms to SPEC.md" || echo "Capture: status $verdict, see above"
[ $conforms -eq 0 ] && echo "Server: conforms to SPEC.md" || echo "Server: status $conforms, see above"
[ $verdict -eq 0 ] && [ $conforms -eq 0 ]
