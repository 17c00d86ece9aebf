"""Both ends of a test of the iperf3 profile, by hand, written from SPEC.md alone.

A Test says one thing after another, each when the one before has arrived. A scenario leaves steps out, changes them, or
puts others between them; what a step returns is the mark of its last octet.
"""

import json
import random
import socket
import struct

import capture
from actors import Connection, Flow, family_of

TEST_START, TEST_RUNNING, TEST_END, PARAM_EXCHANGE, CREATE_STREAMS = 1, 2, 4, 9, 10
SERVER_TERMINATE, CLIENT_TERMINATE, EXCHANGE_RESULTS, DISPLAY_RESULTS, IPERF_DONE = 11, 12, 13, 14, 16
ACCESS_DENIED, SERVER_ERROR = 0xff, 0xfe
HELLO, REPLY, OLD_HELLO, OLD_REPLY = b"9876", b"6789", b"\x15\xcd\x5b\x07", b"\xb1\x68\xde\x3a"
LEN = 1000
PATIENCE = 10


def new_cookie():
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz234567", k=36)).encode() + b"\0"


def parameters(**changes):
    """Those of a TCP test of one stream and ten blocks; None leaves a key out."""
    all_of = {"tcp": True, "omit": 0, "time": 0, "num": 10 * LEN, "blockcount": 0, "parallel": 1, "len": LEN,
              "pacing_timer": 1000, "client_version": "3.12"}
    all_of.update(changes)
    return {key: value for key, value in all_of.items() if value is not None}


def udp(**changes):
    return parameters(tcp=None, udp=True, **changes)


def stream_id(place):
    return 1 if place == 0 else place + 2


def stream_results(place, octets, sends=False, **changes):
    all_of = {"id": stream_id(place), "bytes": octets, "retransmits": 0 if sends else -1, "jitter": 0, "errors": 0,
              "packets": 0, "start_time": 0, "end_time": 1}
    all_of.update(changes)
    return {key: value for key, value in all_of.items() if value is not None}


def results(streams, sends=False, **changes):
    all_of = {"cpu_util_total": 1.5, "cpu_util_user": 1, "cpu_util_system": 0.5,
              "sender_has_retransmits": 1 if sends else -1, "streams": streams}
    all_of.update(changes)
    return {key: value for key, value in all_of.items() if value is not None}


def framed(what):
    text = what if isinstance(what, bytes) else json.dumps(what, separators=(",", ":")).encode()
    return struct.pack(">I", len(text)) + text


def header(sequence, wide=False, stamp=1):
    return struct.pack(">IIQ" if wide else ">III", 1000, stamp, sequence)


class Pair:
    """Both ends of a TCP connection."""

    def __init__(self, test):
        self.ours = test.connect()
        theirs, _ = test.listener.accept()
        self.theirs = Connection(theirs, self.ours.port, False)
        self.port = self.ours.port
        test.pairs.append(self)

    def up(self, octets):
        """The client says that."""
        mark = self.ours.send(octets)
        self.theirs.read(len(octets))
        return mark

    def down(self, octets):
        """The server says that."""
        mark = self.theirs.send(octets)
        self.ours.read(len(octets))
        return mark

    def close(self, server_first=False):
        """Returns the mark of the first end."""
        first, second = (self.theirs, self.ours) if server_first else (self.ours, self.theirs)
        mark = first.finish()
        second.read_all()
        second.close()
        first.read_all()
        first.close()
        return mark

    def reset(self):
        """By the client."""
        mark = self.ours.reset()
        self.theirs.read_all()
        self.theirs.close()
        return mark


class Datagrams:
    """Both ends of a UDP stream."""

    def __init__(self, test):
        self.test = test
        self.flow = Flow(test.peer)
        self.port = self.flow.port
        self.back = 0

    def up(self, octets):
        mark = self.flow.send(octets)
        self.test.socket.recvfrom(65536)
        return mark

    def down(self, octets):
        self.test.socket.sendto(octets, self.flow.socket.getsockname())
        self.flow.socket.settimeout(PATIENCE)
        self.flow.socket.recv(65536)
        self.back += 1
        return capture.datagram(self.port, False, self.back - 1)

    def greet(self, hello=HELLO, reply=REPLY):
        first = self.up(hello)
        return first, self.down(reply)

    def send(self, count=10, length=LEN, first=1, wide=False, up=True):
        for sequence in range(first, first + count):
            octets = header(sequence, wide, sequence)
            mark = (self.up if up else self.down)(octets + bytes(length - len(octets)))
        return mark


class Test:
    """A test, and its listener."""

    def __init__(self, s):
        self.peer, self.pairs, self.streams = s.peer, [], []
        self.listener = socket.create_server(s.peer, family=family_of(s.peer), backlog=16)
        self.listener.settimeout(PATIENCE)
        self.socket = socket.socket(family_of(s.peer), socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind(s.peer)
        s.cleaning.append(self.clear)
        self.cookie = new_cookie()

    def clear(self):
        self.listener.close()
        self.socket.close()
        for pair in self.pairs:
            pair.ours.close()
            pair.theirs.close()

    def connect(self):
        sock = socket.create_connection(self.peer, PATIENCE)
        return Connection(sock, sock.getsockname()[1], True)

    # --- one step after another

    def begin(self, cookie=None):
        self.control = Pair(self)
        return self.control.up(cookie or self.cookie)

    def state(self, value, octets=b""):
        down = value not in (TEST_END, CLIENT_TERMINATE, IPERF_DONE)
        return (self.control.down if down else self.control.up)(bytes([value & 255]) + octets)

    def ask(self):
        return self.state(PARAM_EXCHANGE)

    def give(self, what=None):
        """The parameters: length and text are segments of their own, as iperf3 sends them."""
        octets = framed(what or parameters())
        self.control.up(octets[:4])
        return self.control.up(octets[4:]) if octets[4:] else None

    def stream(self, cookie=None):
        pair = Pair(self)
        pair.up(cookie or self.cookie)
        self.streams.append(pair)
        return pair

    def udp_stream(self):
        self.streams.append(Datagrams(self))
        return self.streams[-1]

    def to_streams(self, what=None):
        """From the beginning until streams are awaited."""
        self.begin()
        self.ask()
        self.give(what)
        self.state(CREATE_STREAMS)

    def to_running(self, what=None, streams=1):
        self.to_streams(what)
        for _ in range(streams):
            if what and "udp" in what:
                self.udp_stream().greet()
            else:
                self.stream()
        self.run()

    def run(self):
        self.state(TEST_START)
        return self.state(TEST_RUNNING)

    def tell(self, what, up):
        octets = framed(what)
        say = self.control.up if up else self.control.down
        say(octets[:4])
        return say(octets[4:])

    def result_of(self, up, sends, octets=10 * LEN, packets=0, **changes):
        streams = [stream_results(i, octets, sends, packets=packets) for i in range(len(self.streams))]
        return results(streams, sends, **changes)

    def end(self, client=None, server=None):
        """From TEST_END to the end."""
        self.state(TEST_END)
        self.state(EXCHANGE_RESULTS)
        marks = (self.tell(self.result_of(True, True) if client is None else client, True),
                 self.tell(self.result_of(False, False) if server is None else server, False))
        self.state(DISPLAY_RESULTS)
        self.state(IPERF_DONE)
        self.close()
        return marks

    def close(self):
        for stream in self.streams:
            if isinstance(stream, Pair):
                stream.close()
            else:
                stream.flow.close()
        return self.control.close()

    def whole(self):
        """All of a good test."""
        self.to_running()
        self.streams[0].up(bytes(10 * LEN))
        self.end()
