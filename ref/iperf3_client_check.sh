#!/bin/sh
# iperf-ref as a client of the iperf3 that the system has, in each mode: tests run to their end, both sides report the
# same, and iperf-ref's JSON has the keys of iperf3's. Then what goes wrong: busy, killed, interrupted. Each test has a
# server of its own; they run side by side. As TAP.
set -u
build=${BUILD:-build}
out=$build/iperf3-client
mkdir -p "$out"
rm -rf "${out:?}"/*
: >"$out/pids"
trap 'while read -r pid; do kill "$pid" 2>/dev/null; done <"$out/pids"' EXIT
trap 'exit 1' INT TERM
if ! command -v iperf3 >"$out/which"; then
	echo "1..0 # SKIP there is no iperf3"
	exit 0
fi

# --- both sides -----------------------------------------------------------------------------------------------------

# iperf3 takes no port 0: each test has some below those that the system gives to clients, and a server that finds one
# taken ends at once.
first=$((10000 + $$ % 160 * 100))
serve() { # NAME OPTIONS...: starts iperf3 for one test; sets $server
	serve_name=$1; shift
	timeout 40 iperf3 -s -1 -p "$port" "$@" >"$out/$serve_name.server" 2>&1 &
	server=$!
	echo $server >>"$out/pids"
}
client() { # OPTIONS...: waits for the server
	timeout 20 "$build/iperf-ref" --profile iperf3 -c 127.0.0.1 -p "$port" --retry 5 "$@"
}
taken() { grep -q "unable to start listener" "$out/$1.server"; }

# A whole test: what the client reports is NAME.client, what it says besides is NAME.told.
run() { # NAME SERVER-OPTIONS CLIENT-OPTIONS...
	run_name=$1 run_server=$2; shift 2
	for port in $(seq $((first + number)) 16001 65000); do
		serve "$run_name" $run_server
		client "$@" >"$out/$run_name.client" 2>"$out/$run_name.told"; status=$?
		taken "$run_name" || break
	done
	[ $status -eq 0 ] || { echo "client: status $status"; cat "$out/$run_name.client" "$out/$run_name.told"; }
	wait $server || { echo "server: status $?"; cat "$out/$run_name.server"; status=9; }
	return $status
}
# The same with iperf3 as the client.
run_iperf3() { # NAME CLIENT-OPTIONS...
	run_name=$1; shift
	for port in $(seq $((first + number + 50)) 16001 65000); do
		serve "$run_name"
		for try in $(seq 100); do
			timeout 20 iperf3 -c 127.0.0.1 -p "$port" "$@" >"$out/$run_name.client" 2>&1
			grep -q "refused" "$out/$run_name.client" || break # its status is 0 with -J, however it went
			taken "$run_name" && break
			sleep 0.05
		done
		taken "$run_name" || break
	done
	wait $server
}

# --- what they report -----------------------------------------------------------------------------------------------

leaves() { awk -f ref/json_leaves.awk "$1"; }
leaf() { leaves "$1" | sed -n "s/^$2=//p"; } # FILE PATH
keys() { leaves "$1" | sed 's/=.*//; s/\[[0-9]*\]/[]/g' | sort -u; }

agree() { # NAME PATH...: server and client report the same there
	agree_name=$1; shift
	for path in "$@"; do
		theirs=$(leaf "$out/$agree_name.server" "$path") ours=$(leaf "$out/$agree_name.client" "$path")
		[ -n "$ours" ] && [ "$ours" = "$theirs" ] && continue
		echo "$path: the client has $ours, the server $theirs"
		return 1
	done
}
something() { # NAME PATH: the client reports more than nothing there. Not for sure where a test ends after an amount:
	# a busy server may not have read it when TEST_END comes.
	case $(leaf "$out/$1.client" "$2") in "" | 0) echo "$2: nothing"; return 1 ;; esac
}
has_keys_of_iperf3() { # NAME OPTIONS...
	keys_name=$1; shift
	run_iperf3 "$keys_name.iperf3" -J "$@"
	keys "$out/$keys_name.client" | grep -v '^outcome$' >"$out/$keys_name.ours"
	keys "$out/$keys_name.iperf3.client" >"$out/$keys_name.theirs"
	diff "$out/$keys_name.ours" "$out/$keys_name.theirs"
}

tcp="end.sum_received.bytes"
tcp_back="end.sum_sent.bytes"
udp="end.sum_received.bytes end.sum_received.packets end.sum_received.lost_packets"
udp_back="end.sum_sent.bytes end.sum_sent.packets"
tcp_both="end.sum_received.bytes end.sum_sent_bidir_reverse.bytes"
udp_both="end.sum_received.bytes end.sum_received.packets end.sum_sent_bidir_reverse.packets"

mode() { # PATHS OPTIONS...: in JSON on both sides
	mode_paths=$1; shift
	run "$number" -J -J "$@" && agree "$number" $mode_paths
}
mode_with_keys() {
	mode "$@" && something "$number" "${1%% *}" && { shift; has_keys_of_iperf3 "$number" "$@"; }
}

# --- single tests ---------------------------------------------------------------------------------------------------

says() { grep -q "$2" "$out/$number.$1" || { echo "no '$2' in what $1 says:"; cat "$out/$number.$1"; return 1; }; }
bytes_are() { [ "$(leaf "$out/$number.client" end.sum_sent.bytes)" -eq "$1" ]; }

octets() { mode "$tcp" -n 1M -l 64K && bytes_are 1048576; }
octets_of_many() { mode "$tcp" -n 3M -P 3 && bytes_are 3145728; }
blocks() { mode "$tcp" -k 7 -l 10000 && bytes_are 70000; }
blocks_received() { mode "$udp_back" -u -R -k 10 -l 1000 -b 10M; }
text() {
	run "$number" "" -t 1 -i 0.5 -b 20M && says client "0.00-0.[5-9]" && says client "sender" && says client "receiver" &&
		says client "^Done: the server received"
}
text_udp() { run "$number" "" -u -k 20 -l 1000 && says client "0/[0-9]* (0%)  receiver"; }
output_text() { run "$number" "" -k 4 --get-server-output && says client "^Accepted connection from 127.0.0.1"; }
output_text_json() {
	run "$number" "" -k 4 --get-server-output -J &&
		leaf "$out/$number.client" server_output_text | grep -q "Accepted connection"
}
output_json() {
	run "$number" "-J" -k 4 --get-server-output -J &&
		[ "$(leaf "$out/$number.client" server_output_json.end.sum_received.bytes | sed 's/\.0$//')" = \
			"$(leaf "$out/$number.client" end.sum_received.bytes)" ]
}
output_json_text() { run "$number" "-J" -k 4 --get-server-output && says client '"sum_received"'; }
over_ipv6() {
	for port in $(seq $((first + number)) 16001 65000); do
		serve "$number" -J
		timeout 20 "$build/iperf-ref" --profile iperf3 -6 -c ::1 -B ::1 -p "$port" --retry 5 -k 9 -J \
			>"$out/$number.client" 2>"$out/$number.told"; status=$?
		taken "$number" || break
	done
	wait $server
	[ $status -eq 0 ] && agree "$number" $tcp && [ "$(leaf "$out/$number.client" 'start.connected\[0\].local_host')" = '"::1"' ]
}

# A test that is still running when its first report has come: $pid.
running() { # OPTIONS...
	for port in $(seq $((first + number)) 16001 65000); do
		serve "$number"
		: >"$out/$number.client"
		timeout 20 "$build/iperf-ref" --profile iperf3 -c 127.0.0.1 -p "$port" --retry 5 -t 15 -i 0.1 -b 1M "$@" \
			>"$out/$number.client" 2>"$out/$number.told" &
		pid=$!
		echo $pid >>"$out/pids"
		timeout 10 tail -n +1 --pid=$pid -f "$out/$number.client" | grep -q -m 1 " sec " && return 0
		taken "$number" || break
	done
	cat "$out/$number.client" "$out/$number.told" "$out/$number.server"
	return 1
}
ends_with() { # STATUS WORDS
	wait $pid; status=$?
	[ $status -eq "$1" ] || { echo "status $status, expected $1"; return 1; }
	says told "$2"
}
interrupted() { # timeout passes signals on
	running && kill -INT $pid && ends_with 1 "interrupted" && { wait $server; says server "client has terminated"; }
}
interrupted_udp() { running -u -l 1000 && kill -TERM $pid && ends_with 1 "interrupted"; }
server_interrupted() { running && kill -INT $server && ends_with 1 "terminated.*R-29-8"; }
server_killed() { running && kill -KILL "$(cat /proc/$server/task/$server/children)" && ends_with 1 "aborted.*R-29-10"; }
server_killed_reverse() {
	running -R && kill -KILL "$(cat /proc/$server/task/$server/children)" && ends_with 1 "R-29-10\|R-25-13"
}
busy() { # a second client is denied, and does not disturb the first
	running || return 1
	timeout 20 "$build/iperf-ref" --profile iperf3 -c 127.0.0.1 -p "$port" -k 1 >"$out/$number.second" 2>&1; status=$?
	kill -0 $pid && kill -INT $pid && ends_with 1 "interrupted" && [ $status -eq 1 ] && grep -q "denied" "$out/$number.second"
}
refused() {
	timeout 20 "$build/iperf-ref" --profile iperf3 -c 127.0.0.1 -p 1 -J >"$out/$number.client" 2>"$out/$number.told"
	[ $? -eq 1 ] && says told "R-29-11" && [ "$(leaf "$out/$number.client" outcome)" = '"refused"' ]
}

# --- all of them, side by side --------------------------------------------------------------------------------------

number=0
test_is() { # NAME COMMAND...
	number=$((number + 1))
	echo "$1" >"$out/$number.name"; shift
	( "$@" >"$out/$number.out" 2>&1; echo $? >"$out/$number.status" ) &
	tests="${tests-} $!"
}

test_is "TCP" mode_with_keys "$tcp" -t 2 -b 20M
test_is "TCP, four streams" mode_with_keys "$tcp" -t 2 -b 5M -P 4
test_is "TCP, reverse" mode_with_keys "$tcp_back" -t 2 -b 20M -R
test_is "TCP, both ways" mode_with_keys "$tcp_both" -t 2 -b 10M --bidir
test_is "TCP, omit" mode_with_keys "$tcp" -t 2 -O 1 -b 10M
test_is "UDP" mode_with_keys "$udp" -u -t 2 -l 1000
test_is "UDP, two streams" mode_with_keys "$udp" -u -t 2 -l 1000 -P 2
test_is "UDP, reverse" mode_with_keys "$udp_back" -u -t 2 -l 1000 -R
test_is "UDP, both ways" mode_with_keys "$udp_both" -u -t 2 -l 1000 --bidir
test_is "UDP, omit" mode "end.sum_received.bytes" -u -t 1 -O 1 -l 1000
test_is "UDP, 64-bit counters" mode "$udp" -u -k 50 -l 1000 -b 10M --udp-counters-64bit
test_is "UDP, 64-bit counters, reverse" mode "$udp_back" -u -k 50 -l 1000 -b 10M --udp-counters-64bit -R
test_is "UDP, a length by the path" mode "$udp" -u -k 5 -b 10M
test_is "so many octets" octets
test_is "so many octets over many streams" octets_of_many
test_is "so many blocks" blocks
test_is "so many blocks, reverse" blocks_received
test_is "TCP, so many octets, both ways" mode "$tcp" -n 1M --bidir
test_is "a report in words" text
test_is "a report in words, UDP" text_udp
test_is "the server's output as text" output_text
test_is "the server's output as text, in JSON" output_text_json
test_is "the server's output as JSON" output_json
test_is "the server's output as JSON, in a text" output_json_text
test_is "IPv6, and a local address" over_ipv6
test_is "interrupted" interrupted
test_is "terminated, UDP" interrupted_udp
test_is "the server is interrupted" server_interrupted
test_is "the server is killed" server_killed
test_is "the server is killed, reverse" server_killed_reverse
test_is "the server is busy" busy
test_is "nobody listens" refused

wait $tests
for i in $(seq $number); do
	if [ "$(cat "$out/$i.status")" -eq 0 ]; then
		echo "ok $i - $(cat "$out/$i.name")"
	else
		echo "not ok $i - $(cat "$out/$i.name")"
		head -n 60 "$out/$i.out" | sed 's/^/# /'
	fi
done
echo "1..$number"
