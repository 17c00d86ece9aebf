#!/bin/sh
# The suite of the iperf3 profile: iperf-ref passes it in both roles, and the iperf3 that the system has does what is
# written down for its version (expectations/), no more and no less. What the runner saw of iperf-ref, judged as a
# capture, blames it for nothing. As TAP.
set -u
build=${BUILD:-build}
out=$build/iperf3-suite
conform=$build/iperf-conform
export IPERF_CASES="${IPERF_CASES:-conformance/cases}"
expectations=${IPERF_EXPECTATIONS:-conformance/expectations}
mkdir -p "$out"
rm -rf "${out:?}"/*
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT
trap 'exit 1' INT TERM

count=0
test_is() { # NAME STATUS COMMAND...
	name=$1 wanted=$2; shift 2
	count=$((count + 1))
	"$@" >"$out/$count.out" 2>&1 </dev/null; status=$?
	if [ $status -eq "$wanted" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "# status $status, expected $wanted: $*"
		grep -v '^ok\|# TODO' "$out/$count.out" | grep -A 12 '^not ok\|^#' | tail -n 80 | sed 's/^/# /'
	fi
}
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
blames_none() { ! "$conform" check "$1" | grep "broken by the $2"; }

# No shorter than a busy host can keep to: many cases have to be answered before one of them expires.
short="--t-read 2 --t-silence 3 --t-over 1"
timers="T_read=2,T_silence=3,T_over=1"
server="$build/iperf-ref -s --profile iperf3 -p {port} $short {one-off:-1} {both-profiles:--profile=auto}"
client="$build/iperf-ref --profile iperf3 -c {host} -p {port} --t-reply 2 {streams:-P%} {bytes:-n%} {blocks:-k%} {time:-t%}
	{omit:-O%} {length:-l%} {rate:-b%} {interval:-i%} {udp:-u} {reverse:-R} {bidir:--bidir} {wide:--udp-counters-64bit}
	{server-output:--get-server-output} {receive-timeout:--rcv-timeout=%}"
run="--profile iperf3 --tap --jobs 12"
for_short=$(grep -l '^needs  *short' "$IPERF_CASES"/3[1-9]/*.case | sed 's|.*/\([0-9.]*/[0-9]*\)-.*|\1|')

# How it is started: T_silence can be told, and to ask for tokens takes a key and somebody who may have one.
key_and_user() {
	openssl genrsa -out "$out/key.pem" 2048 &&
		printf 'user,%s\n' "$(printf '{user}password' | openssl dgst -sha256 -r | cut -d ' ' -f 1)" >"$out/users"
}
told() {
	[ "$1" = client ] && echo iperf3 && return
	echo 'iperf3 -s -p {port} --rcv-timeout=3000 {one-off:-1} {bitrate-limit:--server-bitrate-limit=%}'
	echo "{key:--rsa-private-key-path=$out/key.pem} {key:--authorized-users-path=$out/users}"
}

test_is "iperf-ref passes as a server" 0 "$conform" server $run --strict --timers $timers -- $server
test_is "and where its timers are shorter still" 0 "$conform" server $run --strict \
	--timers T_read=2,T_silence=0.5,T_over=0.5 $for_short -- \
	$(echo "$server" | sed 's/-silence 3/-silence 0.5/; s/-over 1/-over 0.5/')
test_is "iperf-ref passes as a client" 0 "$conform" client $run --strict --timers T_reply=2 -- $client

version=$(iperf3 --version 2>/dev/null | sed -n 's/^iperf \([0-9.]*\).*/\1/p')
for role in server client; do
	file=$expectations/iperf3-$version-$role.txt
	if [ -r "$file" ]; then
		[ $role = client ] || test_is "a key for that server" 0 key_and_user
		test_is "iperf3 $version as a $role is as expected" 0 "$conform" $role $run \
			--timers T_read=2,T_silence=3,T_reply=2 --expect "$file" -- $(told $role)
	else
		skip "iperf3 as a $role" "nothing is written down for version ${version:-(none)}"
	fi
done
echo "1..$count"
