#!/bin/sh
# Coverage of proto/: runs its unit tests and replays the corpora and findings of fuzz/, all built with --coverage in
# $BUILD, writes $BUILD/html/, and says what coverage.py finds. `make coverage` builds and calls it.
#
# The tests and the fuzzing targets have objects of their own, hence counts of their own, which are added up: so it can
# be said what either reaches alone.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build/coverage}
unset IPERF_TEST_SEED IPERF_TEST_SLOW IPERF_SIM_RUNS IPERF_TEST_WRAPPER # the same counts each time

# Reads the counts of folders: `counts NAME FOLDER...`. Ragel's code counts where its #line say that it comes from.
counts() {
	to=$BUILD/$1.json; shift
	gcovr --gcov-executable gcov --root . --filter 'proto/' --exclude 'proto/test' --exclude '.*_test\.' \
		--json "$to" "$@"
	gcovr --gcov-executable gcov --root . --filter "$BUILD/proto/" --json "${to%.json}-generated.json" "$@"
}

# Writes a page from counts: `page TITLE FOLDER COUNTS...`.
page() {
	title=$1; folder=$2; shift 2
	mkdir -p "$folder"
	for file in "$@"; do shift; set -- "$@" --add-tracefile "$file"; done
	gcovr --root . "$@" --html-title "$title" --html-details "$folder/index.html"
}

find "$BUILD" -name '*.gcda' -exec rm -f {} +
.ci/tests "$BUILD/logs" "$BUILD"/proto/*_test >"$BUILD/tests.log" || { cat "$BUILD/tests.log"; exit 1; }
tail -n 1 "$BUILD/tests.log"
for target in "$BUILD"/fuzz/plain/*; do
	if ! [ -f "$target" ] || ! [ -x "$target" ]; then continue; fi
	name=$(basename "$target")
	for folder in fuzz/corpus/"$name" fuzz/findings/"$name"; do
		[ -d "$folder" ] || continue
		timeout 120 "$target" "$folder" >"$BUILD/replay.log" 2>&1 ||
			{ cat "$BUILD/replay.log"; echo "$target $folder failed."; exit 1; }
	done
done

counts tests "$BUILD/proto"
counts corpora "$BUILD/fuzz/plain/obj/proto" "$BUILD/fuzz/plain/obj/gen/proto"
page 'proto/: tests and corpora' "$BUILD/html" "$BUILD/tests.json" "$BUILD/corpora.json"
page 'State machines that Ragel made of proto/*.rl' "$BUILD/html/generated" \
	"$BUILD/tests-generated.json" "$BUILD/corpora-generated.json"
proto/coverage.py "$BUILD"
