#!/bin/sh
# A test over TCP and one over UDP between a real client and a real server, a collision, the captured sequence of
# messages and its verdict. Everything happens on loopback; what is kept lies in $BUILD/demo.
set -eu
build=${BUILD:-build}
out=$build/demo
mkdir -p "$out"
rm -f "$out"/*

server= capture=
finish() {
	status=$?
	for pid in $capture $server; do kill "$pid" 2>/dev/null || true; done
	exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

say() { printf '\n== %s\n' "$*"; }

# Waits until a file has a line with a word, or its writer is gone; no longer than 5 s.
wait_for() { # FILE WORD PID
	timeout 5 tail -n +1 --pid="$3" -f "$1" 2>/dev/null | grep -q -m 1 "$2"
}

say "A server, on a free port"
"$build/iperf-ref" -s -p 0 >"$out/server.log" 2>&1 &
server=$!
wait_for "$out/server.log" listening $server || { cat "$out/server.log"; exit 1; }
port=$(sed -n 's/^Server listening on \([0-9]*\).*/\1/p' "$out/server.log")
echo "iperf-ref -s -p $port"

touch "$out/tcpdump.log"
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

say "Summary"
sed -n 's/^Done/TCP: done/p' "$out/tcp.log"
sed -n 's/^Done/UDP: done/p' "$out/udp.log"
[ $verdict -eq 0 ] && echo "Capture: conforms to SPEC.md" || echo "Capture: status $verdict, see above"
exit $verdict
