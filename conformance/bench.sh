#!/bin/sh
# Speed, always beside a peer in the same run: A B A B ..., and the median of the ratios pair by pair. Nothing is asserted:
# machines differ. RUNS=5, SECONDS_EACH=2, CAPTURE_MB=1100, STRANGERS=1000.
set -eu
build=${BUILD:-build}
runs=${RUNS:-5}
each=${SECONDS_EACH:-2}
megabytes=${CAPTURE_MB:-1100}
strangers=${STRANGERS:-1000}
out=$build/bench
mkdir -p "$out"

pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || true; done' EXIT
trap 'exit 1' INT TERM

wait_for() { # FILE WORD PID
	touch "$1" # the writer may not have come so far as to make it
	timeout 5 tail -n +1 --pid="$3" -f "$1" 2>/dev/null | grep -q -m 1 "$2"
}

# The number of a name within an object of a JSON document: OBJECT NAME <document.
number() {
	awk -v object="\"$1\"" -v name="\"$2\"" '
		index($0, object ":") { inside = 1 }
		inside && $1 == name ":" { gsub(/,/, "", $2); print $2; exit }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
row() { printf '%-34s %14s %14s %8s %s\n' "$@"; }

# PROFILE OPTIONS...: a server of ours; its process and port in $pid and $port.
serve() {
	"$build/iperf-ref" -s -p 0 --profile "$@" >"$out/$1.log" 2>&1 &
	pid=$!; pids="$pids $pid"
	wait_for "$out/$1.log" listening $pid
	port=$(sed -n 's/^Server listening on \([0-9]*\).*/\1/p' "$out/$1.log")
}

serve iperf3; ref3=$pid ref3_port=$port
serve text; ref=$pid ref_port=$port
iperf3_port=$ref_port peer= # the next one that is free
while [ -z "$peer" ] && [ $iperf3_port -lt $((ref_port + 20)) ]; do
	iperf3_port=$((iperf3_port + 1))
	iperf3 -s -p $iperf3_port --forceflush >"$out/iperf3.log" 2>&1 &
	peer=$!
	wait_for "$out/iperf3.log" listening $peer || peer=
done
[ -n "$peer" ] || { cat "$out/iperf3.log"; exit 1; }
pids="$pids $peer"

# NAME OPTIONS: rates of both, and their ratio; $profile is that of iperf-ref on both sides.
pair() {
	name=$1; shift
	: >"$out/a"; : >"$out/b"; : >"$out/ratios"
	i=0
	while [ $i -lt "$runs" ]; do
		"$build/iperf-ref" -c 127.0.0.1 -p "$port" --profile $profile -t "$each" -J "$@" >"$out/ref.json"
		iperf3 -c 127.0.0.1 -p $iperf3_port -t "$each" -J "$@" >"$out/iperf3.json"
		a=$(rate <"$out/ref.json"); b=$(rate <"$out/iperf3.json")
		echo "$a" >>"$out/a"; echo "$b" >>"$out/b"
		echo "$a $b" | awk '{ printf "%.3f\n", $1 / $2 }' >>"$out/ratios"
		i=$((i + 1))
	done
	row "$name" "$(median <"$out/a")" "$(median <"$out/b")" "$(median <"$out/ratios")" "$(tr '\n' ' ' <"$out/ratios")"
}
gigabits() { number sum_received bits_per_second | awk '{ printf "%.2f\n", $1 / 1e9 }'; }
# Datagrams that arrived, a second.
datagrams() {
	document=$(cat)
	packets=$(echo "$document" | number sum packets)
	for object in '"end":' '"sum":'; do document=$(echo "$document" | awk -v o="$object" 'p || index($0, o) { p = 1; print }'); done
	echo "$document" | awk '
		$1 == "\"packets\":" && !p { p = $2 + 0 }
		$1 == "\"lost_packets\":" && l == "" { l = $2 + 0 }
		$1 == "\"seconds\":" && !s { s = $2 + 0 }
		END { printf "%.0f\n", (p - l) / s }'
}

echo "iperf-ref as client and server, beside iperf3 as client and server; -t $each"
for profile in text iperf3; do
	[ $profile = text ] && port=$ref_port || port=$ref3_port
	row "profile $profile" iperf-ref iperf3 ratio "(each pair)"
	rate() { gigabits; }
	pair "TCP, 1 stream, Gbit/s"
	pair "TCP, 4 streams, Gbit/s" -P 4
	[ $profile = text ] || pair "TCP, 1 stream, -R, Gbit/s" -R
	rate() { datagrams; }
	pair "UDP, 1400 octets, datagrams/s" -u -b 0 -l 1400
done
resident() { awk '/VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
echo "iperf-ref servers, MiB resident at most: text $(resident $ref), iperf3 $(resident $ref3)"

# The same test with strangers at the server, and without: either first in turn, so that a host that becomes faster or
# slower favours none. Held: all wait all the time; else they are pushed out, or denied, and come again a second later.
# What the server's processor has to do for an octet is told too, for other load on the host does not change it as much.
crowded() { # NAME STRANGER-OPTIONS SERVER-OPTIONS...
	name=$1 stranger_options=$2; shift 2
	serve "$@"
	crowded=$pid
	: >"$out/a"; : >"$out/b"; : >"$out/ratios"; : >"$out/work"
	i=0
	while [ $i -lt $((2 * runs)) ]; do
		[ $((i % 2)) -eq 1 ] || one "$1" >"$out/none"
		# shellcheck disable=SC2086
		"$build/iperf-stress" silent -p "$port" -n "$strangers" --trickle 10 $stranger_options >"$out/strangers.log" &
		pid=$!; pids="$pids $pid"
		wait_for "$out/strangers.log" strangers $pid
		one "$1" >"$out/some"
		kill $pid 2>/dev/null || true # in the iperf3 profile, a test that begins may have ended them all
		wait $pid || true
		[ $((i % 2)) -eq 0 ] || one "$1" >"$out/none"
		cut -d ' ' -f 1 "$out/some" >>"$out/a"; cut -d ' ' -f 1 "$out/none" >>"$out/b"
		paste -d ' ' "$out/some" "$out/none" | awk '{ printf "%.3f\n", $1 / $3 }' >>"$out/ratios"
		paste -d ' ' "$out/some" "$out/none" | awk '{ printf "%.3f\n", $2 / $4 }' >>"$out/work"
		i=$((i + 1))
	done
	row "$name" "$(median <"$out/a")" "$(median <"$out/b")" "$(median <"$out/ratios")" "$(tr '\n' ' ' <"$out/ratios")"
	row "  the server's work for an octet" "" "" "$(median <"$out/work")" "$(tr '\n' ' ' <"$out/work")"
	kill $crowded
}
ticks() { awk '{ print $14 + $15 }' "/proc/$crowded/stat"; }
# One test: its rate, and what the server has worked for so much.
one() { # PROFILE
	ticks=$(ticks)
	rate=$("$build/iperf-ref" -c 127.0.0.1 -p "$port" --profile "$1" -t "$each" -i 0 -J | gigabits)
	echo "$rate $(($(ticks) - ticks))" | awk '{ print $1, $2 / $1 }'
}

echo "$strangers strangers that say nothing, or little, while iperf-ref is tested by iperf-ref; TCP, Gbit/s, -t $each"
row "" "strangers" "none" ratio "(each pair; goal: 0.95)"
if (ulimit -n $((strangers + 1000))) 2>/dev/null; then
	ulimit -n $((strangers + 1000))
	crowded "text, held" "" text --t-hello 600 --max-pending $((strangers + 100))
	crowded "iperf3, denied" "" iperf3 --t-read 600 --max-pending $((strangers + 100))
else
	echo "$((strangers + 1000)) descriptors are not permitted here: strangers that are held were not measured"
fi
crowded "text, again and again" --again text
crowded "iperf3, again and again" --again iperf3

# The checker beside tcpdump, on a capture of a fast test.
tcpdump -i lo -B 262144 -w "$out/bench.pcap" port "$ref_port" 2>"$out/tcpdump.log" &
capture=$!; pids="$pids $capture"
if ! wait_for "$out/tcpdump.log" "listening on" $capture; then
	echo "Capturing is not permitted here: the checker was not measured"
	exit 0
fi
"$build/iperf-ref" -c 127.0.0.1 -p "$ref_port" -n "${megabytes}M" -b 2G >/dev/null
sleep 1 # the last packets are on their way to the file; nothing depends on them
kill -INT $capture; wait $capture || true
size=$(stat -c %s "$out/bench.pcap")
# COMMAND...: octets of the capture per second.
speed() {
	start=$(date +%s.%N)
	"$@" >/dev/null 2>&1 || true
	echo "$start $(date +%s.%N) $size" | awk '{ printf "%.3f\n", $3 / ($2 - $1) / 1e9 }'
}
: >"$out/a"; : >"$out/b"; : >"$out/ratios"
cat "$out/bench.pcap" >/dev/null # into the page cache, for both alike
i=0
while [ $i -lt "$runs" ]; do
	a=$(speed "$build/iperf-conform" check -q "$out/bench.pcap")
	b=$(speed tcpdump -r "$out/bench.pcap" -w /dev/null)
	echo "$a" >>"$out/a"; echo "$b" >>"$out/b"
	echo "$a $b" | awk '{ printf "%.3f\n", $1 / $2 }' >>"$out/ratios"
	i=$((i + 1))
done
row "" "check" "tcpdump" ratio
row "capture of $((size / 1000000)) MB, GB/s" "$(median <"$out/a")" "$(median <"$out/b")" "$(median <"$out/ratios")" \
	"$(tr '\n' ' ' <"$out/ratios")"
"$build/iperf-conform" check -q "$out/bench.pcap" || true
rm -f "$out/bench.pcap"
