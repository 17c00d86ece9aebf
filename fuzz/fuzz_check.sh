#!/bin/sh
# Replays all corpora and findings under ASan and UBSan, and fuzzes each target with a fixed budget of executions: with
# libFuzzer where it is built, else with the mutator of main.c, whose inputs are the same each time. TAP.
set -u
cd "$(dirname "$0")/.."
. fuzz/targets.sh
BUILD=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
targets=$(for file in fuzz/*_fuzz.c; do basename "$file" _fuzz.c; done)
# libFuzzer goes by addresses, and by when it looked at its folder: without either its inputs are the same each time.
fixed=$(setarch "$(uname -m)" -R true 2>/dev/null && echo setarch "$(uname -m)" -R)
corpora() { find fuzz/corpus/"$1" fuzz/findings/"$1" -maxdepth 0 2>/dev/null; }

check() {
	target=$1; log=$work/$target; program=$PWD/$BUILD/fuzz/asan/$target
	mkdir -p "$work/$target.d"
	if ! [ -x "$program" ]; then
		echo "not ok - $target: $program was not built" >"$log.tap"
		return
	fi
	# shellcheck disable=SC2046
	if timeout 120 "$program" $(corpora "$target") >"$log" 2>&1; then
		echo "ok - $target: replay, $(head -n 1 "$log")" >"$log.tap"
	else
		{ echo "not ok - $target: replay"; sed 's/^/# /' "$log" | head -n 60; } >"$log.tap"
	fi
	folders=$(corpora "$target" | sed "s|^|$PWD/|")
	fuzzer=$PWD/$BUILD/fuzz/libfuzzer/$target
	if [ -x "$fuzzer" ]; then
		# shellcheck disable=SC2046,SC2086
		(cd "$work/$target.d" && timeout 120 $fixed "$fuzzer" -runs="$(budget "$target")" -seed=1 -reload=0 \
			-max_len="$(longest "$target")" -verbosity=0 "$work/$target.d" $folders) >"$log" 2>&1
	else
		# shellcheck disable=SC2086
		(cd "$work/$target.d" && timeout 120 "$program" --runs="$(budget "$target")" $folders) >"$log" 2>&1
	fi
	if [ $? -eq 0 ]; then
		echo "ok - $target: $(budget "$target") executions" >>"$log.tap"
	else
		{ echo "not ok - $target: fuzzing"
		  for input in "$work/$target.d"/crash-* "$work/$target.d"/leak-* "$work/$target.d"/timeout-*; do
			[ -f "$input" ] && echo "# input: $(base64 -w 0 "$input")"
		  done
		  sed 's/^/# /' "$log" | head -n 60; } >>"$log.tap"
	fi
}

if [ "${1:-}" = one ]; then
	work=$3; trap - EXIT
	check "$2"
	exit
fi
echo "1..$(($(echo "$targets" | wc -l) * 2))"
printf '%s\n' $targets | xargs -P 2 -I{} "$0" one {} "$work"
cat "$work"/*.tap
! grep -q '^not ok' "$work"/*.tap
