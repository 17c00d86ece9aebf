#!/bin/sh
# The iperf3 that the system has, as a client of iperf-ref, in each of its modes: tests run to their end, and both sides
# report the same. Modes run side by side, each with a server of its own. As TAP.
set -u
build=${BUILD:-build}
out=$build/iperf3-server
mkdir -p "$out"
rm -rf "${out:?}"/*
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT
trap 'exit 1' INT TERM
if ! command -v iperf3 >"$out/which"; then
	echo "1..0 # SKIP there is no iperf3"
	exit 0
fi

count=0
is() { # NAME COMMAND...: a test, passed when the command succeeds
	is_name=$1; shift
	count=$((count + 1))
	if "$@" >"$out/is.$count" 2>&1; then
		echo "ok $count - $is_name"
	else
		echo "not ok $count - $is_name"
		sed 's/^/# /' "$out/is.$count" | head -n 40
		return 1
	fi
}

# A server in the background: its log is NAME.server, its number $server, its port $port.
serve() { # NAME OPTIONS...
	serve_name=$1; shift
	: >"$out/$serve_name.server"; : >"$out/$serve_name.told" # tail follows only what is there
	"$build/iperf-ref" -s -p 0 "$@" >"$out/$serve_name.server" 2>"$out/$serve_name.told" &
	server=$!
	pids="$pids $server"
	timeout 10 tail -q -n +1 --pid=$server -f "$out/$serve_name.server" "$out/$serve_name.told" 2>/dev/null |
		grep -q -m 1 listening
	port=$(cat "$out/$serve_name.server" "$out/$serve_name.told" |
		sed -n 's/.*listening on \([0-9]*\).*/\1/p' | head -n 1)
}

# The value at a path of iperf3's JSON, such as end.sum_sent.bytes; nothing when there is none.
value() { # NAME PATH
	awk -v want="$2" '
		{
			match($0, /^\t*/); depth = RLENGTH; line = substr($0, depth + 1)
			if (!match(line, /^"[^"]*":/)) next
			path[depth] = substr(line, 2, RLENGTH - 3)
			at = path[1]
			for (i = 2; i <= depth; i++) at = at "." path[i]
			if (at != want) next
			sub(/^"[^"]*":[ \t]*/, "", line); sub(/,$/, "", line); print line; exit
		}' "$out/$1.client"
}
number() { # NAME PATH
	number=$(value "$1" "$2" | sed 's/[.].*//')
	echo "${number:--1}"
}

# --- what both sides report -----------------------------------------------------------------------------------------

status_is() { # NAME STATUS
	status=$(cat "$out/$1.status")
	[ "$status" -eq "$2" ] && ! grep -q '^	"error":' "$out/$1.client" && return
	echo "status $status"; cat "$out/$1.client" "$out/$1.server"; false
}
# What was sent and what arrived, in octets: the same, or with a tolerance of so many percent. What is on its way while
# the client ends the test, or the omit time, is counted by one side only.
octets_agree() { # NAME PERCENT [SUFFIX]
	sent=$(number "$1" "end.sum_sent${3:-}.bytes"); received=$(number "$1" "end.sum_received${3:-}.bytes")
	echo "sent $sent received $received"
	some=$((sent * $2))
	[ "$sent" -gt 0 ] && [ "$received" -gt 0 ] &&
		[ $(((sent - received) * 100)) -le $some ] && [ $(((received - sent) * 100)) -le $some ]
}
# The same at full speed, where what is on its way is as much as the buffers of a connection hold.
octets_agree_fast() { # NAME
	sent=$(number "$1" end.sum_sent.bytes) received=$(number "$1" end.sum_received.bytes)
	buffers=$(cat /proc/sys/net/ipv4/tcp_wmem /proc/sys/net/ipv4/tcp_rmem | awk '{ n += $3 } END { print n }')
	echo "sent $sent received $received, the buffers hold $buffers"
	[ "$received" -gt 0 ] && [ "$received" -le "$sent" ] && [ $((sent - received)) -le "$buffers" ]
}
# Datagrams: none lost on this host, and as many arrived as were sent, but for some.
datagrams_agree() { # NAME SOME
	lost=$(number "$1" end.sum.lost_packets); packets=$(number "$1" end.sum.packets)
	echo "lost $lost packets $packets"
	[ "$lost" -ge 0 ] && [ "$lost" -le "$2" ] && [ "$packets" -gt 0 ]
}
has() { # NAME PATH VALUE
	echo "$2 is $(value "$1" "$2"), not $3"
	[ "$(value "$1" "$2")" = "$3" ]
}

# --- modes ----------------------------------------------------------------------------------------------------------

modes=
mode() { # NAME SERVER-OPTIONS HOST CLIENT-OPTIONS...
	mode_name=$1 mode_server=$2 mode_host=$3; shift 3
	modes="$modes $mode_name"
	# shellcheck disable=SC2086
	(
		serve "$mode_name" -1 $mode_server
		timeout 15 iperf3 -c "$mode_host" -p "$port" -J -i 0.5 "$@" >"$out/$mode_name.client" 2>&1
		echo $? >"$out/$mode_name.status"
		timeout 5 tail --pid=$server -f /dev/null
		kill "$server" 2>/dev/null && echo "it did not end" >"$out/$mode_name.left"
		wait "$server"
		echo $? >"$out/$mode_name.ended"
	) &
	waits="${waits:-} $!"
}
rate="-t 1 -b 20M" slow="-t 1 -b 2M" # not so fast that a busy host loses datagrams
mode tcp "" 127.0.0.1 -t 1
mode tcp-4 "" 127.0.0.1 $rate -P 4
mode reverse "" 127.0.0.1 $rate -R
mode reverse-fast "" 127.0.0.1 -t 1 -R
mode bidir "" 127.0.0.1 $rate --bidir -P 2
mode octets "" 127.0.0.1 -n 3M
mode octets-reverse "" 127.0.0.1 -n 3M -R -b 100M
mode blocks "" 127.0.0.1 -k 50 -l 10000
mode omit "" 127.0.0.1 $rate -O 1 -l 10000
mode length "" 127.0.0.1 $rate -l 777
mode options "" 127.0.0.1 $rate -l 4K -N -S 8 -w 64K -C reno -T title --extra-data more --repeating-payload
mode six "" ::1 $rate -l 10000
mode six-udp "" ::1 -u $slow -l 1000
mode four-udp "-4" 127.0.0.1 -u $slow -l 1000 -P 2
mode bound-udp "-B 127.0.0.1" 127.0.0.1 -u $slow -l 1000 --bidir
mode six-only "-6" ::1 $rate -l 10000
mode json "-J" 127.0.0.1 $rate -l 10000 --get-server-output
mode output "-i 0.5" 127.0.0.1 $rate -l 10000 --get-server-output
mode only "--profile iperf3" 127.0.0.1 $rate -l 10000
mode udp "" 127.0.0.1 -u $slow -l 1000
mode udp-2 "" 127.0.0.1 -u $slow -l 1000 -P 2
mode udp-reverse "" 127.0.0.1 -u $slow -l 1000 -R
mode udp-bidir "" 127.0.0.1 -u $slow -l 1000 --bidir
mode udp-wide "" 127.0.0.1 -u $slow -l 1000 --udp-counters-64bit
mode udp-omit "" 127.0.0.1 -u $slow -l 1000 -O 1
mode udp-octets "" 127.0.0.1 -u -b 4M -n 200000 -l 1000
# shellcheck disable=SC2086
wait $waits

for name in $modes; do
	is "$name: the client is content" status_is "$name" 0
	is "$name: the server has ended, with status 0" grep -qx 0 "$out/$name.ended"
	is "$name: and by itself" test ! -e "$out/$name.left"
done
for name in tcp reverse-fast; do
	is "$name: octets agree" octets_agree_fast "$name"
done
for name in tcp-4 octets blocks length options six six-only json output only; do
	is "$name: octets agree exactly" octets_agree "$name" 0
done
is "octets: as many as were asked for" test "$(number octets end.sum_received.bytes)" -eq 3145728
is "blocks: as many as were asked for" test "$(number blocks end.sum_received.bytes)" -eq 500000
for name in reverse bidir omit; do # each side has its own clock
	is "$name: octets agree" octets_agree "$name" 40
done
is "octets-reverse: octets agree" octets_agree octets-reverse 50 # iperf3 counts no more when it has enough
is "bidir: octets agree the other way" octets_agree bidir 40 _bidir_reverse
for name in six-udp four-udp bound-udp udp udp-2 udp-reverse udp-wide udp-omit udp-octets udp-bidir; do
	is "$name: octets agree" octets_agree "$name" 25
	is "$name: datagrams agree" datagrams_agree "$name" 0
done
is "udp-octets: exactly" octets_agree udp-octets 0
is "octets-reverse: at least as many as were asked for" \
	test "$(number octets-reverse end.sum_received.bytes)" -ge 3145728
is "tcp: the client knows the server's CPU use" test -n "$(value tcp end.cpu_utilization_percent.remote_total)"
is "tcp: and its congestion control" test -n "$(value tcp end.receiver_tcp_congestion)"
is "options: congestion control as asked for" has options end.receiver_tcp_congestion '"reno"'
is "reverse: the client knows the server's retransmits" test "$(number reverse end.sum_sent.retransmits)" -ge 0
is "json: the server's output is JSON" grep -q '^	"server_output_json":	{' "$out/json.client"
is "json: that has both sides of the test" grep -q '"sum_sent":' "$out/json.client"
is "output: the server's output is text" grep -q '^	"server_output_text":	"Test of 127.0.0.1' "$out/output.client"
is "output: with intervals" grep -q '0\.00-0\.[5-9]' "$out/output.client"

# --- -J on the server: the document has what iperf3's has -----------------------------------------------------------

keys() { # FILE: the names of all members, once each
	grep -o '"[a-z_]*":' "$1" | sort -u
}
serve_iperf3() { # NAME CLIENT-OPTIONS...: the same test with iperf3 as the server, on the port that the other had
	pair=$1; shift
	iperf3 -s -1 -J -p "$port" >"$out/$pair.theirs" 2>&1 &
	pids="$pids $!" pair_server=$!
	tries=0
	until iperf3 -c 127.0.0.1 -p "$port" "$@" >"$out/$pair.tried" 2>&1 || [ $((tries += 1)) -ge 50 ]; do
		sleep 0.1
	done
	wait $pair_server
}
no_key_is_missing() { # NAME [BUT]: iperf3's members are all there, but those that BUT names
	keys "$out/$1.server" >"$out/$1.ours.keys"
	keys "$out/$1.theirs" | grep -vE "^\"(${2:-none})\":" >"$out/$1.theirs.keys"
	[ -s "$out/$1.theirs.keys" ] || { cat "$out/$1.theirs"; return 1; }
	missing=$(comm -13 "$out/$1.ours.keys" "$out/$1.theirs.keys")
	echo "missing: $missing"
	[ -z "$missing" ]
}
# buffers and the like are not asked of the system
but="sock_bufsize|sndbuf_actual|rcvbuf_actual|tcp_mss_default|tcp_mss|snd_cwnd|snd_wnd|rtt|rttvar|pmtu|max_rtt|min_rtt"
but="$but|mean_rtt|max_snd_cwnd|max_snd_wnd"
for name in keys-tcp:--bidir keys-udp:-u keys-reverse:-R; do
	options="-t 1 -b 1M -l 1000 ${name#*:}" name=${name%:*}
	serve "$name" -1 -J -i 0.5
	# shellcheck disable=SC2086
	(timeout 10 iperf3 -c 127.0.0.1 -p "$port" $options >"$out/$name.client" 2>&1
	 timeout 5 tail --pid=$server -f /dev/null; serve_iperf3 "$name" $options) &
	key_waits="${key_waits:-} $!"
done
# shellcheck disable=SC2086
wait $key_waits
for name in keys-tcp keys-udp keys-reverse; do
	is "$name: the server's document has all that iperf3's has" no_key_is_missing "$name" "$but"
done

# --- both profiles, in turn, on one port ----------------------------------------------------------------------------

serve turns
turn() { # NAME COMMAND...
	turn=$1; shift
	is "in turn: $turn" timeout 10 "$@"
}
for round in 1 2; do
	turn "text $round" "$build/iperf-ref" -c 127.0.0.1 -p "$port" -n 100K -i 0
	turn "iperf3 $round" iperf3 -c 127.0.0.1 -p "$port" -n 100K
	turn "text over UDP $round" "$build/iperf-ref" -c 127.0.0.1 -p "$port" -u -n 10K -b 0 -i 0
	turn "iperf3 over UDP $round" iperf3 -c 127.0.0.1 -p "$port" -u -n 10K -l 1000
	turn "iperf3 over UDP, reverse $round" iperf3 -c 127.0.0.1 -p "$port" -u -R -n 10K -l 1000
done
turn "iperf3 over SCTP is refused" sh -c "! iperf3 -c 127.0.0.1 -p $port --sctp -n 10K"
turn "and the next is served" iperf3 -c 127.0.0.1 -p "$port" -n 10K
# The last client may be gone before the server has written what became of it.
timeout 10 tail -n +1 --pid=$server -f "$out/turns.server" | grep -m 7 'the client is done' >"$out/turns.done"
kill -INT "$server"
is "the server ends as it should" wait "$server"
is "seven tests of the iperf3 profile went well" test "$(grep -c 'the client is done' "$out/turns.server")" -eq 7
is "and four of the text profile" test "$(grep -c 'the client ended it' "$out/turns.server")" -eq 4
echo "1..$count"
