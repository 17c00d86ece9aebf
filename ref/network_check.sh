#!/bin/sh
# Bad networks: tests through loss, repetition, reordering, delay and small segments end with the right status, and what
# is reported is what happened; a link that goes down ends them within their timers. First through a relay on this host,
# that counts what it does; then in network namespaces of its own, where that is permitted, with the kernel's netem,
# where it has that. As TAP. ONLY=WORDS runs the tests with these words in their names, JOBS=N so many at a time.
# shellcheck disable=SC2086 # lists of options are to be split
set -u
build=${BUILD:-build}
out=$build/network
near=10.99.0.1 far=10.99.0.2 # the two ends of a link in namespaces
length=100                   # of a datagram: no message has it
options="-l $length -b 250k" # slow enough for sockets to hold a second of it on a busy host
amount=600                   # datagrams of a test: no time, in which a busy host might send few

# --- what is reported -----------------------------------------------------------------------------------------------

leaf() { awk -f ref/json_leaves.awk "$1" | sed -n "s/^$2=//p" | head -n 1 | sed 's/\.0*$//'; } # FILE PATH
server_says() { leaf "$case.server" "$1"; }
client_says() { leaf "$case.client" "$1"; }
relay_says() { sed -n "s/^$1 //p" "$case.relay"; }
out_of_order() {
	awk -f ref/json_leaves.awk "$case.$1" | sed -n 's/^end\.streams.*udp\.out_of_order=//p' |
		awk '{ n += $1 } END { print n + 0 }'
}
same() { # WHAT ONE OTHER
	[ -n "$2" ] && [ "$2" = "$3" ] && return
	echo "$1: '$2', but '$3'"
	false
}
at_least() { # WHAT NUMBER LEAST: so that a check has something to check
	[ "${2:--1}" -ge "$3" ] && return
	echo "$1: $2, expected at least $3"
	false
}
told() { # SIDE WORDS
	grep -q "$2" "$case.$1" && return
	echo "no '$2' in what the $1 says"
	false
}

# --- through the relay ----------------------------------------------------------------------------------------------

pids= # of this test, that runs in a shell of its own
clean() { for pid in $pids; do kill "$pid" 2>/dev/null; done; }
begin() { # COMMAND...: starts it, and waits for the port that it names: $pid, $port
	begin_log=$1; shift
	: >"$begin_log"; : >"$begin_log.told" # both are there to be followed
	"$@" >"$begin_log" 2>"$begin_log.told" &
	pid=$!
	pids="$pids $pid"
	timeout 20 tail -q -n +1 --pid=$pid -f "$begin_log" "$begin_log.told" 2>/dev/null | grep -q -m 1 listening
	port=$(cat "$begin_log" "$begin_log.told" | sed -n 's/.*listening on \([0-9]*\).*/\1/p' | head -n 1)
	[ -n "$port" ] && return
	cat "$begin_log" "$begin_log.told"
	false
}
server() { begin "$case.server" timeout 60 "$build/iperf-ref" -s -p 0 -1 "$@" && server=$pid; }
iperf3_server() { # takes no port 0: tries some below those that the system gives to clients
	for try in $(seq $((20000 + $$ % 100 * 100 + number)) 101 32000); do
		begin "$case.server" timeout 60 iperf3 -s -1 --forceflush -p "$try" && break
	done
	server=$pid port=$try
}
relay() { begin "$case.relay" "$build/iperf-stress" relay -p "$port" --length $length "$@" && relay=$pid; }
client() { # PROGRAM OPTIONS...
	client_program=$1; shift
	timeout 40 "$client_program" -c 127.0.0.1 -p "$port" "$@" >"$case.client" 2>"$case.said"
	client_status=$? # is for the caller to judge
}
# The server ends first: something of the client may still be on its way.
end() {
	same "status of the client" $client_status 0 || return
	wait $server; server_status=$?
	kill $relay && wait $relay && same "status of the server" $server_status 0
}
course() { # RELAY-OPTIONS SERVER-OPTIONS CLIENT-PROGRAM CLIENT-OPTIONS
	server -J $2 && relay $1 && client $3 -J -i 0 $4 && end
}
with_iperf3_server() { # RELAY-OPTIONS CLIENT-OPTIONS
	iperf3_server && relay $1 && client "$build/iperf-ref" -J -i 0 --profile iperf3 $2 && end
}
ref=$build/iperf-ref
text="--profile text --t-results 30" three="--profile iperf3"

# What the relay let through is what the server of the text profile has, and what its client reports.
text_udp() { # RELAY-OPTIONS CLIENT-OPTIONS
	course "$1" "--profile text" "$ref" "$text $options -n $((amount * length)) $2" || return
	sent=$(client_says end.sum_sent.packets) received=$(relay_says up_payload_went)
	same "octets at the server" "$(server_says end.sum_received.bytes)" "$(relay_says up_payload_octets)" &&
		same "octets, the client says" "$(client_says end.sum_received.bytes)" "$(relay_says up_payload_octets)" &&
		same "datagrams, the client says" "$(client_says end.sum_received.packets)" "$received" &&
		same "sent" "$sent" "$(relay_says up_payload_came)" &&
		same "lost" "$(client_says end.sum_received.lost_packets)" \
			$((sent > received ? sent - received : 0)) &&
		same "how it ended" "$(server_says outcome)" '"end"'
}
# In the iperf3 profile there are sequences: loss and order as well.
reports() { # SIDE DIRECTION: both of the receiver
	same "octets at the $1" "$(leaf "$case.$1" end.sum_received.bytes)" "$(relay_says "$2_payload_octets")" &&
		same "highest sequence at the $1" "$(leaf "$case.$1" end.sum_received.packets)" "$(relay_says "$2_highest")" &&
		same "lost at the $1" "$(leaf "$case.$1" end.sum_received.lost_packets)" "$(relay_says "$2_errors")"
}
udp_agrees() {
	reports server up && reports client up && same "out of order" "$(out_of_order server)" "$(relay_says up_late)" &&
		same "sent" "$(client_says end.sum_sent.packets)" "$(relay_says up_payload_came)" &&
		at_least "datagrams" "$(relay_says up_payload_came)" $amount
}
iperf3_udp() { # CLIENT RELAY-OPTIONS CLIENT-OPTIONS
	[ "$1" = iperf3 ] && iperf3_profile= || iperf3_profile=$three
	course "--sequence $2" "$three" "$1" "$iperf3_profile -u $options -n $((amount * length)) ${3-}" && udp_agrees
}
# A client counts no more when its time, or its amount, is over: what is still on its way then is not in its report.
iperf3_udp_reverse() { # RELAY-OPTIONS CLIENT-OPTIONS
	course "--sequence $1" "$three" "$ref" "$three -u $options -R $2" || return
	highest=$(relay_says down_highest) packets=$(client_says end.sum_received.packets)
	lost=$(client_says end.sum_received.lost_packets) errors=$(relay_says down_errors)
	more=$(($(relay_says down_payload_went) - $(client_says end.sum_received.bytes) / length))
	echo "of $highest came $packets, $more datagrams more after the end; lost $errors, reported $lost"
	[ "$packets" -le "$highest" ] && [ $((lost - errors)) -le $more ] &&
		[ $((errors - lost)) -le $((highest - packets)) ] && [ $more -ge 0 ] && [ $more -le 150 ] &&
		at_least datagrams "$packets" 200
}
iperf3_server_udp() { # RELAY-OPTIONS CLIENT-OPTIONS
	with_iperf3_server "--sequence $1" "-u $options -n $((amount * length)) ${2-}" && reports client up &&
		at_least datagrams "$(relay_says up_payload_came)" $amount
}
# A server does not answer a second hello (R-26.1-6): when the reply is lost, the client can but say so in time, and the
# server is free again, by T_silence or when the client has gone.
reply_lost() {
	server --profile iperf3 --t-silence 2 && relay --lose-replies 9 &&
		client "$ref" $three -u -i 0 --t-reply 3 && same "status of the client" $client_status 1 &&
		told said "^iperf-ref: timeout: .*R-26\.1-9" || return
	kill $relay && wait $relay && at_least "hellos that went" "$(relay_says up_went)" 2 && wait $server &&
		told server "failed: \(error 144\|the client closed\)"
}
happened() { # WHAT LEAST COMMAND...: and the relay has done that to payload, or to any datagram, so often
	happened_what=$1 happened_least=$2; shift 2
	"$@" && at_least "$happened_what" "$(relay_says "$happened_what")" "$happened_least"
}

# Streams arrive whole in the text profile, which ends them one by one.
text_tcp() { # RELAY-OPTIONS OCTETS CLIENT-OPTIONS
	course "$1" "--profile text" "$ref" "$text -n $2 ${3-}" &&
		same "octets at the server" "$(server_says end.sum_received.bytes)" "$2" &&
		same "octets, the client says" "$(client_says end.sum_received.bytes)" "$2" &&
		same "how it ended" "$(server_says outcome)" '"end"'
}
# In the iperf3 profile TEST_END can overtake payload; both sides say the same.
iperf3_tcp() { # CLIENT RELAY-OPTIONS OCTETS CLIENT-OPTIONS
	[ "$1" = iperf3 ] && iperf3_profile= || iperf3_profile=$three
	course "$2" "$three" "$1" "$iperf3_profile -l 1000 -n $3 ${4-}" || return
	bytes=$(server_says end.sum_received.bytes)
	same "octets received" "$(client_says end.sum_received.bytes)" "$bytes" &&
		same "octets sent" "$(client_says end.sum_sent.bytes)" "$(server_says end.sum_sent.bytes)" &&
		at_least "octets" "$bytes" 1
}
iperf3_server_tcp() { # RELAY-OPTIONS CLIENT-OPTIONS
	with_iperf3_server "$1" "-l 1000 $2" && at_least octets "$(client_says end.sum_received.bytes)" 1
}

# --- a link that goes down ------------------------------------------------------------------------------------------

# Whatever cuts the link; payload flows when it is cut, for the client has reported it.
started() { # CLIENT-OPTIONS...
	: >"$case.client"
	timeout 40 "$ref" -c "$host" -p "$port" -i 0.1 -t 3 -b 1M "$@" >"$case.client" 2>"$case.said" &
	client=$!
	pids="$pids $client"
	timeout 20 tail -n +1 --pid=$client -f "$case.client" | grep -q -m 1 " sec " && return
	cat "$case.said"
	false
}
# Both end by their timers, and say which; the server goes on to the next test, so it is ended by the user here.
ended_by() { # PROFILE WORDS-OF-THE-CLIENT WORDS-OF-THE-SERVER
	kill -0 $client || echo "The client was through before the link was down." >"$case.again"
	wait $client; client_status=$?
	timeout 20 tail --pid=$server -f /dev/null || { echo "the server does not end"; return 1; }
	wait $server; server_status=$?
	same "status of the client" $client_status 1 && same "status of the server" $server_status 0 &&
		told said "$1" && told server "$2"
}
short_text="--profile text --t-idle 1 --t-begin 1 --t-hello 1"
short_three="--profile iperf3 --t-silence 1 --t-over 1 --t-read 1"
down() { # SERVER-OPTIONS CLIENT-OPTIONS WORDS-OF-THE-CLIENT WORDS-OF-THE-SERVER
	host=127.0.0.1
	server $1 && relay && started $2 && kill -USR1 $relay && ended_by "$3" "$4" || return
	kill $relay && wait $relay
}
down_text() { down "$short_text" "--profile text --t-results 1 ${1-}" "^iperf-ref: timeout: .*R-[0-9]" "T_idle"; }
down_three() {
	down "$short_three" "$three --t-reply 1 ${1-}" "^iperf-ref: timeout: .*R-31-4" "failed: error \(144\|160\)"
}

# --- in namespaces --------------------------------------------------------------------------------------------------

# This script as another process in a network of its own, with a second one behind a link: there() runs commands in that.
inside() { # NUMBER FUNCTION ARGUMENTS...
	number=$1 case=$out/$1; shift
	mkfifo "$case.there" && ip link set lo up || exit 3
	unshare -n sh -c 'echo; exec sleep 100' >"$case.there" &
	holder=$!
	pids="$pids $holder"
	read -r _ <"$case.there"
	ip link add near type veth peer name far netns $holder && ip addr add $near/24 dev near && ip link set near up &&
		there ip addr add $far/24 dev far && there ip link set far up && there ip link set lo up || exit 3
	"$@"
}
there() { nsenter -t $holder -n -- "$@"; }
far_server() {
	begin "$case.server" nsenter -t $holder -n -- timeout 60 "$ref" -s -p 0 -1 "$@" && server=$pid host=$far
}
far_client() { # PROGRAM OPTIONS...
	client_program=$1; shift
	timeout 60 "$client_program" -c $far -p "$port" "$@" >"$case.client" 2>"$case.said"
	client_status=$?
}
far_course() { # NETEM-OPTIONS SERVER-OPTIONS CLIENT-PROGRAM CLIENT-OPTIONS
	tc qdisc add dev near root netem $1 && there tc qdisc add dev far root netem $1 &&
		far_server -J $2 && far_client $3 -J -i 0 $4 || return
	# a reply that is lost is not sent again (R-26.1-6): then there is no test
	grep -q 'R-26\.1-9' "$case.client" && echo "The reply to a hello was lost." >"$case.again"
	same "status of the client" $client_status 0 || return
	wait $server; server_status=$?
	tc -s qdisc show dev near
	same "status of the server" $server_status 0
}
link_down() { # SERVER-OPTIONS CLIENT-OPTIONS WORDS-OF-THE-CLIENT WORDS-OF-THE-SERVER
	far_server $1 && started $2 && ip link set near down && ended_by "$3" "$4"
}
link_down_text() { link_down "$short_text" "--profile text --t-results 1 ${1-}" "^iperf-ref: .*R-[0-9]" "T_idle"; }
link_down_three() {
	link_down "$short_three" "$three --t-reply 1 ${1-}" "^iperf-ref: .*R-[0-9]" "failed: error \(144\|160\)"
}

# The kernel's counters of that namespace: Udp FIELD.
datagrams() { # FIELD [COMMAND...]
	datagrams_field=$1; shift
	"$@" cat /proc/net/snmp | awk -v f="$datagrams_field" '
		$1 == "Udp:" && !n { for (i = 2; i <= NF; i++) if ($i == f) n = i; next }
		$1 == "Udp:" { print $n }'
}
dropped() { tc -s qdisc show dev near | sed -n 's/.*dropped \([0-9]*\).*/\1/p' | head -n 1; }

netem_text_udp() { # NETEM-OPTIONS
	far_course "$1" "--profile text" "$ref" "$text -u $options -n $((amount * length))" || return
	arrived=$(datagrams InDatagrams there) bytes=$(server_says end.sum_received.bytes)
	sent=$(client_says end.sum_sent.packets) lost=$(client_says end.sum_received.lost_packets)
	echo "sent $sent lost $lost octets $bytes datagrams that arrived $arrived"
	# those that arrived are payload, and messages: each kind at least once, and not more often than they were sent
	messages=$((arrived - bytes / length)) sent_messages=$(($(datagrams OutDatagrams) - sent))
	same "octets, the client says" "$(client_says end.sum_received.bytes)" "$bytes" &&
		[ "$messages" -ge 2 ] && [ "$messages" -le $((2 * sent_messages)) ] && at_least datagrams "$sent" $amount &&
		[ "$lost" -le "$(dropped)" ]
}
netem_udp() { # CLIENT NETEM-OPTIONS
	[ "$1" = iperf3 ] && iperf3_profile= || iperf3_profile=$three
	far_course "$2" "$three" "$1" "$iperf3_profile -u $options -n $((amount * length))" || return
	arrived=$(datagrams InDatagrams there) bytes=$(server_says end.sum_received.bytes)
	packets=$(server_says end.sum.packets) lost=$(server_says end.sum.lost_packets)
	sent=$(client_says end.sum_sent.packets) hellos=$(($(datagrams OutDatagrams) - sent))
	echo "sent $sent and $hellos, arrived $arrived, octets $bytes, highest $packets, lost $lost, dropped $(dropped)"
	same "octets, the client says" "$(client_says end.sum_received.bytes)" "$bytes" &&
		at_least "payload that arrived" $((arrived - bytes / length)) 1 &&
		[ $((arrived - bytes / length)) -le $((2 * hellos)) ] &&
		[ "$packets" -le "$sent" ] && [ "$lost" -le "$(dropped)" ] && at_least datagrams "$sent" $amount
}
# Where nothing is repeated, what was lost up to the highest is what did not arrive.
netem_udp_loss() { # CLIENT NETEM-OPTIONS
	netem_udp "$@" && same "lost" "$lost" $((packets - bytes / length)) && at_least lost "$lost" 1
}
netem_tcp() { # NETEM-OPTIONS
	far_course "$1" "--profile text" "$ref" "$text -n 100000" &&
		same "octets at the server" "$(server_says end.sum_received.bytes)" 100000 &&
		same "octets, the client says" "$(client_says end.sum_received.bytes)" 100000
}
netem_iperf3_tcp() { # CLIENT NETEM-OPTIONS
	[ "$1" = iperf3 ] && iperf3_profile= || iperf3_profile=$three
	far_course "$2" "$three" "$1" "$iperf3_profile -l 1000 -n 100000" &&
		same "octets received" "$(client_says end.sum_received.bytes)" "$(server_says end.sum_received.bytes)"
}

# --- all of them, side by side --------------------------------------------------------------------------------------

if [ "${1-}" = inside ]; then # a process of this script, in a namespace
	shift
	trap clean EXIT
	trap 'exit 3' INT TERM
	inside "$@"
	exit
fi

mkdir -p "$out"
rm -rf "${out:?}"/*
number=0 tests=
trap 'for pid in $tests; do kill "$pid" 2>/dev/null; done; wait' EXIT
trap 'exit 1' INT TERM
# The kernel may have thrown datagrams away because nobody had time to read them; nobody can know that but its counters.
overflows() { datagrams RcvbufErrors; }
attempt() { # COMMAND...: again, when that has happened, or a busy host was too late to cut a link
	for try in 1 2 3; do
		overflows_before=$(overflows)
		clean; pids=
		rm -rf "$case.again" "$case.there"
		"$@" && return 0
		[ "$(overflows)" = "$overflows_before" ] || echo "The system lost datagrams." >"$case.again"
		[ -e "$case.again" ] || return 1
		echo "Attempt $try does not count: $(cat "$case.again")"
	done
	return 1
}
test_is() { # NAME COMMAND...
	case $1 in *"${ONLY-}"*) ;; *) return ;; esac
	number=$((number + 1)) case=$out/$((number))
	echo "$1" >"$case.name"; shift
	[ $((number % ${JOBS:-33})) -ne 0 ] || wait
	( trap clean EXIT; trap 'exit 3' INT TERM; attempt "$@" >"$case.out" 2>&1; echo $? >"$case.status" ) &
	tests="$tests $!"
}
skip() { # NAME WHY
	case $1 in *"${ONLY-}"*) ;; *) return ;; esac
	number=$((number + 1))
	echo "$1" >"$out/$number.name"
	echo "$2" >"$out/$number.skip"
}

loss1="--loss 1 --seed 3" loss10="--loss 10" copies="--copies 10" order="--reorder 10 --delay 30"
far_off="--delay 50 --jitter 20" all="--loss 5 --copies 5 --reorder 10 --delay 50 --jitter 10"
test_is "text, UDP, 1 % lost" happened up_missing 1 text_udp "$loss1" -u
test_is "text, UDP, 10 % lost, three streams" happened up_missing 50 text_udp "$loss10" "-P 3 -u"
test_is "text, UDP, repeated" happened up_copied 20 text_udp "$copies" -u
test_is "text, UDP, reordered" happened up_late 20 text_udp "$order" -u
test_is "text, UDP, 50 ms with jitter" happened up_late 20 text_udp "$far_off" -u
test_is "text, UDP and TCP, all at once" happened up_missing 5 text_udp "$all --piece 20" "--udp-streams 2 -P 0"
test_is "text, UDP, the first IPERF_STREAM_BEGINs are lost" happened up_lost 7 text_udp "--lose 7" -u
test_is "text, TCP, in segments of 5 octets at most" text_tcp "--piece 5" 50000
test_is "text, TCP, octet by octet" text_tcp "--piece 1" 5000 "-P 2"
test_is "text, TCP, 50 ms with jitter" text_tcp "$far_off" 3000000 "-P 3"
test_is "text, link down, TCP" down_text
test_is "text, link down, UDP" down_text -u
for client in "$ref" iperf3; do
	name="iperf3 profile, $(basename "$client")"
	if ! command -v "$client" >"$out/which"; then
		skip "$name" "there is no iperf3"
		continue
	fi
	[ "$client" = iperf3 ] && spare="--spare 1" || spare= # its hello is not repeated
	test_is "$name: UDP, 1 % lost" happened up_missing 1 iperf3_udp "$client" "$loss1 $spare"
	test_is "$name: UDP, 10 % lost, three streams" happened up_missing 50 \
		iperf3_udp "$client" "$loss10 --spare 1" "-P 3"
	test_is "$name: UDP, repeated" happened up_copied 20 iperf3_udp "$client" "$copies $spare"
	test_is "$name: UDP, reordered" happened up_late 20 iperf3_udp "$client" "$order $spare"
	test_is "$name: UDP, 50 ms with jitter" happened up_late 20 iperf3_udp "$client" "$far_off"
	test_is "$name: UDP, all at once" happened up_missing 5 iperf3_udp "$client" "$all --spare 1" "-P 2"
	test_is "$name: TCP, in segments of 5 octets at most" iperf3_tcp "$client" "--piece 5" 50000
	test_is "$name: TCP, 50 ms with jitter" iperf3_tcp "$client" "$far_off" 3000000 "-P 3"
	test_is "$name: TCP, 50 ms with jitter, reverse" iperf3_tcp "$client" "$far_off" 1000000 -R
done
name="iperf3 profile, iperf3 as the server"
if command -v iperf3 >"$out/which"; then
	test_is "$name: UDP, 10 % lost" happened up_missing 20 iperf3_server_udp "$loss10 --spare 1"
	test_is "$name: UDP, 5 % lost, 5 % repeated, two streams" happened up_copied 20 \
		iperf3_server_udp "--loss 5 --copies 5 --spare 1" "-P 2"
	# It reads no more from TEST_END on, which may overtake datagrams: what it reports is not compared.
	test_is "$name: UDP, all at once" happened up_missing 5 with_iperf3_server "$all --spare 1" "-u $options -k $amount"
	test_is "$name: UDP, the first hello is lost" happened up_lost 1 iperf3_server_udp "--lose 1"
	test_is "$name: TCP, in segments of 5 octets at most" iperf3_server_tcp "--piece 5" "-n 50000"
	test_is "$name: TCP, 50 ms with jitter" iperf3_server_tcp "$far_off" "-n 3000000"
	test_is "$name: TCP, 50 ms with jitter, reverse" iperf3_server_tcp "$far_off" "-n 1000000 -R"
else
	skip "$name" "there is no iperf3"
fi
test_is "iperf3 profile, UDP, reverse, so many datagrams" happened down_missing 20 \
	iperf3_udp_reverse "$loss10 --spare 1" "-k 300"
test_is "iperf3 profile, UDP, reverse, all at once" happened down_missing 5 iperf3_udp_reverse "$all --spare 1" "-k 300"
test_is "iperf3 profile, UDP, the first hellos are lost" happened up_lost 2 iperf3_udp "$ref" "--lose 2" ""
test_is "iperf3 profile, UDP, the reply to the hello is lost" happened down_lost 1 reply_lost
for mode in "" -R --bidir -u "-u -R" "-u --bidir"; do
	test_is "iperf3 profile, link down, TCP or UDP: $mode" down_three "$mode"
done

# Namespaces, as root or with one for users as well.
isolated=
for try in "unshare -n" "unshare -Urn"; do
	[ -z "$isolated" ] && $try sh -c 'ip link add near type veth peer name far && unshare -n true' \
		>"$out/isolated" 2>&1 && isolated=$try
done
apart() { # NAME FUNCTION ARGUMENTS...: test in a namespace
	if [ -z "$isolated" ]; then
		skip "$1" "network namespaces with a link are not permitted here"
		return
	fi
	apart_name=$1; shift
	test_is "$apart_name" $isolated sh "$0" inside $((number + 1)) "$@"
}
netem() { # NAME FUNCTION ARGUMENTS...: and with netem
	if [ -n "$isolated" ] && [ -z "$have_netem" ]; then
		skip "$1" "this kernel has no netem (sch_netem)"
		return
	fi
	apart "$@"
}
have_netem=
[ -n "$isolated" ] && $isolated tc qdisc add dev lo root netem loss 1% >"$out/netem" 2>&1 && have_netem=yes
apart "link down in a namespace: text, TCP" link_down_text
apart "link down in a namespace: text, UDP" link_down_text -u
for mode in "" -R --bidir -u "-u -R"; do
	apart "link down in a namespace: iperf3 profile, TCP or UDP: $mode" link_down_three "$mode"
done
netem "netem: text, UDP, 1 % lost" netem_text_udp "loss 1%"
netem "netem: text, UDP, all at once" netem_text_udp "loss 3% duplicate 5% reorder 20% delay 50ms 10ms"
netem "netem: text, TCP, 10 % lost" netem_tcp "loss 10%"
netem "netem: text, TCP, 50 ms with jitter, repeated" netem_tcp "delay 50ms 10ms duplicate 5%"
for client in "$ref" iperf3; do
	command -v "$client" >"$out/which" || continue
	name="netem: iperf3 profile, $(basename "$client")"
	[ "$client" = iperf3 ] || # its hello is not repeated
		netem "$name: UDP, 10 % lost" netem_udp_loss "$client" "loss 10%"
	netem "$name: UDP, reordered" netem_udp "$client" "reorder 20% delay 30ms"
	[ "$client" = iperf3 ] && loss= || loss="loss 3%"
	netem "$name: UDP, all at once" netem_udp "$client" "$loss duplicate 5% reorder 20% delay 50ms 10ms"
	netem "$name: TCP, 1 % lost, 50 ms with jitter" netem_iperf3_tcp "$client" "loss 1% delay 50ms 10ms"
done

wait $tests
i=0
while [ $((i += 1)) -le $number ]; do
	name=$(cat "$out/$i.name") status=$(cat "$out/$i.status" 2>/dev/null || echo 1)
	if [ -e "$out/$i.skip" ]; then
		echo "ok $i - $name # SKIP $(cat "$out/$i.skip")"
	elif [ "$status" -eq 0 ]; then
		echo "ok $i - $name"
	else
		echo "not ok $i - $name"
		cat "$out/$i.out" "$out/$i.said" "$out/$i.server.told" 2>/dev/null | head -n 40 | sed 's/^/# /'
	fi
done
echo "1..$number"
