#!/bin/sh
# A test over TCP and one over UDP between a real client and a real server, a collision, the captured sequence of
# messages and its verdict; the same with iperf3 on one side; and the conformance suite against another server, with its
# page, and a part of it against iperf3. Everything happens on loopback; what is kept lies in $BUILD/demo.
# The verdict on iperf3 is shown and does not count: the demo succeeds when ours conforms.
set -eu
build=${BUILD:-build}
out=$build/demo
mkdir -p "$out"
rm -f "$out"/*

server= capture= subject= suite= theirs=
finish() {
	status=$?
	for pid in $suite $capture $server $theirs $subject; do kill "$pid" 2>/dev/null || true; done
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

# The sequence of a capture and its verdict, with long lines of it cut off: FILE.
show_check() {
	status=0
	"$build/iperf-conform" check "$1" >"$out/check.txt" || status=$?
	awk '/^ *[0-9]+\.[0-9]+ / && length > 118 { $0 = substr($0, 1, 115) "..." } 1' "$out/check.txt"
	return $status
}

start_capture() { # FILE FILTER
	tcpdump -i lo -U --immediate-mode -B 16384 -w "$1" "$2" 2>"$out/tcpdump.log" &
	capture=$!
	wait_for "$out/tcpdump.log" "listening on" $capture || capture=
}

# A packet reaches the file a little after it was sent: the capture is whole when it holds the end of two tests.
end_capture() { # FILE
	tries=0
	while [ $tries -lt 50 ] && ! "$build/iperf-conform" check -q "$1" | grep -q '(2 tests'; do
		sleep 0.1; tries=$((tries + 1))
	done
	kill -INT $capture; wait $capture || true; capture=
}

# The suite takes a while: it runs beside what is shown first.
"$build/iperf-ref" -s -p 0 --profile text --t-hello 0.5 --t-begin 0.5 --t-idle 1 >"$out/subject.log" 2>&1 &
subject=$!
wait_for "$out/subject.log" listening $subject || { cat "$out/subject.log"; exit 1; }
suite_line="iperf-conform server 127.0.0.1 -p $(port_of "$out/subject.log") --timers 0.5,0.5,1 --html $out/report.html"
"$build/${suite_line%% *}" ${suite_line#* } >"$out/suite.tap" 2>&1 &
suite=$!

version=$(iperf3 --version | sed -n 's/^iperf \([^ ]*\).*/\1/p')

say "A server of both profiles, on a free port"
"$build/iperf-ref" -s -p 0 >"$out/server.log" 2>&1 &
server=$!
wait_for "$out/server.log" listening $server || { cat "$out/server.log"; exit 1; }
port=$(port_of "$out/server.log")
echo "iperf-ref -s -p $port"

start_capture "$out/demo.pcap" "port $port"
captured=yes
if [ -z "$capture" ]; then
	captured=no
	say "Capturing is not permitted here ($(head -n 1 "$out/tcpdump.log")): captures from pcaps/ will be checked instead"
fi

say "A test over TCP, and a second client that collides with it"
"$build/iperf-ref" -c 127.0.0.1 -p "$port" -t 1 -b 50M -l 16K -i 0 >"$out/tcp.log" 2>&1 &
client=$!
wait_for "$out/tcp.log" Connected $client
if "$build/iperf-ref" -c 127.0.0.1 -p "$port" -n 64K >"$out/collision.log" 2>&1; then
	echo "The second client should have been rejected"; exit 1
fi
wait "$client"
cat "$out/tcp.log"
echo; echo "The second client: $(tail -n 1 "$out/collision.log")"

say "A test over UDP"
"$build/iperf-ref" -c 127.0.0.1 -p "$port" -u -t 1 -b 1M -i 0 | tee "$out/udp.log"

file=pcaps/tcp-one-stream.pcap
[ $captured = no ] || { file=$out/demo.pcap; end_capture "$file"; }
say "What was said: iperf-conform check $file"
verdict=0
show_check "$file" || verdict=$?

iperf3_port=$port # the next one that is free
while [ -z "$theirs" ] && [ $iperf3_port -lt $((port + 20)) ]; do
	iperf3_port=$((iperf3_port + 1))
	iperf3 -s -p $iperf3_port --forceflush >"$out/iperf3-server.log" 2>&1 &
	theirs=$!
	wait_for "$out/iperf3-server.log" listening $theirs || theirs=
done
[ $captured = no ] || start_capture "$out/iperf3.pcap" "port $port or port $iperf3_port"

line="iperf3 -c 127.0.0.1 -p $port -P 2 -n 2M"
say "iperf3 $version as a client of the same server: $line"
together=yes
$line >"$out/iperf3-client.log" 2>&1 || together=no
sed -n '/^- - /,/^iperf Done/p; /error/p' "$out/iperf3-client.log" | sed 1d

line="iperf-ref -c 127.0.0.1 -p $iperf3_port --profile iperf3 -n 1M"
say "And its server, with our client: $line"
"$build/${line%% *}" ${line#* } >"$out/iperf3-ours.log" 2>&1 || together=no
sed -n '/^- - /,$p; /^iperf-ref:/p' "$out/iperf3-ours.log" | sed 1d

file=pcaps/iperf3-tcp.pcap
[ -z "$capture" ] || { file=$out/iperf3.pcap; end_capture "$file"; }
say "What was said: iperf-conform check $file"
show_check "$file" || true
if grep -q '^R-22.4-10 broken by the server' "$out/check.txt"; then
	echo "This is expected: iperf3 3.12 and 3.13 write -1 as 18446744073709551615. Who reads iperf3's results has to take"
	echo "that for -1 (R-22.4-8), as iperf-ref does."
fi

say "Is a server right? $suite_line"
conforms=0
wait $suite || conforms=$?
suite=
grep -v '^ok' "$out/suite.tap" | sed -n '3,$p'
echo "The page: $out/report.html"

# Not beside the other suite, whose timers are short.
line="iperf-conform server --profile iperf3 --jobs 8 --timers T_read=0.5"
expected=conformance/expectations/iperf3-$version-server.txt
[ ! -r "$expected" ] || line="$line --expect $expected"
line="$line R-22.4-6 R-22.4-10 28 -- iperf3"
say "Is iperf3's? $line"
"$build/${line%% *}" ${line#* } >"$out/iperf3.tap" 2>&1 || true
sed -n 's/^\(not ok [0-9]* - [^ ]*\) .* # TODO /\1 /; s/^not ok [0-9]* - //p; s/^# //p' "$out/iperf3.tap"

say "Summary"
sed -n 's/^Done/TCP: done/p' "$out/tcp.log"
sed -n 's/^Done/UDP: done/p' "$out/udp.log"
[ $verdict -eq 0 ] && echo "Capture: conforms to SPEC.md" || echo "Capture: status $verdict, see above"
[ $conforms -eq 0 ] && echo "Server: conforms to SPEC.md" || echo "Server: status $conforms, see above"
[ $together = yes ] && echo "With iperf3 $version: both tests done" || echo "With iperf3 $version: a test failed, see above"
[ $verdict -eq 0 ] && [ $conforms -eq 0 ] && [ $together = yes ]
