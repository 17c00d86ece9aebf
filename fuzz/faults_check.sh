#!/bin/sh
# Faults on purpose, by means of fuzz/faults.c: allocations fail, reads and writes are short or interrupted, disks full,
# descriptors exhausted. A program then goes on as if nothing had been, or ends by itself with a message that says what
# failed and a status that is no lie. As TAP.
#
# Of the places that can fail some are tried, always the same; with FAULTS_ALL=1 each call, for hours. FAULTS_ONLY=NAME
# runs one of the tests below.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
shim=$BUILD/fuzz/faults.so
ref=$BUILD/iperf-ref
conform=$BUILD/iperf-conform
most=${FAULTS_MOST:-8} # places that are tried, of each command that takes its time; of the others all, nearly

names='list check check-json check-iperf3 record record-findings matrix fuzz
	server-text server-iperf3 server-jobs client-text client-iperf3
	ref-text ref-text-json ref-udp ref-iperf3 ref-iperf3-json serve-text serve-udp serve-iperf3 serve-json
	short-pair short-runner full-disk full-file spin limit'

# --- one run --------------------------------------------------------------------------------------------------------

# faulty PROGRAM FAULTS COMMAND...: leaves out, err, log and $status.
faulty() {
	program=$1 how=$2; shift 2
	rm -f "$work/log"
	FAULTS_PROGRAM=$program FAULTS=$how FAULTS_LOG=$work/log LD_PRELOAD=$shim timeout -k 1 30 "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# What of the output is the same in each run.
exact() { cat; }
tap() { grep -E '^(ok|not ok|1\.\.)'; }
end() { grep -E '^(Done|Failed)' | sed 's/[0-9]* octets were received/octets were received/'; }
keys() { sed -E '/"outcome"/!s/: .*//'; }

says() { # PATTERN: whether the program does
	grep -qiE "$1" "$work/err" "$work/out"
}

result() { # NAME, of the last command
	if [ $? -eq 0 ]; then echo "ok - $1"; return; fi
	echo "not ok - $1"
	sed 's/^/# /' "$work/bad" 2>/dev/null | head -n 40
}
bad() { # WHAT: keeps what was seen
	{ echo "$1: status $status"; head -n 2 "$work/log"; tail -n 3 "$work/err"; tail -n 3 "$work/out"; } \
		>>"$work/bad" 2>/dev/null
	wrong=$((wrong + 1))
}

# What is said of faults of each group.
said_of() {
	case $1 in
	alloc) echo 'memory|allocat|temporarily unavailable' ;;
	descriptor) echo 'too many open files|memory' ;;
	process) echo 'temporarily unavailable' ;;
	esac
}

# --- each place of a command ----------------------------------------------------------------------------------------

# Numbers of calls, of the log of a run with `list`: the first from each site, or some of them.
places() {
	awk -v most="$most" '{ n[NR] = $1 } END {
		step = NR > most ? NR / most : 1
		for (i = 1; int(i) <= NR; i += step) print n[int(i)] }' "$work/log"
}

# A run with a fault is as one without, or could not be and says why.
judge() { # PLAN
	[ -s "$work/log" ] || return # this time the call was not made
	tried=$((tried + 1))
	if [ $status -eq 3 ]; then
		says "$(said_of "$group")" || bad "$1 is not told"
	elif [ $status -eq "$wanted" ]; then
		"$filter" <"$work/out" | cmp -s - "$work/wanted" || bad "$1 changes the output"
	else
		bad "$1"
	fi
}

# libseccomp 2.5 does not bear a failed allocation: it uses the null pointer (ref/guard.h), or makes another filter than it
# was told to. What is tried here is the rest.
spared() { # GROUP PROGRAM
	[ "$1 $2" != 'alloc iperf-ref' ] || echo --no-sandbox
}

# each GROUP PROGRAM STATUS FILTER COMMAND...
each() {
	group=$1 who=$2 wanted=$3 filter=$4; shift 4
	# shellcheck disable=SC2046
	set -- "$@" $(spared "$group" "$who")
	wrong=0 tried=0
	rm -f "$work/bad"
	faulty "$who" "$group list frames=5" "$@"
	"$filter" <"$work/out" >"$work/wanted"
	if [ $status -ne "$wanted" ] || ! [ -s "$work/log" ]; then bad "without a fault"; fi
	if [ -n "${FAULTS_ALL-}" ]; then
		n=1
		while faulty "$who" "$group at=$n" "$@"; judge "$group at=$n"; [ -s "$work/log" ]; do n=$((n + 1)); done
	else
		places >"$work/places"
		while read -r n <&4; do
			faulty "$who" "$group at=$n" "$@"
			judge "$group at=$n"
			if [ "$who $group" != 'iperf-ref descriptor' ] && { [ "$group" != alloc ] || [ $((tried % 4)) -ne 1 ]; }
			then continue; fi
			faulty "$who" "$group from=$n" "$@"
			judge "$group from=$n"
		done 4<"$work/places"
	fi
	[ $wrong -eq 0 ] && [ $tried -gt 0 ]
	result "$name, $group: $tried faults"
}

faults() { # PROGRAM STATUS FILTER COMMAND...
	each alloc "$@"
	each descriptor "$@"
}

# --- a server -------------------------------------------------------------------------------------------------------

# serve PLAN OPTIONS...: a server under faults, and clients after one another until one came after the fault. Leaves
# $status of the server, $clients of all of them, $last of the last.
serve() {
	plan=$1; shift
	clients='' last=none port=''
	rm -f "$work/log" "$work/fifo"
	mkfifo "$work/fifo"
	# shellcheck disable=SC2046
	FAULTS_PROGRAM=iperf-ref FAULTS=$plan FAULTS_LOG=$work/log LD_PRELOAD=$shim timeout --foreground -k 1 60 \
		"$ref" -s -p 0 $(spared "${plan%% *}" iperf-ref) \
		--t-hello 0.5 --t-begin 0.5 --t-idle 1 --t-read 0.5 --t-silence 1 --t-over 1 \
		>"$work/fifo" 2>"$work/err" </dev/null &
	pid=$!
	exec 3<"$work/fifo"
	read -r line <&3 && port=${line##* }
	for client in 1 2 3; do
		[ -n "$port" ] || break
		before=$(cat "$work/log" 2>/dev/null)
		timeout -k 1 20 "$ref" -c 127.0.0.1 -p "$port" -n 10K --retry 4 "$@" >"$work/client" 2>&1 </dev/null
		last=$?
		clients="$clients$last "
		[ -z "$before" ] || break
	done
	kill -TERM $pid 2>/dev/null
	wait $pid
	status=$?
	pid=
	cat <&3 >"$work/out"
	exec 3<&-
}

# It serves who comes after the fault, or has ended and says why. Whom the fault meets may fail, but has to end.
judge_server() { # PLAN
	[ -s "$work/log" ] || return
	tried=$((tried + 1))
	if [ $status -eq 3 ]; then
		says "$(said_of "$group")" || bad "$1 is not told"
	elif [ $status -ne 0 ] || [ "$last" != 0 ] || echo "$clients" | grep -q '[0-9][0-9]'; then
		bad "$1, clients $clients"
		tail -n 2 "$work/client" >>"$work/bad"
	fi
}

serves() { # GROUP OPTIONS...
	group=$1; shift
	wrong=0 tried=0
	rm -f "$work/bad"
	serve "$group list frames=5" "$@"
	if [ $status -ne 0 ] || [ "$last" != 0 ] || ! [ -s "$work/log" ]; then bad "without a fault, clients $clients"; fi
	if [ -n "${FAULTS_ALL-}" ]; then
		n=1
		while serve "$group at=$n" "$@"; judge_server "$group at=$n"; [ -s "$work/log" ]; do n=$((n + 1)); done
	else
		places >"$work/places"
		while read -r n <&4; do
			serve "$group at=$n" "$@"
			judge_server "$group at=$n"
		done 4<"$work/places"
	fi
	[ $wrong -eq 0 ] && [ $tried -gt 0 ]
	result "$name, $group: $tried faults"
}

# A server without faults, for clients.
start_server() {
	mkfifo "$work/plain"
	timeout 500 "$ref" -s -p 0 "$@" >"$work/plain" 2>&1 </dev/null &
	pid=$!
	exec 5<"$work/plain"
	read -r line <&5
	port=${line##* }
	cat <&5 >/dev/null &
	drain=$!
}

stop_server() {
	kill "$pid"
	wait "$pid" "$drain"
	exec 5<&-
	rm -f "$work/plain"
	pid='' drain=''
}

# --- the tests ------------------------------------------------------------------------------------------------------

counted=20480
text_timers='--timers 0.5,0.5,1'
text_server="$ref -s --profile text -p {port} --t-hello 0.5 --t-begin 0.5 --t-idle 1"
text_client="$ref -c {host} -p {port} -P {streams} -n {bytes} {udp:-u}"
iperf3_timers='--timers T_read=0.5,T_silence=1,T_over=1'
iperf3_server="$ref -s --profile iperf3 -p {port} --t-read 0.5 --t-silence 1 --t-over 1"

run() {
	name=$1
	mkdir "$work/cases" "$work/o"
	cp conformance/cases/9.1/1-*.case "$work/cases"
	export IPERF_CASES="$work/cases"
	# shellcheck disable=SC2086
	case $name in list | check* | record* | matrix | fuzz) most=${FAULTS_MOST:-40} ;; esac
	# shellcheck disable=SC2086
	case $name in
	list) faults iperf-conform 0 exact "$conform" list --requirements ;;
	check) faults iperf-conform 1 exact "$conform" check pcaps/busy.pcap ;;
	check-json) faults iperf-conform 1 exact "$conform" check --json pcaps/busy.pcap ;;
	check-iperf3) faults iperf-conform 1 exact "$conform" check pcaps/iperf3-busy.pcap ;;
	record) faults iperf-conform 0 exact "$conform" record -o "$work/o" pcaps/busy.pcap ;;
	record-findings) faults iperf-conform 0 exact "$conform" record --findings pcaps/iperf3-busy.pcap ;;
	matrix)
		"$conform" server --json "$work/run.json" $text_timers -- $text_server >/dev/null 2>&1
		faults iperf-conform 0 exact "$conform" matrix "$work/run.json" "$work/run.json" ;;
	fuzz) faults iperf-conform 0 exact "$conform" fuzz server --dry-run --seed 5 --count 5 ;;
	server-text)
		faults iperf-conform 0 tap "$conform" server --tap $text_timers --junit "$work/o/junit" \
			--html "$work/o/html" --json "$work/o/json" --pcap "$work/o/pcap" -- $text_server
		each process iperf-conform 0 tap "$conform" server --tap $text_timers -- $text_server ;;
	server-iperf3)
		cp conformance/cases/22.2/3-*.case "$work/cases"
		faults iperf-conform 0 tap "$conform" server --tap --profile iperf3 $iperf3_timers -- $iperf3_server ;;
	server-jobs)
		cp conformance/cases/9.1/2-*.case "$work/cases"
		each alloc iperf-conform 0 tap "$conform" server --tap --jobs 2 $text_timers -- $text_server
		each descriptor iperf-conform 0 tap "$conform" server --tap --jobs 2 $text_timers -- $text_server
		each process iperf-conform 0 tap "$conform" server --tap --jobs 2 $text_timers -- $text_server ;;
	client-text)
		cp conformance/cases/9.1/51-*.case "$work/cases"
		faults iperf-conform 0 tap "$conform" client --tap -- $text_client ;;
	client-iperf3)
		cp conformance/cases/22.3/51-*.case "$work/cases"
		faults iperf-conform 0 tap "$conform" client --tap --profile iperf3 -- "$ref" --profile iperf3 ;;
	ref-*)
		case $name in
		ref-text) options='' filter=end ;;
		ref-text-json) options=-J filter=keys ;;
		ref-udp) options='-P 1 --udp-streams 1' filter=end ;;
		ref-iperf3) options='--profile iperf3 --bidir --get-server-output' filter=end ;;
		ref-iperf3-json) options='--profile iperf3 -J -R -u' filter=keys ;;
		esac
		start_server
		faults iperf-ref 0 $filter "$ref" -c 127.0.0.1 -p "$port" -n 10K $options
		each process iperf-ref 0 $filter "$ref" -c 127.0.0.1 -p "$port" -n 10K $options ;;
	short-pair)
		for plan in 'io short=1 every=3' 'io short=900 seed=3 every=2'; do
			pair "server: $plan" "$plan" '' -n 20K -P 2
			pair "client: $plan" '' "$plan" -n 20K -P 2
			pair "UDP, both: $plan" "$plan" "$plan" -n 20K -u -l 512 -b 10M
			pair "iperf3, client: $plan" '' "$plan" -n 20K -P 2 -l 1K --profile iperf3
			pair "iperf3, UDP, both: $plan" "$plan" "$plan" -n 20K -u -l 512 -b 10M --profile iperf3
		done
		counted='[0-9]*' # what is under way when the client ends the test does not count (SPEC 27.2)
		pair "iperf3, server: io short=1 every=3" 'io short=1 every=3' '' -n 20K -P 2 -l 1K --profile iperf3 ;;
	short-runner) short_runner ;;
	full-disk) full_disk ;;
	full-file) full_file ;;
	limit) limit ;;
	spin) spin ;;
	serve-*)
		case $name in
		serve-text) options='-P 2' ;;
		serve-udp) options='-u' ;;
		serve-iperf3) options='--profile iperf3 -P 2 --bidir --get-server-output' ;;
		serve-json) options='--profile iperf3 -R' ;;
		esac
		serves alloc $options
		serves descriptor $options
		serves process $options ;;
	esac
}

# --- short and interrupted ------------------------------------------------------------------------------------------

# pair NAME SERVER-FAULTS CLIENT-FAULTS COMMON-OPTIONS...: the octets that were sent arrive, and both sides say so.
pair() {
	what=$1 on_server=$2 on_client=$3; shift 3
	rm -f "$work/bad" "$work/log" "$work/fifo"
	mkfifo "$work/fifo"
	FAULTS_PROGRAM=iperf-ref FAULTS=$on_server FAULTS_LOG=$work/log LD_PRELOAD=$shim timeout --foreground -k 1 20 "$ref" \
		-s -p 0 -1 >"$work/fifo" 2>"$work/err" </dev/null &
	pid=$!
	exec 3<"$work/fifo"
	read -r line <&3
	FAULTS_PROGRAM=iperf-ref FAULTS=$on_client FAULTS_LOG=$work/log LD_PRELOAD=$shim timeout -k 1 20 "$ref" \
		-c 127.0.0.1 -p "${line##* }" "$@" >"$work/client" 2>&1 </dev/null
	client=$?
	[ $client -eq 0 ] || kill $pid 2>/dev/null
	wait $pid
	status=$?
	pid=
	cat <&3 >"$work/out"
	exec 3<&-
	cat "$work/client" >>"$work/out"
	wrong=0
	if [ "$client$status" != 00 ] || ! [ -s "$work/log" ] || ! grep -q "received $counted of 20480" "$work/client" ||
		! grep -q ' 20.0 KBytes' "$work/out"; then bad "client $client"; fi
	[ $wrong -eq 0 ]
	result "$name, $what"
}

# same_run PLAN STATUS COMMAND...: a runner's results are the same with faults and without.
same_run() {
	plan=$1 wanted=$2; shift 2
	rm -f "$work/bad"
	wrong=0
	faulty iperf-conform '' "$@"
	tap <"$work/out" >"$work/wanted"
	[ $status -eq "$wanted" ] || bad "without faults"
	faulty iperf-conform "$plan" "$@"
	if [ $status -ne "$wanted" ] || ! [ -s "$work/log" ]; then bad "with $plan"; fi
	tap <"$work/out" | diff "$work/wanted" - >>"$work/bad" || wrong=1
	[ $wrong -eq 0 ] && [ -s "$work/wanted" ]
	result "$name, $plan"
}

short_runner() {
	cp conformance/cases/4.3/[1-4]-*.case conformance/cases/8.2/[1-2]-*.case conformance/cases/8.3/[1-2]-*.case \
		conformance/cases/9.1/[2-3]-*.case "$work/cases"
	# shellcheck disable=SC2086
	for plan in 'io short=1 every=2' 'io short=300 seed=7 every=3'; do
		same_run "$plan" 0 "$conform" server --tap -- "$ref" -s --profile text -p '{port}'
	done
	cp conformance/cases/9.1/5[012]-*.case conformance/cases/4.3/5[012]-*.case "$work/cases"
	# shellcheck disable=SC2086
	same_run 'io short=300 seed=5 every=2' 0 "$conform" client --tap -- $text_client
	cp conformance/cases/22.2/[1-3]-*.case conformance/cases/22.4/[1-4]-*.case "$work/cases"
	# shellcheck disable=SC2086
	same_run 'io short=1 every=2' 0 "$conform" server --tap --profile iperf3 --jobs 4 -- "$ref" -s --profile iperf3 \
		-p '{port}'
}

# --- full disks -----------------------------------------------------------------------------------------------------

# told WHAT NAMES [STATUS]: the last command could not write, says so with a name, and does not end with 0.
told() {
	wrong=0
	rm -f "$work/bad"
	if [ $status -ne "${3:-3}" ] ||
		! grep -E "$2" "$work/err" | grep -qE 'No space left|File too large|it is full'; then bad "$1"; fi
	[ $wrong -eq 0 ]
	result "$name: $1"
}

# full COMMAND...: its standard output is a full disk.
full() {
	timeout -k 1 30 "$@" >/dev/full 2>"$work/err" </dev/null
	status=$?
	told "$(echo "$*" | sed "s|[^ ]*/||g") >/dev/full" 'standard output|the report'
}

# into OPTION COMMAND...: what the option names is a full disk.
into() {
	option=$1; shift
	timeout -k 1 30 "$@" "$option" /dev/full >"$work/out" 2>"$work/err" </dev/null
	status=$?
	told "$(echo "$1" | sed 's|.*/||') $2 $option /dev/full" '/dev/full'
}

full_disk() {
	start_server --profile text
	"$conform" server --json "$work/run.json" -p "$port" 127.0.0.1 >/dev/null 2>&1
	full "$conform" --help
	full "$conform" list
	full "$conform" check pcaps/busy.pcap
	full "$conform" check --json pcaps/busy.pcap
	full "$conform" record pcaps/busy.pcap
	full "$conform" matrix "$work/run.json"
	full "$conform" fuzz server --dry-run --seed 5 --count 5
	full "$conform" fuzz server --seed 5 --count 1 --time 2 -p "$port" 127.0.0.1 -o "$work/o"
	full "$conform" server --tap -p "$port" 127.0.0.1
	full "$conform" server --json - -p "$port" 127.0.0.1
	for option in --json --junit --html --pcap; do into $option "$conform" server -p "$port" 127.0.0.1; done
	into -o "$conform" matrix "$work/run.json"
	into --json "$conform" fuzz server --seed 5 --count 1 --time 2 -p "$port" 127.0.0.1
	full "$ref" --help
	full "$ref" -s -p 0
	full "$ref" -c 127.0.0.1 -p "$port" -n 10K
	full "$ref" -c 127.0.0.1 -p "$port" -n 10K -J
	stop_server
	start_server --profile iperf3
	full "$ref" -c 127.0.0.1 -p "$port" -n 10K --profile iperf3
	full "$ref" -c 127.0.0.1 -p "$port" -n 10K --profile iperf3 -J
	"$ref" -c 127.0.0.1 -p "$port" -n 1K <&- >&- 2>&-
	[ $? -eq 3 ]
	result "$name: without standard descriptors, iperf-ref -c"
}

# A disk that becomes full in the midst of a file.
full_file() {
	start_server --profile text
	for option in json junit html pcap; do
		rm -f "$work/o/$option"
		faulty iperf-conform size=700 "$conform" server -p "$port" 127.0.0.1 --$option "$work/o/$option"
		told "server --$option, 700 octets" "o/$option"
	done
	faulty iperf-conform size=200 "$conform" record -o "$work/o" pcaps/busy.pcap
	told "record -o, 200 octets" "o/.*case"
	"$conform" server --json "$work/run.json" -p "$port" 127.0.0.1 >/dev/null 2>&1
	faulty iperf-conform size=5000 "$conform" matrix -o "$work/o/matrix" "$work/run.json"
	told "matrix -o, 5000 octets" "o/matrix"
	rm -rf "${work:?}/cases"
	cp -r conformance/cases/22.4 "$work/cases"
	for size in 300 1500; do # the case, and behind it the capture; then there is a finding
		rm -rf "${work:?}/found"
		faulty iperf-conform size=$size "$conform" fuzz server --profile iperf3 --seed 3 --count 1 --time 2 \
			--timers T_read=0.5 --tap -o "$work/found" 22.4/8 -- "$BUILD/iperf-peer" server --profile iperf3 -p '{port}' \
			--t-over 1 --t-read 0.5 --t-silence 1 --fault string-key-crashes
		told "fuzz -o, $size octets" 'found/' $((size < 1000 ? 3 : 1))
	done
}

# --- descriptors ----------------------------------------------------------------------------------------------------

# With so few descriptors altogether: each command works, or says why not.
limit() {
	# What the runner starts is not meant (prlimit): a server without descriptors would rightly be said to fail.
	# shellcheck disable=SC2086
	for command in "$conform list" "$conform check pcaps/busy.pcap" "$conform record -o $work/o pcaps/busy.pcap" \
		"$conform server --tap $text_timers -- prlimit --nofile=512: $text_server" "$ref -c 127.0.0.1 -p 1 -n 1"; do
		rm -f "$work/bad"
		wrong=0
		timeout 30 $command >"$work/wanted" 2>/dev/null </dev/null
		wanted=$?
		for files in 3 4 5 6 7 8 9 10 11 12 14 16; do
			who=$(basename "${command%% *}")
			faulty "$who" "files=$files" $command
			if [ $status -eq 3 ]; then
				says "$(said_of descriptor)|temporary failure|refused" || bad "files=$files"
			elif [ $status -ne $wanted ]; then
				bad "files=$files"
			fi
		done
		[ $wrong -eq 0 ]
		result "$name: $(echo "$command" | sed 's|[^ ]*/||g')"
	done
}

ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; } # of the processor, 1/100 s

# A server without a descriptor for the next connection: it waits without being busy, and serves again when it has one.
spin() {
	for profile in 'text 0' 'text 1' 'iperf3 0'; do
		left=${profile#* } profile=${profile% *}
		rm -f "$work/bad"
		wrong=0
		start_server --profile "$profile"
		read -r server <"/proc/$pid/task/$pid/children"
		free=0
		while [ -e "/proc/$server/fd/$free" ]; do free=$((free + 1)); done
		prlimit --pid "$server" --nofile="$((free + left)):1024"
		before=$(ticks "$server")
		timeout 20 "$ref" -c 127.0.0.1 -p "$port" -n 10K --profile "$profile" >"$work/out" 2>"$work/err" </dev/null &
		client=$!
		timeout 2 tail -f /dev/null
		busy=$(($(ticks "$server") - before))
		prlimit --pid "$server" --nofile=1024:1024
		wait $client
		status=$?
		[ $status -eq 0 ] || bad "the client that waited"
		timeout 20 "$ref" -c 127.0.0.1 -p "$port" -n 10K --profile "$profile" >"$work/out" 2>"$work/err" </dev/null
		status=$?
		[ $status -eq 0 ] || bad "the next client"
		[ "$busy" -le 40 ] || bad "busy for $busy of 200 hundredths of a second"
		stop_server
		[ $wrong -eq 0 ]
		result "$name: $profile server with $left descriptors left ($busy hundredths of a second in 2 s)"
	done
}

# --- all of them ----------------------------------------------------------------------------------------------------

clean() {
	# shellcheck disable=SC2086
	kill ${pid-} ${drain-} 2>/dev/null
}

if [ "${1-}" = one ]; then
	work=$3/$2
	mkdir "$work"
	pid='' drain=''
	trap clean EXIT
	trap 'exit 1' INT TERM
	run "$2" >"$work.tap" 2>"$work.trace"
	exit
fi
if ! [ -f "$shim" ]; then
	echo "1..1"
	echo "not ok 1 - $shim was not built"
	exit 1
fi
if nm -D "$ref" | grep -q __asan; then
	echo "1..1"
	echo "ok 1 - faults # SKIP the programs have sanitizers, which take the place of malloc and others"
	exit
fi
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
trap 'exit 1' INT TERM
# shellcheck disable=SC2086
printf '%s\n' ${FAULTS_ONLY:-$names} | xargs -P "${FAULTS_LANES:-3}" -I{} "$0" one {} "$top"
cat "$top"/*.tap | awk '/^(not )?ok - / { sub(/ok - /, "ok " ++n " - ") } { print } END { print "1.." n }'
[ "$(cat "$top"/*.tap | grep -c '^ok')" -gt 0 ] && ! grep -q '^not ok' "$top"/*.tap
