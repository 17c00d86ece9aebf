#!/usr/bin/env python3
"""Makes raw seed corpora: seeds.py OUT, from pcaps/ and conformance/cases. seeds.sh minimises them.

Each target's input has a form of its own, told at the head of its file; here is how captures become such inputs."""
import glob
import os
import re
import struct
import sys

OUT = sys.argv[1]
CONNECT, OCTETS, TOKEN, EOF, RESET, DATAGRAM, LATER, OTHER = range(8)
COOKIES = [b"A" * 32, b"A" * 31 + b"B", b"IPERF_TEST_END\0\xff\nIPERF_STREAM_EN"]
KINDS = [b"IPERF_TEST_BEGIN", b"IPERF_TEST_END", b"IPERF_STREAM_BEGIN", b"IPERF_STREAM_END",
         b"IPERF_RESULTS_REQUEST", b"IPERF_RESULTS_RESPONSE"]
count = {}


def seed(target, octets, most=4096):
    """Keeps an input, named by its number."""
    if not octets or len(octets) > most:
        return
    folder = os.path.join(OUT, target)
    os.makedirs(folder, exist_ok=True)
    count[target] = count.get(target, 0) + 1
    with open(os.path.join(folder, "%05d" % count[target]), "wb") as f:
        f.write(octets)


# --- captures ---

def packets(path):
    """Yields the IP packets of a pcap file with Ethernet or raw frames; of others nothing."""
    data = open(path, "rb").read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<"}.get(data[:4])
    if not order:
        return
    link = struct.unpack(order + "I", data[20:24])[0]
    at, skip = 24, {1: 14, 101: 0, 228: 0, 229: 0}.get(link)
    while skip is not None and at + 16 <= len(data):
        seconds, parts, captured, length = struct.unpack(order + "IIII", data[at:at + 16])
        yield seconds * 1000 + parts // 1000, data[at + 16 + skip:at + 16 + captured]
        at += 16 + captured


def segment(ip):
    """(protocol, source, destination, flags, payload) or None."""
    if len(ip) < 20:
        return None
    if ip[0] >> 4 == 4:
        proto, head, total = ip[9], (ip[0] & 15) * 4, struct.unpack(">H", ip[2:4])[0]
        a, b = ip[12:16], ip[16:20]
    elif len(ip) >= 40:
        proto, head, total = ip[6], 40, 40 + struct.unpack(">H", ip[4:6])[0]
        a, b = ip[8:24], ip[24:40]
    else:
        return None
    body = ip[head:total or None]
    if proto == 6 and len(body) >= 20:
        s, d = struct.unpack(">HH", body[:4])
        return "tcp", (a, s), (b, d), body[13], body[(body[12] >> 4) * 4:]
    if proto == 17 and len(body) >= 8:
        s, d = struct.unpack(">HH", body[:4])
        return "udp", (a, s), (b, d), 0, body[8:]
    return None


class Talk:
    """The events of a capture, in the form of events.h."""

    def __init__(self, iperf3):
        self.names, self.cookies, self.iperf3 = {}, {}, iperf3
        self.out, self.streams, self.datagrams, self.turned, self.last = [], {}, [], False, None

    def number(self, client, modulus=32):
        return self.names.setdefault(client, len(self.names)) % modulus

    def bytes_of(self, payload):
        """The capture's cookies become those of the tokens, so that events fit each other."""
        if self.iperf3:
            for cookie in re.findall(rb"[a-z2-7]{36}\0", payload):
                if cookie not in self.cookies:
                    self.cookies[cookie] = b"abcdefghijklmnopqrstuvwxyz234567234%d\0" % (5 + len(self.cookies) % 2)
        else:
            for kind in KINDS:
                at = payload.find(kind)
                if at >= 0 and len(payload) >= at + len(kind) + 32:
                    cookie = payload[at + len(kind):at + len(kind) + 32]
                    self.cookies.setdefault(cookie, COOKIES[len(self.cookies) % 3])
        for cookie, other in self.cookies.items():
            payload = payload.replace(cookie, other)
        return payload

    def later(self, ms):
        if self.last is not None and ms - self.last >= 10:
            step = (ms - self.last) // 10
            self.out.append(("later", bytes([LATER, min(step, 127) if step < 128 else min(127 + step // 100, 254)])))
        self.last = ms

    def take(self, ms, what, client, flags, payload, up):
        self.later(ms)
        n = self.number(client)
        if what == "udp":
            payload = self.bytes_of(payload)[:127]
            self.datagrams.append(payload)
            self.out.append(("up" if up else "down", bytes([DATAGRAM | n << 3, len(payload)]) + payload))
            return
        if flags & 2 and up:
            self.out.append(("up", bytes([CONNECT | n << 3])))
        payload = self.bytes_of(payload)
        if payload:
            self.streams[client, up] = self.streams.get((client, up), b"") + payload
            for at in range(0, min(len(payload), 510), 255):
                piece = payload[at:at + 255]
                self.out.append(("up" if up else "down", bytes([OCTETS | n << 3, len(piece)]) + piece))
        if flags & 5:
            self.out.append(("up" if up else "down", bytes([(RESET if flags & 4 else EOF) | n << 3])))


def server_port(found):
    """The port that most packets share."""
    ports = {}
    for _, s in found:
        for end in (s[1], s[2]):
            ports[end[1]] = ports.get(end[1], 0) + 1
    return max(ports, key=ports.get)


def one_side(talk, up):
    """The events of one side, without those of the other."""
    return b"".join(e for side, e in talk.out if side == "later" or (side == "up") == up)


def both_sides(talk):
    """For judges: an OTHER turns the direction."""
    out, now = b"", "up"
    for side, e in talk.out:
        if side not in ("later", now):
            out, now = out + bytes([OTHER, 0]), side
        out += e
    return out


def client_side(talk):
    """For clients: everything that is opened is opened at once, then what the server says."""
    out = b"".join(bytes([CONNECT | n << 3]) for n in (0, 1, 2, 0))
    for side, e in talk.out:
        if side == "down":
            out += e + bytes([LATER, 255]) + bytes([CONNECT]) + bytes([CONNECT | 1 << 3])
    return out


def of_streams(talk, iperf3):
    """What single connections said, for the parsers."""
    for (_, up), stream in talk.streams.items():
        if iperf3:
            seed("iperf3_control", b"\xff\x04\0\3\1\3\x02\1\x50" + stream[:1500])
            for text in re.findall(rb"\{.*?\}(?=[\x00-\x1f\xff]|$)", stream, re.S):
                seed("iperf3_parameters" if up and b"parallel" in text else "iperf3_results",
                     text if up and b"parallel" in text else b"\xff" + text)
        elif up:
            seed("connection", b"\x02\x21\x40" + stream[:200])
            seed("control", b"\x00\x01\x30" + stream[:200])
            seed("control", b"\x81\x00" + stream[86 - 33 + 32:][:100])
        else:
            seed("control", b"\x02\x01\x09" + stream[:200])
            seed("results", stream[stream.find(b"{"):] if b"{" in stream else b"")
        if up and not iperf3 and b"IPERF_STREAM_BEGIN" in stream:
            after = stream[stream.find(b"IPERF_STREAM_BEGIN") + 50:][:500]
            seed("terminator", b"".join(bytes([len(after[i:i + 100])]) + after[i:i + 100]
                                        for i in range(0, len(after), 100)) + b"\xc0")


def of_datagrams(talk, iperf3):
    if iperf3:
        for wide in (0, 1):
            seed("iperf3_datagram", bytes([wide]) + b"".join(b"\1" + bytes([20]) + d[:20] for d in talk.datagrams[:40]))
    else:
        seed("datagram", b"".join(struct.pack(">H", len(d)) + d for d in talk.datagrams[:20]))


def of_segments(found):
    """A conversation of the first stream, and the same flags as nonsense."""
    tcp = [s for _, s in found if s[0] == "tcp"]
    stream = b"".join(s[4] for s in tcp[:40])[:700]
    seed("reassembly", b"\x02" + b"\x10" + bytes(range(0, 64, 4)) + b"\x03\x20\x10\x07" + stream)
    seed("reassembly", b"\x00" + b"\x20" + bytes(range(3, 99, 3)) + b"\x02\x09\x50" + stream)
    out, at = b"\x01", [8, 8]
    for s in tcp[:30]:
        side = int(s[1][1] < s[2][1])
        n = min(len(s[4]), 10)
        out += bytes([s[3] & 31 | side << 7, n, at[side]]) + s[4][:n]
        at[side] = (at[side] + n + (s[3] & 3 > 0)) % 256
    seed("reassembly", out)


def of_capture(path):
    data = open(path, "rb").read()
    seed("capture", data[:1500] if len(data) > 1500 else data)
    found = [(ms, s) for ms, ip in packets(path) for s in [segment(ip)] if s]
    if not found:
        return
    port, iperf3 = server_port(found), os.path.basename(path).startswith("iperf3") or not re.search(rb"IPERF_", data)
    talk = Talk(iperf3)
    for ms, s in found[:250]:
        up = s[2][1] == port
        talk.take(ms, s[0], s[1] if up else s[2], s[3], s[4], up)
    of_streams(talk, iperf3)
    of_datagrams(talk, iperf3)
    of_segments(found)
    if iperf3:
        seed("iperf3_server", b"\x03\x24\x00" + one_side(talk, True))
        seed("iperf3_peer", b"\x24" + one_side(talk, True))
        seed("iperf3_judge", b"\x21" + both_sides(talk))
        seed("iperf3_client", b"\x10\x01\x00" + client_side(talk))
    else:
        seed("server", b"\x03\x8f\x99" + one_side(talk, True))
        seed("peer", b"\x8f\x99" + one_side(talk, True))
        seed("judge", b"\x0f" + both_sides(talk))
        seed("client", b"\x22" + client_side(talk))


# --- by hand: whole tests in tokens ---

def by_hand():
    def c(n): return bytes([CONNECT | n << 3])
    def t(n, token): return bytes([TOKEN | n << 3, token, 0])
    def d(n, token): return bytes([DATAGRAM | n << 3, 128 + token, 0])
    later, soon = bytes([LATER, 255]), bytes([LATER, 10])
    text = c(0) + t(0, 7) + c(1) + t(1, 8) + soon + t(1, 5) + d(4, 3) * 3 + d(4, 0) + d(4, 4) + c(2) + t(2, 9) + soon + \
        t(0, 2) + bytes([EOF | 1 << 3])
    for how in (b"\x02", b"\x03"):
        seed("server", how + b"\x8f\x00" + text + later)
        seed("server", how + b"\x8f\x00" + text + text)
    seed("peer", b"\x8f\x00" + text + text)
    seed("judge", b"\x2f" + text)
    opened = bytes([CONNECT])
    for streams in (0x10, 0x11, 0x22, 0x23, 0x43):
        seed("client", bytes([streams]) + opened + bytes([CONNECT | 2 << 3, CONNECT | 3 << 3]) +
             (later + bytes([CONNECT | 1 << 3]) + t(1, 6) +
              bytes([OCTETS | 1 << 3, 25]) + b' {"streams":[],"bytes":0}' + bytes([EOF | 1 << 3, OTHER, 130])) * 4)
    COOKIE, END, DONE, TERM, P, R, HELLO = 0, 8, 9, 10, 14, 19, 24
    for param, results, streams, udp in ((0, 1, 1, 0), (1, 2, 2, 0), (2, 3, 3, 0), (3, 1, 1, 1), (4, 3, 3, 1)):
        test = c(0) + t(0, COOKIE) + t(0, P + param)
        for n in range(1, streams + 1):
            test += d(4 * n, HELLO) if udp else c(n) + t(n, COOKIE)
        test += soon + t(0, END) + t(0, R + results) + t(0, DONE) + bytes([EOF])
        for how in (b"\x02", b"\x03"):
            seed("iperf3_server", how + b"\x8f\x00" + test)
            seed("iperf3_server", how + b"\x8f\x00" + test.replace(t(0, END), t(0, TERM)) + test + later)
        gram = b"".join(bytes([DATAGRAM | 4 << 3, 20]) + struct.pack(">III", 7, us, n) + b"payload." + soon
                        for us, n in ((1000, 1), (9000, 4), (70000, 3), (80000, 3)))
        seed("iperf3_peer", b"\x24" + test + test.replace(soon, gram))
        seed("iperf3_peer", b"\x24" + test.replace(t(0, END), bytes([OTHER | 1 << 3, 99]) + later + t(0, TERM)) + test)
        seed("iperf3_judge", b"\x21" + test)
    for text in (b'{"sctp":true}', b'{"window":9000000}', b'{"window":4096}', b'{"authtoken":"x"}', b'{"flowlabel":1}',
                 b'{"congestion":"none"}', b'{"len":18446744073709551615}', b'{"time":1.5e+1,"x":{"y":[]}}',
                 b'{"tcp":1}', b'[]', b'{"server_affinity":18446744073709551615}', b'{ "tcp" :\ttrue,\n"len":1000}\r\n'):
        text = struct.pack(">I", len(text)) + text
        seed("iperf3_peer", b"\x24" + c(0) + t(0, COOKIE) + bytes([OCTETS, len(text)]) + text + c(1) + t(1, COOKIE) +
             later)
    high = bytes([OCTETS, 37]) + bytes(range(219, 256))
    seed("iperf3_peer", b"\x24" + c(0) + high + t(0, P) + c(1) + bytes([high[0] | 1 << 3]) + high[1:] + t(0, END))
    said = [opened, t(0, 2), t(0, 3)] + [bytes([CONNECT | n << 3]) + t(n, 26) for n in (1, 2, 3)] + \
        [t(0, 4), t(0, 5), later, bytes([OTHER, 130]), later, later, t(0, 6), t(0, R + 1), t(0, 7), later, bytes([EOF])]
    for how in (0x00, 0x01, 0x02, 0x12, 0x14, 0x21):
        seed("iperf3_client", bytes([how, 1, 0]) + b"".join(said))
        seed("iperf3_client", bytes([how, 0x12, 0]) + b"".join(said[:8]) + t(0, 13))
    for kind in range(6):
        seed("message", bytes([kind, 20, 32, 2, 5, 30]) + COOKIES[2])
        seed("control", b"\x04\x01\x07" + KINDS[kind] + COOKIES[0])
    seed("connection", b"\x00" + b"0123456789abcdefABCDEF" * 3)
    seed("terminator", b"\x05hello\xc0\x85\xf3\xc0\xc1\x90\x03end\xff\xc0")


def main():
    for path in sorted(glob.glob("pcaps/*.pcap*")):
        of_capture(path)
    for path in sorted(glob.glob("conformance/cases/**/*.case", recursive=True)):
        seed("case", open(path, "rb").read(), 3000)
    by_hand()
    print(" ".join("%s:%d" % item for item in sorted(count.items())))


main()
