#!/bin/sh
# The workflows of .github/workflows and conformance/recipes are what GitHub Actions takes, as far as that is seen
# without it; and the steps of the recipes do what they promise: played with iperf-ref as somebody's server and client
# they pass, with a faulty iperf-peer they fail and leave a report. TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$(cd "${BUILD:-build}" && pwd) || exit 1
root=$PWD
recipes=$root/conformance/recipes
unset MAKEFLAGS MFLAGS MAKEOVERRIDES # of the make that has started this
python3 -c 'import yaml' 2>/dev/null || { echo "1..0 # SKIP there is no python3-yaml"; exit 0; }
command -v bash >/dev/null || { echo "1..0 # SKIP there is no bash, in which GitHub runs steps"; exit 0; }

out=$(mktemp -d "$build/recipes.XXXXXX")
pids=
trap 'for pid in $pids; do kill -- "-$pid" 2>/dev/null; done; rm -rf "$out"' EXIT
trap 'exit 1' INT TERM
count=0
result() { # NAME [LOG]: of the last command
	status=$?
	count=$((count + 1))
	[ $status -eq 0 ] && printf 'ok %d - %s\n' $count "$1" && return
	printf 'not ok %d - %s\n' $count "$1"
	[ -z "${2-}" ] || sed 's/^/# /' "$2" | tail -n 60
}
skipped() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }

# --- the form, looked at meanwhile -----------------------------------------------------------------------------------

# What the lint has to see: each line is a change of server.yml, and a word of what is to be said of it.
cat >"$out/changes" <<'END'
s/^on:/in:/	'on' is missing
s/  push:/  pushes:/	no event
s/^permissions:/# &/; s/^  contents: read//	'permissions' are missing
s/contents: read/contents: write/	more than reading
s/upload-artifact@v4/upload-artifact@main/	no action at a tag
s/    timeout-minutes: 30//	'timeout-minutes' is missing
s/    runs-on:/    run-on:/	'runs-on' is missing
s/        if: /        when: /	'when' is no key
s/!cancelled/!canceled/	'canceled' in
s/run: make # yours/run: echo "${{ github.ref }}"/	pasted into a script
s/run: make # yours/run: echo $MINE/	'MINE' is not in 'env'
s/run: make # yours/uses: actions\/checkout@v4\n        run: make/	either 'uses' or 'run'
s/run: make # yours/run: make\n        run: make/	stands twice
s/-j"$(nproc)" all/-j"$(nproc)" everything/	no target 'everything'
s/--junit/--xunit/	no option '--xunit'
s/    shell: bash.*/    shell: sh/	'shell: bash' is missing
s/if \[ -f "$KNOWN" \]; then/if [ -f "$KNOWN" ]/	line
s/^jobs:/\tjobs:/	cannot start any token
END
mkdir "$out/changed"
number=0
while IFS='	' read -r change said; do
	number=$((number + 1))
	sed "$change" "$recipes/server.yml" >"$out/changed/$number.yml"
	! cmp -s "$recipes/server.yml" "$out/changed/$number.yml" || echo "changes nothing: $change" >>"$out/lint.log"
done <"$out/changes"
workflows=$(echo .github/workflows/*.yml conformance/recipes/*.yml)
# shellcheck disable=SC2086 # names
{ conformance/workflows.py lint "$build" $workflows "$out"/changed/*.yml; echo linted; } >>"$out/lint.log" 2>&1 &
linter=$!
pids=

# --- the recipes, played; most of their time is spent waiting, so all at once ----------------------------------------

# NAME RECIPE VALUE...: in a folder of its own, which is somebody's checkout; its steps and its status are in NAME.log.
play() {
	name=$1 recipe=$2; shift 2
	mkdir -p "$out/$name"
	# shellcheck disable=SC2016
	PATH=$build:$out/bin:$PATH setsid timeout 120 sh -c 'cd "$1" && shift && "$@"; echo "status $?"' sh "$out/$name" \
		"$root/conformance/workflows.py" run "$recipes/$recipe.yml" "$@" >"$out/$name.log" 2>&1 </dev/null &
	pids="$pids $!"
	last=$!
}
all() { for pid in $pids; do wait "$pid"; done; pids=; }

text="--t-hello 2 --t-begin 2 --t-idle 4"
iperf3="--t-read 1 --t-silence 2 --t-over 2"
server() { # NAME COMMAND VALUE...
	name=$1 command=$2; shift 2
	play "$name" server PROFILE=text "SERVER=$command -p {port}" OPTIONS="--timers 2,2,4" "$@"
}
client() { # NAME COMMAND VALUE...
	name=$1 command=$2; shift 2
	play "$name" client PROFILE=text "CLIENT=$command -p {port} -P {streams} -n {bytes} {udp:-u}" \
		OPTIONS="--t-results 2" "$@"
}
fuzz() { # NAME COMMAND VALUE...
	name=$1 command=$2; shift 2
	play "$name" fuzz PROFILE=iperf3 "SERVER=$command --profile iperf3 -p {port} $iperf3" SEED=3 \
		OPTIONS="--timers T_read=1,T_silence=2,T_over=2" "$@"
}
ended() { grep -qx "status $1" "$out/$2.log"; } # STATUS NAME
has() { # NAME FILE...: files of its report
	name=$1; shift
	for file in "$@"; do
		[ -s "$out/$name/iperf-report/$file" ] || { echo "$file is missing" >>"$out/$name.log"; return 1; }
	done
	command -v xmllint >/dev/null || return 0
	find "$out/$name/iperf-report" -name '*.xml' -exec xmllint --noout {} + 2>>"$out/$name.log"
}
sums_up() { grep -q "$2" "$out/$1/summary.md"; } # NAME PATTERN

server server-ref "iperf-ref -s --profile text $text" SECTIONS="4.2 5.2 6.2"
server server-faulty "iperf-peer server $text --fault lower-case-accepted" SECTIONS=4.2
server server-absent ./not-built SECTIONS=4.2
client client-ref "iperf-ref -c {host} --t-results 2" SECTIONS="4.2 5.1 8.1"
client client-faulty "iperf-peer client {host} --t-results 2 --fault no-stream-end" SECTIONS=8.1
fuzz fuzz-ref "iperf-ref -s" TIME=6 SECTIONS=23
fuzz fuzz-faulty "iperf-peer server --fault string-key-crashes" TIME=5 SECTIONS=22.4/8
all

ended 0 server-ref && has server-ref server.tap server.xml server.json server.html && sums_up server-ref '^# conforms'
result "server: iperf-ref passes, with a report" "$out/server-ref.log"
ended 1 server-faulty && has server-faulty server.tap server.xml server.json server.html &&
	sums_up server-faulty '^not ok .* 4.2/3 ' && grep -q '<failure' "$out/server-faulty/iperf-report/server.xml"
result "server: a faulty one fails, with a report that names the case" "$out/server-faulty.log"
ended 1 server-absent && grep -q '^== Run the suite: status 3' "$out/server-absent.log"
result "server: one that does not start fails" "$out/server-absent.log"
ended 0 client-ref && has client-ref client.tap client.xml client.json client.html && sums_up client-ref '^# conforms'
result "client: iperf-ref passes, with a report" "$out/client-ref.log"
ended 1 client-faulty && has client-faulty client.tap client.xml client.json client.html &&
	sums_up client-faulty '^not ok .* 8.1/51 '
result "client: a faulty one fails, with a report that names the case" "$out/client-faulty.log"
ended 0 fuzz-ref && has fuzz-ref fuzz.tap fuzz.json && sums_up fuzz-ref '^# .*: nothing found in [1-9][0-9]* input'
result "fuzz: nothing is found in iperf-ref" "$out/fuzz-ref.log"
found=$(find "$out/fuzz-faulty/iperf-report/found" -name '*.case' 2>/dev/null | head -n 1)
ended 1 fuzz-faulty && has fuzz-faulty fuzz.tap fuzz.json && sums_up fuzz-faulty '^not ok .*R-22.4-7' &&
	[ -n "$found" ] && [ -s "${found%.case}.pcap" ]
result "fuzz: a server that crashes fails, with a case and a capture" "$out/fuzz-faulty.log"

# What is known, and what was found, by the commands of the README.
makes_known=$(sed -n 's/^    \(sed -n .*\) server.tap >.*/\1/p' "$recipes/README.md")
sh -c "$makes_known $out/server-faulty/iperf-report/server.tap" >"$out/known.txt"
mkdir -p "$out/found"
cp "$found" "$out/found/" 2>/dev/null
server known "iperf-peer server $text --fault lower-case-accepted" SECTIONS=4.2 KNOWN="$out/known.txt"
server mended "iperf-ref -s --profile text $text" SECTIONS=4.2 KNOWN="$out/known.txt"
fuzz again "iperf-peer server --fault string-key-crashes" TIME=6 SECTIONS=23/1 FOUND="$out/found"
fuzz no-more "iperf-ref -s" TIME=6 SECTIONS=23/1 FOUND="$out/found"

# --- captures --------------------------------------------------------------------------------------------------------

# A server on a free port for somebody's tests. `sudo` is not there everywhere, and we are root already where it is not.
mkdir -p "$out/bin" "$out/kept/below" "$out/broken"
printf '#!/bin/sh\nexec "$@"\n' >"$out/bin/sudo"
chmod +x "$out/bin/sudo"
setsid "$build/iperf-ref" -s -p 0 --profile text >"$out/listening" 2>&1 </dev/null &
server=$!
pids="$pids $server"
timeout 10 tail -n +1 --pid=$server -f "$out/listening" 2>/dev/null | grep -q -m 1 '^Server listening'
port=$(sed -n 's/^Server listening on \([0-9]*\).*/\1/p' "$out/listening")
cp pcaps/collision.pcap "$out/kept/below/a name.pcap"
cp pcaps/cookies-differ.pcap "$out/broken/"

# One after another, for the server serves one test at a time, and its port is what they look at.
capture() { # NAME VALUE...
	name=$1; shift
	play "$name" capture PORT="$port" "$@"
	wait "$last"
}
capture tests TESTS="iperf-ref -c 127.0.0.1 -p $port -n 100K" CAPTURES="$out/kept"
capture breaks TESTS="iperf-peer client 127.0.0.1 -p $port -n 100000 --fault two-controls" CAPTURES=none
capture failing TESTS=false CAPTURES="$out/broken"
kill "$server"

# --- what became of it -----------------------------------------------------------------------------------------------

all
[ -s "$out/known.txt" ] && ended 0 known && grep -q '^not ok .* # TODO' "$out/known/iperf-report/server.tap"
result "server: what is known does not fail" "$out/known.log"
ended 1 mended && sums_up mended '^# .*unexpected\|^not ok'
result "server: what was mended without a word of it fails" "$out/mended.log"
ended 1 again && grep -q '^== Play what was found before: status 1' "$out/again.log" &&
	grep -q '^not ok .*fuzz-3' "$out/again/iperf-report/found.tap"
result "fuzz: what was found before fails again" "$out/again.log"
ended 0 no-more && grep -q '^ok .*fuzz-3' "$out/no-more/iperf-report/found.tap"
result "fuzz: and passes when it is mended" "$out/no-more.log"

if grep -q '^== Capture the tests: status 3' "$out/tests.log"; then
	for name in "the tests of iperf-ref pass" "a client that breaks a rule fails" "tests that fail fail"; do
		skipped "capture: $name" "no capturing here: $(tail -n 1 "$out/tests/iperf-report/tcpdump.log")"
	done
else
	ended 0 tests && has tests tests.pcap && sums_up tests 'tests.pcap: conforms (1 test,'
	result "capture: the tests of iperf-ref pass" "$out/tests.log"
	ended 1 breaks && has breaks tests.pcap && sums_up breaks '^R-7-2 broken by the client' &&
		grep -q '^== Capture the tests: status 0' "$out/breaks.log"
	result "capture: a client that breaks a rule fails" "$out/breaks.log"
	ended 1 failing && grep -q '^== Capture the tests: status 1' "$out/failing.log"
	result "capture: tests that fail fail" "$out/failing.log"
fi
grep -q '^== Check the captures that we keep: status 0' "$out/tests.log" &&
	grep -q 'a name.pcap: conforms' "$out/tests/iperf-report/captures.txt"
result "capture: kept ones are judged" "$out/tests.log"
ended 1 failing && grep -q '^== Check the captures that we keep: status [1-9]' "$out/failing.log" &&
	sums_up failing 'cookies-differ.pcap: does not conform'
result "capture: a kept one that is broken fails" "$out/failing.log"

# --- what was seen in the form ---------------------------------------------------------------------------------------

wait $linter
for file in $workflows; do
	! grep "^$file: " "$out/lint.log" >"$out/log" && grep -q '^linted$' "$out/lint.log"
	result "$file" "$out/log"
done
number=0
while IFS='	' read -r change said; do
	number=$((number + 1))
	grep "^$out/changed/$number.yml: .*$said" "$out/lint.log" >/dev/null
	result "seen: $change" "$out/lint.log"
done <"$out/changes"
for file in conformance/recipes/*.yml; do
	grep -qF "](${file##*/})" "$recipes/README.md"
	result "README.md tells of ${file##*/}"
done
echo "1..$count"
