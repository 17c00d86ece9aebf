#!/bin/sh
# fuzz/oss-fuzz/build.sh builds every target: with clang and libFuzzer in the way of OSS-Fuzz's builder, or, where there
# is no libFuzzer, with the C compiler and main.c for an engine. Of each target is checked what OSS-Fuzz needs: it is
# instrumented, its corpus is whole and does no harm, its dictionary can be read, and it starts where no library is
# installed. What cannot be seen offline is the image itself. Objects are kept in $BUILD/oss-fuzz for next time. TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
. fuzz/targets.sh
build=${BUILD:-build}
work=$build/oss-fuzz
mkdir -p "$work"
scratch=$(mktemp -d "$work/run.XXXXXX")
maker=
trap '[ -z "$maker" ] || kill -- "-$maker" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
unset MAKEFLAGS MFLAGS MAKEOVERRIDES # of the make that has started this

for tool in zip unzip; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP there is no $tool"; exit 0; }
done

targets=$(for file in fuzz/*_fuzz.c; do basename "$file" _fuzz.c; done)
count=0
result() { # NAME [LOG]: of the last command
	status=$?
	count=$((count + 1))
	[ $status -eq 0 ] && echo "ok $count - $1" && return
	echo "not ok $count - $1"
	[ -z "${2-}" ] || sed 's/^/# /' "$2" | tail -n 40
}

if echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
	clang++ -x c -fsanitize=fuzzer,address -o "$scratch/probe" - 2>/dev/null; then
	engine=libFuzzer with=libFuzzer
	export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer
	export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address -fsanitize=fuzzer-no-link"
else
	engine=plain with="main.c, for there is no libFuzzer"
	export CC="${CC:-cc}"
	export CXX="$CC" LIB_FUZZING_ENGINE="$PWD/$scratch/main.o" CFLAGS=-O1
	$CC -I. -D_GNU_SOURCE -O1 -c -o "$scratch/main.o" fuzz/main.c
fi
export CXXFLAGS="$CFLAGS" SANITIZER=address SRC="$PWD/$scratch/src" OUT="$PWD/$scratch/built" JOBS=2
# What was made otherwise is of no use: another compiler, other rules.
made=$({ $CC --version; cat Makefile fuzz/fuzz.mk fuzz/oss-fuzz/build.sh fuzz/oss_fuzz_check.sh; } |
	sha1sum | cut -c 1-8)
find "$work" -maxdepth 1 -name "$engine-*" ! -name "$engine-$made*" -exec rm -rf {} +
export WORK="$PWD/$work/$engine-$made"
mkdir -p "$SRC" "$OUT" "$WORK"
setsid flock "$WORK.lock" fuzz/oss-fuzz/build.sh >"$scratch/log" 2>&1 &
maker=$!
wait $maker
status=$?
maker=
(exit $status)
result "build.sh, with $with" "$scratch/log"
# Elsewhere, as on the machines that fuzz: what a program takes from beside it has to be found there.
mv "$OUT" "$scratch/out"
out=$scratch/out

alone() { # PROGRAM: it takes nothing but the C library, the compiler's, and what lies beside it
	ldd "$1" | awk -v beside="$PWD/$out/lib/" '
		/linux-vdso|ld-linux/ || $1 ~ /^(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+)\.so/ { next }
		index($3, beside) != 1 { print "takes " $0; wrong = 1 }
		END { exit wrong }'
}
whole() { # NAME: all inputs are in the archive, once
	find "fuzz/corpus/$1" "fuzz/findings/$1" -type f -exec sha1sum {} + 2>/dev/null | cut -c 1-40 | sort >"$scratch/wanted"
	mkdir "$scratch/$1"
	unzip -q "$out/${1}_fuzz_seed_corpus.zip" -d "$scratch/$1" || return 1
	find "$scratch/$1" -type f -exec sha1sum {} + | cut -c 1-40 | sort | diff "$scratch/wanted" -
}
fuzzes() { # NAME: does what OSS-Fuzz tries with a new build: a few inputs from nothing, then the corpus
	set -- "$1" "$PWD/$out/$1_fuzz" "$PWD/$scratch/$1"
	cd "$scratch" || return 1
	case $engine in
	libFuzzer)
		timeout 100 "$2" -runs=4 -seed=1337 >from-nothing 2>&1 || { cat from-nothing; return 1; }
		edges=$(sed -n 's/^INFO: Loaded .*(\([0-9]*\) inline 8-bit counters).*/\1/p' from-nothing)
		[ "${edges:-0}" -ge 100 ] || { cat from-nothing; return 1; }
		timeout 100 "$2" -runs=10 -dict="$2.dict" "$3" >from-corpus 2>&1 || { cat from-corpus; return 1; }
		grep -q '^Dictionary: [1-9][0-9]* entries' from-corpus || { cat from-corpus; return 1; }
		;;
	*)	timeout 100 "$2" --runs=10 "$3" ;;
	esac
}
check() { # NAME
	[ "$(cat "$out/$1_fuzz.options")" = "$(printf '[libfuzzer]\nmax_len = %d' "$(longest "$1")")" ] &&
		cmp "$(dictionary "$1")" "$out/$1_fuzz.dict" && alone "$out/$1_fuzz" && whole "$1" && (fuzzes "$1")
}
for target in $targets; do
	check "$target" >"$scratch/log" 2>&1
	result "$target" "$scratch/log"
done

find "$out" -maxdepth 1 -type f ! -name '*.*' -exec basename {} \; | sort >"$scratch/programs"
echo "$targets" | sed 's/$/_fuzz/' | sort | diff - "$scratch/programs" >"$scratch/log"
result "there is no other program" "$scratch/log"
for file in .clusterfuzzlite/Dockerfile fuzz/oss-fuzz/Dockerfile; do # what is in the image is the same
	sed -n '/^RUN apt/,/libpcap$/p' $file
done >"$scratch/images"
half=$(($(wc -l <"$scratch/images") / 2))
[ $half -gt 3 ] && head -n $half "$scratch/images" >"$scratch/one" && tail -n $half "$scratch/images" |
	diff "$scratch/one" - >"$scratch/log" 2>&1
result "both images hold the same" "$scratch/log"
if python3 -c 'import yaml' 2>/dev/null; then
	python3 - fuzz/oss-fuzz/project.yaml .clusterfuzzlite/project.yaml >"$scratch/log" 2>&1 <<-'END'
		import sys, yaml
		ours, lite = (yaml.safe_load(open(name)) for name in sys.argv[1:])
		assert ours["language"] == lite["language"] == "c"
		assert {"homepage", "main_repo", "primary_contact"} <= set(ours), "OSS-Fuzz asks for these"
		assert set(ours["sanitizers"]) <= {"address", "undefined", "memory"}
		assert set(ours["fuzzing_engines"]) <= {"libfuzzer", "afl", "honggfuzz", "centipede"}
		image = open("fuzz/oss-fuzz/Dockerfile").read()
		assert "base-builder:" + ours["base_os_version"] in image, "the image is of another system"
	END
	result "what the projects say of themselves" "$scratch/log"
fi
echo "1..$count"
