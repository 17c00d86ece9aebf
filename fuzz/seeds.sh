#!/bin/sh
# Makes the seed corpora fuzz/corpus/TARGET anew: raw inputs by seeds.py, of which libFuzzer's merge keeps those that reach
# something new. Inputs that are there already stay where they do; findings (fuzz/findings) are not touched.
# seeds.sh TARGET...
set -eu
cd "$(dirname "$0")/.."
. fuzz/targets.sh
BUILD=${BUILD:-build}
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
fuzz/seeds.py "$raw/seeds"
for target in "$@"; do
	# merge passes over an input that ends the program
	[ ! -d "$raw/seeds/$target" ] || "$BUILD/fuzz/asan/$target" "$raw/seeds/$target" >/dev/null
	mkdir -p "$raw/new" "$raw/seeds/$target" "fuzz/corpus/$target"
	"$BUILD/fuzz/libfuzzer/$target" -merge=1 -artifact_prefix="$raw/" -max_len="$(longest "$target")" "$raw/new" "fuzz/corpus/$target" \
		"$raw/seeds/$target" ${RAW:+"$RAW/$target"} >"$raw/log" 2>&1 || { tail -n 20 "$raw/log"; exit 1; }
	rm -rf "fuzz/corpus/$target"
	mv "$raw/new" "fuzz/corpus/$target"
	printf '%-20s %4d inputs, %d octets\n' "$target" "$(ls "fuzz/corpus/$target" | wc -l)" \
		"$(cat "fuzz/corpus/$target"/* | wc -c)"
done
