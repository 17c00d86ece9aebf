#!/bin/sh
# Fails when an object of proto/ needs more from outside than it may: no file, socket, clock, memory or output.
#
#   [NM=nm] [BUILD=build] proto/symbols_check.sh [object.o...]
#
# Allowed: memory and string functions that allocate nothing, formatting into a buffer, this library's own functions,
# what compilers and sanitizers add; jansson without its files for the readers and writers of JSON only; getrandom and
# errno for cookie.o only (proto/cookie.h). Prints what else is needed; exit status 0 nothing, 1 something, 2 could not
# look.
set -eu

NM=${NM:-nm}
if [ $# -eq 0 ]; then # all of the library
	for source in proto/*.c proto/*.rl; do
		case $source in
		*_test.c | proto/test*) ;;
		*) object=${source%.*}; set -- "$@" "${BUILD:-build}/$object.o" ;;
		esac
	done
fi

common='iperf3?_[a-z0-9_]*|judge_[a-z0-9_]*'
common="$common|memcpy|memmove|memset|memcmp|bcmp|memchr|memmem|strlen|strnlen|strcmp|strncmp|strchr|strrchr|strstr"
common="$common|strspn|strcspn|snprintf|vsnprintf|__(memcpy|memmove|memset|snprintf|vsnprintf)_chk"
common="$common|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|lsan|tsan|gcov|llvm|sanitizer)_[A-Za-z0-9_]*"
common="$common|__sancov_[A-Za-z0-9_]*|__start___sancov_[a-z0-9_]*|__stop___sancov_[a-z0-9_]*"

status=0
for object; do
	allowed=$common
	case ${object##*/} in
	results.o | json_private.o | iperf3_parameters.o | iperf3_results.o)
		allowed="$allowed|json_[a-z0-9_]*|jsonp_[a-z0-9_]*" ;;
	cookie.o) allowed="$allowed|getrandom|__errno_location" ;;
	esac
	needed=$($NM -u "$object") || exit 2
	needed=$(printf '%s\n' "$needed" | awk 'NF { sub(/@.*/, "", $NF); print $NF }')
	offending=$(printf '%s\n' "$needed" | grep -Evx "$allowed" || true)
	files=$(printf '%s\n' "$needed" | grep -Ex 'json_(dump|load)(f|fd|_file|_callback)' || true)
	for symbol in $offending $files; do
		echo "$object: needs $symbol"
		status=1
	done
done
exit $status
