"""Tests of the iperf3 profile by Debian's iperf3 3.12, in each of its modes. Nothing here is rewritten.

What this version does otherwise than SPEC.md says is found each time: it writes -1 as 18446744073709551615 (R-22.4-10),
in the results of a side that has a receiving stream, or a UDP stream at all.
"""

import signal

from capture import Problem, end
from stage import scenario

RATE = "-b", "80k", "-l", "1000"  # ten blocks in a second
SNAP = "-s", "1200"


def server(s, *options):
    return s.start(["iperf3", "-s", "-p", str(s.port), "--forceflush", *options]).wait_for("listening")


def client(s, *options):
    return s.start(["iperf3", "-c", s.host, "-p", str(s.port), *options])


def results(to_server, index=0):
    """The packet with the results of a side."""
    def find(packets):
        found = [p for p in packets if p.tcp and p.payload.startswith(b'{"cpu_util_total"') and
                 (p.destination_port == port_of(packets)) == to_server]
        if index >= len(found):
            raise Problem("the capture has no such results")
        return found[index].number
    return find


def port_of(packets):
    """The server's port: whither the first packet went."""
    return next(p for p in packets if p.tcp).destination_port


def control_port(packets):
    return next(p for p in packets if p.tcp).source_port


def control_end(to_server):
    return lambda packets: end(control_port(packets), to_server)(packets)


def unsigned(s, client_too=False, server_too=True):
    if client_too:
        s.broken("R-22.4-10", results(True))
    if server_too:
        s.broken("R-22.4-10", results(False))


def run(s, *options, client_too=False, server_too=True):
    server(s)
    client(s, *options).wait()
    unsigned(s, client_too, server_too)


def running(s):
    """Until payload flows."""
    return s.seen(lambda file: sum(p.payload_length >= 1000 for p in file.packets if p.tcp) > 3, "payload")


@scenario("iperf3", options=SNAP)
def iperf3_tcp(s):
    """One TCP stream for a second (R-22.4-10: the server has nothing to retransmit, and says so without a sign)."""
    run(s, "-t", "1", *RATE)


@scenario("iperf3", options=SNAP)
def iperf3_tcp_parallel(s):
    """`-P 4`."""
    run(s, "-t", "1", "-P", "4", *RATE)


@scenario("iperf3", options=SNAP)
def iperf3_udp(s):
    """`-u`."""
    run(s, "-u", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_udp_parallel(s):
    """`-u -P 2`."""
    run(s, "-u", "-t", "1", "-P", "2", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_udp_wide(s):
    """`-u --udp-counters-64bit`."""
    run(s, "-u", "--udp-counters-64bit", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_reverse(s):
    """`-R`: the server sends."""
    run(s, "-R", "-t", "1", *RATE, client_too=True, server_too=False)


@scenario("iperf3", options=SNAP)
def iperf3_udp_reverse(s):
    """`-u -R`."""
    run(s, "-u", "-R", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_bidirectional(s):
    """`--bidir`: two streams, one each way."""
    run(s, "--bidir", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_udp_bidirectional(s):
    """`-u --bidir`."""
    run(s, "-u", "--bidir", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", options=SNAP)
def iperf3_octets(s):
    """`-n 20000`: so many octets."""
    run(s, "-n", "20000", "-l", "1000")


@scenario("iperf3", options=SNAP)
def iperf3_blocks(s):
    """`-k 20`: so many blocks."""
    run(s, "-k", "20", "-l", "1000")


@scenario("iperf3", options=SNAP)
def iperf3_omit(s):
    """`-O 1`: the first second does not count."""
    run(s, "-O", "1", "-t", "1", *RATE)


@scenario("iperf3", options=SNAP)
def iperf3_udp_omit(s):
    """`-u -O 1`."""
    run(s, "-u", "-O", "1", "-t", "1", *RATE, client_too=True)


@scenario("iperf3", host="::1", options=SNAP)
def iperf3_ipv6(s):
    """Over ::1."""
    run(s, "-t", "1", *RATE)


@scenario("iperf3", options=("-s", "4000"))
def iperf3_server_output(s):
    """`--get-server-output`: the server's text stands in its results."""
    run(s, "--get-server-output", "-t", "1", *RATE)


@scenario("iperf3", options=SNAP)
def iperf3_two_tests(s):
    """One test after another at one server."""
    server(s)
    client(s, "-n", "5000", "-l", "1000").wait()
    client(s, "-R", "-t", "1", *RATE).wait()
    s.broken("R-22.4-10", results(False))
    s.broken("R-22.4-10", results(True, 1))


@scenario("iperf3", options=SNAP)
def iperf3_busy(s):
    """A second client meets a running test, and is denied; the test goes on."""
    server(s)
    first = client(s, "-t", "1", *RATE)
    running(s)
    client(s, "-t", "1", *RATE).wait(1)
    first.wait()
    unsigned(s)


@scenario("iperf3", options=SNAP)
def iperf3_client_interrupted(s):
    """The user interrupts the client (SIGINT): CLIENT_TERMINATE."""
    server(s)
    program = client(s, "-t", "10", *RATE)
    running(s)
    program.signal(signal.SIGINT)
    program.wait(1)


@scenario("iperf3", options=SNAP)
def iperf3_server_interrupted(s):
    """The user interrupts the server: SERVER_TERMINATE."""
    theirs = server(s)
    program = client(s, "-t", "10", *RATE)
    running(s)
    theirs.signal(signal.SIGINT)
    program.wait(1)


@scenario("iperf3", options=SNAP)
def iperf3_client_killed(s):
    """The client is killed amid its payload: its connections end, and the server's with them."""
    server(s)
    program = client(s, "-t", "10", *RATE)
    running(s)
    program.signal(signal.SIGKILL)
    program.wait(None)


@scenario("iperf3", options=SNAP)
def iperf3_server_killed(s):
    """The server is killed: on the wire it may as well have been stopped, or have failed the test in silence."""
    theirs = server(s)
    program = client(s, "-t", "10", *RATE)
    running(s)
    theirs.signal(signal.SIGKILL)
    program.wait(1)
    s.unclear("R-29-7", control_end(False))


@scenario("iperf3", options=("-s", "96"))
def iperf3_snaplen_96(s):
    """30 octets of each segment were captured: no cookie is whole, nothing can be told."""
    server(s)
    client(s, "-t", "1", *RATE).wait()
    s.unclear("capture", lambda packets: next(p.number for p in packets if p.payload_length == 37))


@scenario("iperf3", options=("-s", "160"))
def iperf3_snaplen_160(s):
    """94 octets of each segment were captured: the course of the test, not its parameters and results."""
    server(s)
    client(s, "-t", "1", *RATE).wait()
    for index in range(3):  # parameters and results; their lengths are segments of their own
        s.unclear("capture", lambda packets, index=index: [p for p in packets if p.payload_length == 4][index].number)


def late(s, count):
    def cut(file):
        del file.packets[:count]
    s.rewrite(cut)


@scenario("iperf3", options=SNAP)
def iperf3_start_missing(s):
    """Rewritten: the first 14 packets were removed, the control connection's beginning among them."""
    server(s)
    client(s, "-t", "1", *RATE).wait()
    late(s, 14)
    s.unclear("capture", lambda packets: 1)


@scenario("iperf3", options=SNAP)
def iperf3_packet_missing(s):
    """Rewritten: the segment with TEST_RUNNING was removed: what depends on it is not judged."""
    server(s)
    client(s, "-t", "1", *RATE).wait()

    def drop(file):
        del file.packets[next(i for i, p in enumerate(file.packets) if p.payload == b"\x02")]
    s.rewrite(drop)
    # It is waited for until the next packet that comes 50 ms later or more.
    running = lambda packets: next(p for p in packets if p.payload_length == 1000).time_ns
    s.unclear("capture", lambda packets: next(p.number for p in packets if p.time_ns > running(packets) + 5 * 10**7))


@scenario("iperf3", options=SNAP)
def iperf3_after_text(s):
    """Both profiles on one port, in turn: a test of the reference, then one of iperf3, then one of the reference."""
    theirs = s.server("-1")
    s.run_client("-n", "100", "-l", "100")
    theirs.wait()
    theirs = server(s, "-1")
    client(s, "-n", "5000", "-l", "1000").wait()
    theirs.wait()
    s.server()
    s.run_client("-n", "100", "-l", "100")
    unsigned(s)
