#!/bin/sh
# iperf-ref as its users run it is in the sandbox, in all its threads, and does all that it is there for. As TAP.
set -u
build=${BUILD:-build}
ref=$build/iperf-ref
out=$(mktemp -d)
pids=
stop() { # PID
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
clean() {
	for pid in $pids; do stop "$pid"; done
	rm -rf "$out"
}
trap clean EXIT
trap 'exit 1' INT TERM

"$ref" -c 127.0.0.1 -p 1 --sandbox required >"$out/probe" 2>&1
case $(cat "$out/probe") in
*"sandbox: Operation not supported"*) echo "1..0 # SKIP this build has none: sanitizers, or coverage"; exit 0 ;;
*"sandbox: Invalid argument"* | *"sandbox: Operation not permitted"* | *"sandbox: Function not implemented"*)
	echo "1..0 # SKIP this system permits no filters of system calls"; exit 0 ;;
esac

count=0
is() { # NAME COMMAND...: a test, passed when the command succeeds
	is_name=$1; shift
	count=$((count + 1))
	if "$@" >"$out/is.$count" 2>&1; then
		echo "ok $count - $is_name"
	else
		echo "not ok $count - $is_name"
		sed 's/^/# /' "$out/is.$count" | head -n 40
	fi
}
skip() { # NAME WHY
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# A server in the background: its output is NAME.out and NAME.err, its number $server, its port $port, which is empty
# when it ends.
serve() { # NAME COMMAND...
	serve_name=$1; shift
	: >"$out/$serve_name.out"
	"$@" $as >"$out/$serve_name.out" 2>"$out/$serve_name.err" &
	server=$!
	pids="$pids $server"
	timeout 20 tail -n +1 --pid=$server -f "$out/$serve_name.out" 2>/dev/null | grep -q -m 1 listening
	port=$(sed -n 's/.*listening on \([0-9]*\).*/\1/p' "$out/$serve_name.out" | head -n 1)
}
ends_well() { # NAME PID [SIGNAL]: with status 0, and an empty standard error
	kill "-${3:-TERM}" "$2"
	wait "$2" || { echo "status $?"; cat "$out/$1.err"; return 1; }
	[ ! -s "$out/$1.err" ] || { cat "$out/$1.err"; return 1; }
}

# --- who it is, and what it may ------------------------------------------------------------------------------------

field() { # FIELD FILE
	sed -n "s/^$1:[[:space:]]*//p" "$2"
}
me=$(id -u)
nobody=$me
as= # an option for each server: where root may not become another user, it stays what it is
if [ "$me" -eq 0 ]; then
	if setpriv --reuid=nobody --regid=nogroup --clear-groups true 2>/dev/null; then
		nobody=$(id -u nobody)
	else
		as="--user=root"
	fi
fi
# There may be filters around all this, of a container, say.
around=$(field Seccomp_filters /proc/self/status)
confined() { # PID FILTERS UID: so many filters more than we, no new privileges, that user, for all threads
	threads=0
	for status in /proc/"$1"/task/*/status; do
		threads=$((threads + 1))
		[ "$(field Seccomp "$status")" = 2 ] || { echo "$status has no filter"; return 1; }
		[ -z "$around" ] || [ "$(field Seccomp_filters "$status")" -eq $((around + $2)) ] ||
			{ echo "$status has other filters"; return 1; }
		[ "$(field NoNewPrivs "$status")" = 1 ] || { echo "$status may get new privileges"; return 1; }
		[ "$(field Uid "$status" | tr '\t' '\n' | sort -u)" = "$3" ] ||
			{ echo "$status is of user $(field Uid "$status"), not $3"; return 1; }
		[ "$3" -eq 0 ] || [ "$(field CapPrm "$status")" = "${4:-0000000000000000}" ] ||
			{ echo "$status has capabilities $(field CapPrm "$status")"; return 1; }
	done
	echo "$threads threads"
	[ $threads -gt 0 ]
}
threads_of() { # PID
	set -- /proc/"$1"/task/*
	echo $#
}
not_confined() { # PID
	[ "$(field Seccomp_filters "/proc/$1/status")" = "$around" ] &&
		[ "$(field Uid "/proc/$1/status" | cut -f1)" -eq "$me" ]
}

serve server "$ref" -s -p 0 --max-streams 16
is "a server is confined, all threads of it" confined "$server" 1 "$nobody"
# While a test runs, whose threads are payload's.
for profile in text iperf3; do
	: >"$out/client"
	"$ref" -c 127.0.0.1 -p "$port" --profile $profile -t 60 -P 2 -i 0.1 >"$out/client" 2>&1 &
	client=$!
	pids="$pids $client"
	timeout 20 tail -n +1 --pid=$client -f "$out/client" 2>/dev/null | grep -q -m 1 '0.1.*sec'
	is "$profile: a server that serves is confined, all threads of it" confined "$server" 1 "$nobody"
	is "$profile: there are threads besides the first" [ "$(threads_of "$server")" -gt 1 ]
	is "$profile: a client is confined, all threads of it" confined "$client" 1 "$me"
	is "$profile: there are threads besides the client's first" [ "$(threads_of "$client")" -gt 1 ]
	stop $client
done
is "it ends when it is told to" ends_well server "$server"

serve none "$ref" -s -p 0 --no-sandbox
is "with --no-sandbox nothing of it is there" not_confined "$server"
is "and it ends when it is told to" ends_well none "$server" INT

# --- another user --------------------------------------------------------------------------------------------------

says() { # STATUS TEXT COMMAND...: ends with that status and says that on standard error
	says_status=$1 says_text=$2; shift 2
	timeout 20 "$@" 2>"$out/says" >&2; status=$?
	cat "$out/says"
	[ $status -eq "$says_status" ] && grep -q "$says_text" "$out/says"
}
if [ "$nobody" -ne "$me" ]; then
	serve daemon "$ref" -s -p 0 --user daemon
	is "root's server becomes the user that it is told" confined "$server" 1 "$(id -u daemon)"
	is "has no groups but that user's" [ "$(field Groups "/proc/$server/status" | tr -d ' ')" = "" ]
	stop "$server"
	serve root "$ref" -s -p 0 --user root
	is "or stays root" confined "$server" 1 0
	stop "$server"
	is "a user that there is not is named" says 3 'become user no-such-user: there is no such user' \
		"$ref" -s -p 0 --user no-such-user
	set -- setpriv --reuid=daemon --regid=daemon --clear-groups
	if "$@" test -x "$ref"; then
		serve other "$@" "$ref" -s -p 0
		is "another user's server is confined and stays that user's" confined "$server" 1 "$(id -u daemon)"
		stop "$server"
		is "another user cannot become one" says 3 'become user nobody: ' "$@" "$ref" -s -p 0 --user nobody
	else
		skip "another user's server" "another user cannot get at the program here"
	fi
else
	skip "other users" "only root can become another user, and not everywhere"
fi

# A port that is not for everybody: sockets of UDP streams are bound to it when the server is no longer root.
low=1000
port=
while [ "$nobody" -ne "$me" ] && [ -z "$port" ] && [ $low -gt 900 ]; do
	low=$((low - 1))
	serve low "$ref" -s -p $low --sandbox kill
done
if [ -n "$port" ]; then
	is "below port 1024 it keeps the right to bind such" confined "$server" 1 "$nobody" 0000000000000400
	is "and has use for it" timeout 20 "$ref" -c 127.0.0.1 -p "$port" --profile iperf3 -u -n 100K -b 100M
	is "and ends when it is told to" ends_well low "$server"
else
	skip "a port below 1024" "only root can bind one"
fi

# Where root may not change its user: in a user namespace that has no other.
if unshare --user --map-root-user true 2>/dev/null; then
	elsewhere=$as as=
	serve space unshare --user --map-root-user "$ref" -s -p 0
	is "a server that cannot become nobody says so" grep -q 'goes on as root' "$out/space.err"
	is "and serves, with a filter" timeout 20 "$ref" -c 127.0.0.1 -p "$port" -n 100K
	stop "$server"
	is "it does not run where the sandbox is required" says 3 'cannot become user nobody' \
		unshare --user --map-root-user "$ref" -s -p 0 --sandbox required
	as=$elsewhere
else
	skip "a root that cannot become another user" "there are no user namespaces here"
fi

# --- all that it is for, where a call that is forbidden is its death -----------------------------------------------

works() { # OPTIONS...: as a client of $port, which is still served afterwards
	timeout 30 "$ref" --sandbox kill -p "$port" -n 300K -i 0.1 "$@" && kill -0 "$server"
}
for profile in text iperf3; do
	serve $profile "$ref" -s -p 0 --sandbox kill --profile $profile -i 0.1 -V
	for host in 127.0.0.1 ::1; do
		[ $host = 127.0.0.1 ] || grep -q . /proc/net/if_inet6 2>/dev/null || continue
		is "$profile $host tcp" works -c $host --profile $profile
		is "$profile $host tcp -J" works -c $host --profile $profile -P 3 -J
		is "$profile $host udp" works -c $host --profile $profile -u -b 100M
		[ $profile = iperf3 ] || is "$profile $host tcp and udp" works -c $host -P 2 --udp-streams 2 -b 100M
		for way in -R --bidir; do
			[ $profile = iperf3 ] || continue
			is "$profile $host tcp $way" works -c $host --profile $profile $way -P 2
			is "$profile $host udp $way" works -c $host --profile $profile -u -b 100M $way \
				--get-server-output --udp-counters-64bit
		done
	done
	kill "$server"
	is "$profile: ends with status 0" wait "$server"
done
serve json "$ref" -s -p 0 --sandbox kill --profile auto
is "auto text" works -c 127.0.0.1
is "auto iperf3" works -c 127.0.0.1 --profile iperf3
is "auto: is told to end by SIGINT" ends_well json "$server" INT
if command -v iperf3 >"$out/which"; then
	serve iperf3 "$ref" -s -p 0 --sandbox kill
	is "iperf3's own client, with what it can ask of a server" timeout 20 iperf3 -c 127.0.0.1 -p "$port" \
		-n 300K -R -S 32 -w 64K -C reno --fq-rate 1G --get-server-output
	is "and over UDP" timeout 20 iperf3 -c 127.0.0.1 -p "$port" -n 300K -u -R -b 100M -S 32 --dont-fragment
	is "and it ends when it is told to" ends_well iperf3 "$server"
fi
echo "1..$count"
