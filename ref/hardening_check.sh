#!/bin/sh
# The programs have been compiled and linked such that errors in memory are hard to use: read from ELF. As TAP.
set -u
build=${BUILD:-build}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 1' INT TERM
if ! command -v readelf >"$out/which"; then
	echo "1..0 # SKIP there is no readelf"
	exit 0
fi

count=0
is() { # NAME COMMAND...: a test, passed when the command succeeds
	is_name=$1; shift
	count=$((count + 1))
	if "$@" >"$out/is" 2>&1; then
		echo "ok $count - $is_name"
	else
		echo "not ok $count - $is_name"
		sed 's/^/# /' "$out/is" | head -n 20
	fi
}
has() { # FILE TEXT
	grep -q -e "$2" "$out/$1" && return
	echo "there is no $2"; false
}
lacks() { # FILE TEXT
	! grep -e "$2" "$out/$1"
}

readelf -W --debug-dump=info "$build/ref/server.o" 2>/dev/null | grep -m 1 'DW_AT_producer' >"$out/producer"
for file in iperf-ref iperf-conform iperf-peer libiperf-proto.so; do
	readelf -W -h -l -d --dyn-syms "$build/$file" >"$out/elf"
	is "$file: its place in memory is by chance (PIE)" has elf 'Type: *DYN'
	is "$file: what the linker fills in is read-only (RELRO)" has elf 'GNU_RELRO'
	is "$file: all of it (BIND_NOW)" has elf 'FLAGS_1.* NOW'
	grep 'GNU_STACK' "$out/elf" >"$out/stack"
	is "$file: the stack is no program" has stack ' RW '
	is "$file: no segment can be written and run" lacks elf ' LOAD .* RWE '
	[ $file = libiperf-proto.so ] || is "$file: it is an executable (PIE)" has elf 'FLAGS_1.* PIE'
	is "$file: the stack is guarded" has elf '__stack_chk_fail'
	if grep -q '__asan_' "$out/elf" || [ $file = libiperf-proto.so ] ||
		! grep -q 'GNU C.* -O[1-3s]\|clang' "$out/producer"; then
		continue # sanitizers check more, the library calls nothing of it, and it wants optimisation
	fi
	is "$file: copies and formats are bounded (_FORTIFY_SOURCE)" has elf '__v*[sf]n*printf_chk'
done

# A program has the library within it: what it calls, its own files may not. One of them is ref/main.o.
readelf -W -s "$build/ref/main.o" >"$out/own"
is "iperf-ref's own files guard the stack" has own '__stack_chk_fail'
if ! grep -q '__asan_' "$out/own" &&
	grep -q 'GNU C.* -O[1-3s]\|clang' "$out/producer"; then
	is "iperf-ref's own files bound copies and formats" has own '__v*[sf]n*printf_chk'
fi

# What only the compiler's own notes tell.
readelf -W -n "$build/ref/server.o" >"$out/notes" 2>&1
if readelf -h "$build/ref/server.o" | grep -q 'Machine:.*X86-64'; then
	is "jumps and returns are guarded" has notes 'IBT, SHSTK'
fi
if grep -q 'GNU C' "$out/producer"; then
	is "large frames touch each page of the stack" has producer '-fstack-clash-protection'
fi
echo "1..$count"
