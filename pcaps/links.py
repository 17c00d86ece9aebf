"""The same in other files, on other links, over worse networks."""

import struct

from actors import STREAM_BEGIN, STREAM_END, TEST_BEGIN
from capture import ETHERNET, of, opened_with, syn
from good import SHORT, UDP
from stage import scenario
from wire import wired

SMALL = "-n", "1000", "-l", "250"


# --- formats and links ----------------------------------------------------------------------------------------------


def write_big_endian(file, path):
    with open(path, "wb") as out:
        out.write(struct.pack(">IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, file.snaplen, file.linktype))
        for p in file.packets:
            seconds, rest = divmod(p.time_ns, 10**9)
            out.write(struct.pack(">IIII", seconds, rest // 1000, len(p.octets), p.length) + p.octets)


def block(kind, body):
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def write_pcapng(file, path):
    """One interface, time stamps in nanoseconds (if_tsresol 9)."""
    with open(path, "wb") as out:
        out.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        out.write(block(1, struct.pack("<HHI", file.linktype, 0, file.snaplen) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)))
        for p in file.packets:
            high, low = divmod(p.time_ns, 2**32)
            padding = b"\0" * (-len(p.octets) % 4)
            out.write(block(6, struct.pack("<IIIII", 0, high, low, len(p.octets), p.length) + p.octets + padding))


def put_before_ip(linktype, header):
    """Replaces the link layer: header(old) makes the new one."""
    def rewrite(file):
        for p in file.packets:
            new = header(p.octets[:p.ip_at])
            p.octets = new + p.octets[p.ip_at:]
            p.length += len(new) - p.ip_at
        file.linktype = linktype
    return rewrite


def both_protocols(s):
    s.server()
    s.run_client(*SMALL, "--udp-streams", "1", "-b", "2M")


@scenario("links", interface="any", options=("-y", "LINUX_SLL2"))
def linux_cooked_v2(s):
    """Captured on "any": Linux cooked v2."""
    both_protocols(s)


@scenario("links", interface="any", options=("-y", "LINUX_SLL"))
def linux_cooked_v1(s):
    """Captured on "any": Linux cooked v1."""
    both_protocols(s)


@scenario("links")
def vlan(s):
    """Rewritten: Ethernet with an 802.1Q tag."""
    both_protocols(s)
    s.rewrite(put_before_ip(ETHERNET, lambda old: old[:12] + b"\x81\0\0\x2a" + old[12:]))


@scenario("links")
def vlan_stacked(s):
    """Rewritten: an 802.1ad tag and an 802.1Q tag."""
    both_protocols(s)
    s.rewrite(put_before_ip(ETHERNET, lambda old: old[:12] + b"\x88\xa8\0\1\x81\0\0\2" + old[12:]))


@scenario("links")
def bsd_loopback(s):
    """Rewritten: the link layer of BSD's loopback, link type 0."""
    both_protocols(s)
    s.rewrite(put_before_ip(0, lambda old: b"\2\0\0\0"))


@scenario("links", options=("--time-stamp-precision", "nano"))
def nanoseconds(s):
    """pcap with time stamps in nanoseconds."""
    both_protocols(s)


@scenario("links")
def big_endian(s):
    """Rewritten: pcap of the other octet order."""
    both_protocols(s)
    s.rewrite(lambda file: None, write_big_endian)


@scenario("links", suffix=".pcapng", options=("--time-stamp-precision", "nano"))
def pcapng(s):
    """Rewritten: pcapng, with time stamps in nanoseconds."""
    both_protocols(s)
    s.rewrite(lambda file: None, write_pcapng)


def double(file):
    file.packets = [copy for p in file.packets for copy in (p, p.copy())]


@scenario("links")
def captured_twice(s):
    """Rewritten: each packet stands twice in the file, as where a capture has seen two interfaces."""
    s.server()
    s.run_client(*SMALL)
    s.rewrite(double)


@scenario("links")
def captured_twice_udp(s):
    """Rewritten: the same of a UDP test. A second copy of a datagram is not to be told from a second datagram, so that the
    distance of the IPERF_STREAM_END is not known."""
    s.server()
    s.run_client(*UDP)
    s.rewrite(double)
    s.unclear("R-8.4-2", first_datagram(STREAM_END))


# --- over a wire between two hosts ----------------------------------------------------------------------------------


@scenario("links", place=wired())
def raw_ip_tcp(s):
    """TCP between two hosts, over tun devices: raw IP, segments of 1448 octets at most."""
    s.server()
    s.run_client(*SHORT)


@scenario("links", place=wired())
def raw_ip_udp(s):
    """UDP between two hosts, over tun devices."""
    s.server()
    s.run_client(*UDP)


@scenario("links", place=wired(), filter_text="host 10.0.0.2")
def fragments(s):
    """Datagrams of 4000 octets over a link that carries 1500: each is three fragments."""
    s.server()
    s.run_client("-u", "-n", "8000", "-l", "4000", "-b", "5M")


def first_datagram(keyword):
    return lambda packets: next(p.number for p in packets if not p.tcp and p.payload.startswith(keyword))


def lose(wanted):
    """A rule that loses the packets for which wanted(packet, to_server) holds, each time it is called."""
    return lambda packet, to_server: None if wanted(packet, to_server) else 0


def first_of(count, test):
    """Holds for the first count packets for which test holds."""
    left = [count]

    def wanted(packet, to_server):
        if not left[0] or not test(packet, to_server):
            return False
        left[0] -= 1
        return True
    return wanted


def is_datagram(keyword):
    return lambda packet, to_server: not packet.tcp and packet.payload.startswith(keyword)


@scenario("links", place=wired())
def stream_begin_lost(s):
    """The first three IPERF_STREAM_BEGIN are lost behind the capture; the results do not list the stream, and the client
    repeats them (R-8.4-4)."""
    s.wire.rule = lose(first_of(3, is_datagram(STREAM_BEGIN)))
    s.server()
    s.run_client(*UDP)


@scenario("links", place=wired())
def stream_end_lost(s):
    """The first three IPERF_STREAM_END are lost; the client repeats them (R-8.4-5)."""
    s.wire.rule = lose(first_of(3, is_datagram(STREAM_END)))
    s.server()
    s.run_client(*UDP)


@scenario("links", place=wired())
def datagrams_lost(s):
    """Four datagrams of payload are lost behind the capture; the server counts fewer than were captured."""
    s.wire.rule = lose(first_of(4, is_datagram(b"0123456789")))
    s.server()
    s.run_client(*UDP)


def is_payload(packet, to_server):
    return packet.tcp and to_server and packet.payload_length > 100


@scenario("links", place=wired())
def segments_lost(s):
    """Two segments of payload are lost behind the capture, and sent again."""
    s.wire.rule = lose(first_of(2, is_payload))
    s.server()
    s.run_client(*SHORT)


@scenario("links", place=wired(at_server=True))
def segments_lost_before(s):
    """Two segments of payload are lost before the capture, which is taken at the server."""
    s.wire.rule = lose(first_of(2, is_payload))
    s.server()
    s.run_client(*SHORT)


@scenario("links", place=wired(at_server=True))
def reordered(s):
    """Every other segment of payload comes 2 ms later than it should, behind those that follow it; captured at the
    server."""
    turn = [False]

    def rule(packet, to_server):
        if not is_payload(packet, to_server):
            return 0
        turn[0] = not turn[0]
        return 0.002 if turn[0] else 0
    s.wire.rule = rule
    s.server()
    s.run_client(*SHORT)


@scenario("links", place=wired(at_server=True))
def overtaken(s):
    """Captured at the server: the segment with IPERF_TEST_BEGIN is late, and the stream connection overtakes it (R-6.4-1).
    By the client's order all may be right, which cannot be seen here."""
    s.wire.rule = lambda packet, to_server: 0.05 if packet.tcp and TEST_BEGIN in packet.payload else 0
    s.server()
    s.run_client(*SMALL)
    stream = opened_with(STREAM_BEGIN)
    s.unclear("R-5.1-7", of(stream, syn))
    s.unclear("R-5.1-8", of(stream, syn))
