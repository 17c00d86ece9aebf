#!/bin/sh
# The systemd unit is one, confines the server as it says, and leaves the program its own sandbox. As TAP.
set -u
build=${BUILD:-build}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 1' INT TERM
unit=$out/iperf-ref.service
ref=$(cd "$build" && pwd)/iperf-ref
sed "s|@PREFIX@/bin/iperf-ref|$ref|" ref/iperf-ref.service.in >"$unit"

count=0
is() { # NAME COMMAND...: a test, passed when the command succeeds
	is_name=$1; shift
	count=$((count + 1))
	if "$@" >"$out/is" 2>&1; then
		echo "ok $count - $is_name"
	else
		echo "not ok $count - $is_name"
		sed 's/^/# /' "$out/is" | head -n 100
	fi
}
skip() { # NAME WHY
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}
quiet() { # COMMAND...: succeeds, and has nothing to say
	"$@" >"$out/quiet" 2>&1; status=$?
	cat "$out/quiet"
	[ $status -eq 0 ] && [ ! -s "$out/quiet" ]
}
options_are_known() { # the words behind the program, in front of --help
	words=$(sed -n 's/^ExecStart=[^ ]* //p' "$unit")
	[ -n "$words" ] && eval "\"$ref\" $words --help"
}
has_line() {
	grep -qx -e "$1" "$unit" || { echo "there is no $1"; false; }
}

for line in DynamicUser=yes NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes \
	PrivateDevices=yes PrivateUsers=yes "RestrictAddressFamilies=AF_INET AF_INET6" RestrictNamespaces=yes \
	MemoryDenyWriteExecute=yes SystemCallArchitectures=native LockPersonality=yes LimitCORE=0 \
	"SystemCallFilter=@system-service .*\bseccomp\b.*\blandlock_create_ruleset\b.*\blandlock_restrict_self\b.*"; do
	is "it has ${line%%=*}" has_line "$line"
done
is "the program knows the options that it is given" options_are_known
is "and is given the sandbox as a condition" grep -q '^ExecStart=.* --sandbox required' "$unit"
if systemd-analyze --help 2>/dev/null | grep -q -e --recursive-errors; then
	is "systemd takes all of it" quiet systemd-analyze --man=no --recursive-errors=no verify "$unit"
	is "systemd finds it confined: an exposure of 1.5 at most" systemd-analyze security --no-pager --offline=true \
		--threshold=15 "$unit"
else
	skip "systemd takes all of it" "there is no systemd-analyze, or an old one"
	skip "systemd finds it confined" "there is no systemd-analyze, or an old one"
fi
echo "1..$count"
