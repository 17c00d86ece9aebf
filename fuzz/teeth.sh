#!/bin/sh
# Do the targets find what they are there for? Plants a bug at a time into a copy of the tree, builds the target that
# should find it, fuzzes without a seed's help beyond the corpus, and says after how many seconds it was found.
#
# `make fuzz-teeth`; TIME= seconds for each at most (120); ONLY= some targets. A plant that changes nothing is an error, not a success.
set -u
cd "$(dirname "$0")/.."
. fuzz/targets.sh
BUILD=${BUILD:-build} TIME=${TIME:-120}
copy=$BUILD/fuzz/teeth
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM
rm -rf "$copy"
mkdir -p "$copy/$BUILD"
cp -a Makefile SPEC.md .ci proto ref conformance fuzz "$copy"
cp -a "$BUILD/fuzz/libfuzzer" "$copy/$BUILD/fuzz-libfuzzer" # the folder that the copy lies in is not copied
mkdir -p "$copy/$BUILD/fuzz"
mv "$copy/$BUILD/fuzz-libfuzzer" "$copy/$BUILD/fuzz/libfuzzer"
for made in proto conformance; do
	mkdir -p "$copy/$BUILD/$made"
	cp -a "$BUILD/$made"/*.c "$copy/$BUILD/$made"
done
cp -a "$BUILD"/iperf-requirements.* "$copy/$BUILD"

bad=0 planted=0
plant() { # TARGET FILE SED-EXPRESSION WHAT
	target=$1 file=$2
	case " ${ONLY:-$target} " in *" $target "*) ;; *) return ;; esac
	planted=$((planted + 1))
	sed "$3" "$file" >"$copy/$file"
	if cmp -s "$file" "$copy/$file"; then
		echo "not planted: $4 ($file): the line is no longer there"
		bad=$((bad + 1))
		return
	fi
	if ! make -C "$copy" --no-print-directory "BUILD=$BUILD" "$BUILD/fuzz/libfuzzer/$target" >"$copy/log" 2>&1; then
		tail -n 20 "$copy/log"
		echo "does not build: $4 ($file)"
		bad=$((bad + 1))
	else
		hunt "$4 ($file)"
	fi
	cp -a "$file" "$copy/$file"
	touch "$copy/$file"
}

hunt() { # WHAT
	rm -rf "$copy/new"; mkdir -p "$copy/new"
	began=$(date +%s.%N)
	"$copy/$BUILD/fuzz/libfuzzer/$target" -max_total_time="$TIME" -seed=1 -timeout=10 -verbosity=0 \
		-max_len="$(longest "$target")" -artifact_prefix="$copy/new/" "$copy/new" "fuzz/corpus/$target" \
		>"$copy/log" 2>&1 &
	pid=$!
	wait "$pid"
	status=$? pid=
	took=$(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $began }")
	if [ $status -ne 0 ] && ls "$copy/new"/crash-* "$copy/new"/timeout-* "$copy/new"/leak-* 2>/dev/null | grep -q .; then
		echo "found after $took s by $target: $1"
	else
		echo "not found in $took s by $target: $1"
		bad=$((bad + 1))
	fi
}

# Parsers.
plant control proto/message.rl 's/parser->cookie_wanted && \*place != octet/parser->cookie_wanted \&\& *place < octet/' \
	"a cookie that is smaller than the test's is taken"
plant control proto/message.rl 's/^\tparser->state = cs;$/\tparser->state = length > 40 ? parser->state : cs;/' \
	"the state is lost behind a long block"
plant terminator proto/terminator.c 's/memmove(tail, tail + length, size - length)/memmove(tail, tail + length, size - length - 1)/' \
	"an octet of the tail is lost"
plant iperf3_control proto/iperf3_control.rl 's/parser->length <= parser->room)/parser->length <= parser->room + 1)/' \
	"a text longer by one than its room is taken"
# Sessions.
plant server proto/server.c 's/^\tmemset(server->bucket, 0, sizeof server->bucket);$//' \
	"UDP streams of the last test are still in the table"
plant server proto/server.c 's/waits)->deadline_ns <= now_ns)/waits)->deadline_ns < now_ns)/' \
	"a connection is not closed at its deadline"
plant peer proto/server.c '/R-8.3-5, R-11-4/{n;s/.*//;}' \
	"datagrams do not keep a test from being idle"
plant iperf3_peer proto/iperf3_server_course.c 's/->number < conn->number)/->number > conn->number)/' \
	"TCP streams are numbered from the last one"
plant iperf3_peer fuzz/iperf3_peer_world.c 's/active_fault = NO_FAULT/active_fault = I3_SERVER_FAULT_second_hello_answered/' \
	"the peer answers a second hello from the same port"
plant iperf3_peer fuzz/iperf3_peer_world.c 's/active_fault = NO_FAULT/active_fault = I3_SERVER_FAULT_late_not_taken_off/' \
	"the peer does not take late datagrams off the errors"
plant iperf3_server proto/iperf3_server.c 's/server->over_ns <= now_ns)/server->over_ns < now_ns - 1)/; s/if (test_deadline(server) <= now_ns)/if (test_deadline(server) < now_ns - 1)/' \
	"a test is not ended at its deadline"
# Reassembly.
plant reassembly conformance/chunks.c 's/head->octets + (at - head->offset)/head->octets/' \
	"a chunk that is cut in two begins anew"
plant reassembly conformance/chunks.c 's/p->octets\[from\] == old\[from\])/p->octets[from] >= old[from])/' \
	"a contradiction is overlooked"
plant capture conformance/decode.c 's/	if (length < 8 || (length > v.wire \&\& !fragment))/	if (length > v.wire \&\& !fragment)/' \
	"a UDP length below 8 is taken"
echo "$((planted - bad)) of $planted planted bugs were found"
[ "$bad" -eq 0 ]
