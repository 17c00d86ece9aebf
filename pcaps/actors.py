"""Clients and servers of the text profile, by hand: plain blocking sockets, written from SPEC.md alone.

They do what a scenario tells them, right or wrong, so nothing here prevents a fault. What a method sends it also counts;
the marks that it returns name the place in the capture where that is to be seen (capture.py).
"""

import os
import socket
import struct

import capture

PATIENCE = 10  # seconds for anything; a scenario that waits longer has failed

TEST_BEGIN = b"IPERF_TEST_BEGIN"
TEST_END = b"IPERF_TEST_END"
STREAM_BEGIN = b"IPERF_STREAM_BEGIN"
STREAM_END = b"IPERF_STREAM_END"
RESULTS_REQUEST = b"IPERF_RESULTS_REQUEST"
RESULTS_RESPONSE = b"IPERF_RESULTS_RESPONSE"


def new_cookie():
    """32 octets as they come, but for an I first: so that no cookie begins like a keyword."""
    while True:
        cookie = os.urandom(32)
        if cookie[0] != ord("I"):
            return cookie


def message(keyword, cookie):
    return keyword + b" " + cookie


def opening(keyword, cookie):
    """Preamble and first message."""
    return cookie + message(keyword, cookie)


class Connection:
    """One end of a TCP connection, whose client has the port `port`."""

    def __init__(self, sock, port, to_server):
        self.socket = sock
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port
        self.to_server = to_server
        self.sent = 0

    def send(self, octets):
        """Returns the mark of the last octet."""
        self.socket.sendall(octets)
        self.sent += len(octets)
        return capture.octet(self.port, self.to_server, self.sent - 1)

    def send_cut(self, octets, sizes):
        """In segments of these sizes, the rest in a last one. Each is waited for, so that none joins the next."""
        for size in list(sizes) + [len(octets)]:
            if octets:
                mark = self.send(octets[:size])
                self.drain()
            octets = octets[size:]
        return mark

    def drain(self):
        """Until the peer's TCP has acknowledged all."""
        SIOCOUTQ = 0x5411
        import fcntl
        while struct.unpack("i", fcntl.ioctl(self.socket, SIOCOUTQ, b"\0" * 4))[0] > 0:
            capture.pause()

    def finish(self):
        """Half-closes."""
        self.socket.shutdown(socket.SHUT_WR)
        return capture.fin(self.port, self.to_server)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        return capture.rst(self.port, self.to_server)

    def read(self, count):
        """Exactly count octets."""
        octets = b""
        while len(octets) < count:
            more = self.socket.recv(count - len(octets))
            if not more:
                raise EOFError(f"end-of-file after {len(octets)} of {count} octets")
            octets += more
        return octets

    def read_all(self):
        """Up to end-of-file; a reset counts as one (R-5.2-4)."""
        octets = b""
        try:
            while more := self.socket.recv(65536):
                octets += more
        except ConnectionResetError:
            pass
        return octets

    def close(self):
        self.socket.close()
        return capture.fin(self.port, self.to_server)


class Flow:
    """A UDP socket of a client."""

    def __init__(self, peer):
        self.socket = socket.socket(family_of(peer), socket.SOCK_DGRAM)
        self.socket.connect(peer)
        self.port = self.socket.getsockname()[1]
        self.sent = 0

    def send(self, octets):
        """Returns the mark of the datagram."""
        self.socket.send(octets)
        self.sent += 1
        return capture.datagram(self.port, True, self.sent - 1)

    def begin(self, cookie, times=3):
        marks = [self.send(message(STREAM_BEGIN, cookie)) for _ in range(times)]
        return marks[0]

    def end(self, cookie, times=3, gap=0.015):
        marks = []
        for i in range(times):
            if i:
                capture.pause(gap)
            marks.append(self.send(message(STREAM_END, cookie)))
        return marks[0]

    def close(self):
        self.socket.close()


def family_of(peer):
    return socket.AF_INET6 if ":" in peer[0] else socket.AF_INET


class Client:
    """A client, with a cookie. As long as only these methods are used, in this order, all is right."""

    def __init__(self, peer, cookie=None):
        self.peer = peer
        self.cookie = cookie or new_cookie()
        self.control = None

    def connect(self):
        sock = socket.create_connection(self.peer, PATIENCE)
        return Connection(sock, sock.getsockname()[1], True)

    def open(self, keyword):
        """A connection with preamble and first message."""
        connection = self.connect()
        connection.send(opening(keyword, self.cookie))
        return connection

    def begin(self):
        self.control = self.open(TEST_BEGIN)
        return capture.octet(self.control.port, True, 80)

    def stream(self, payload=b""):
        stream = self.open(STREAM_BEGIN)
        if payload:
            stream.send(payload)
        return stream

    def end_stream(self, stream):
        """STREAM_END, half-close, and the wait of R-8.1-6."""
        stream.send(message(STREAM_END, self.cookie))
        stream.finish()
        stream.read_all()
        stream.close()

    def results(self):
        connection = self.open(RESULTS_REQUEST)
        answer = connection.read_all()
        connection.close()
        return answer

    def end(self):
        mark = self.control.send(message(TEST_END, self.cookie))
        self.control.finish()
        self.control.read_all()
        self.control.close()
        return mark

    def flow(self):
        return Flow(self.peer)

    def whole_test(self, payload=b"x" * 1000):
        """One TCP stream."""
        self.begin()
        self.end_stream(self.stream(payload))
        self.results()
        self.end()


class Server:
    """A server's two sockets."""

    def __init__(self, peer):
        family = family_of(peer)
        self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(peer)
        self.tcp.listen(16)
        self.tcp.settimeout(PATIENCE)
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind(peer)
        self.udp.settimeout(PATIENCE)
        self.cookie = None

    def accept(self, count=0):
        """The next connection, count octets of it read."""
        sock, peer = self.tcp.accept()
        connection = Connection(sock, peer[1], False)
        connection.head = connection.read(count) if count else b""
        return connection

    def accept_control(self):
        connection = self.accept(len(opening(TEST_BEGIN, b"." * 32)))
        self.cookie = connection.head[:32]
        return connection

    def accept_stream(self):
        return self.accept(len(opening(STREAM_BEGIN, self.cookie)))

    def accept_request(self):
        return self.accept(len(opening(RESULTS_REQUEST, self.cookie)))

    def take_stream(self, stream):
        """All of a stream that ends as it should, and closes it; returns the octets of payload."""
        octets = stream.read_all()
        stream.close()
        end = message(STREAM_END, self.cookie)
        return len(octets) - len(end) if octets.endswith(end) else len(octets)

    def answer(self, connection, data, cookie=None, space=b" "):
        """Answers, and ends the connection; returns the marks of the answer's last octet and of its end."""
        octets = connection.send(message(RESULTS_RESPONSE, cookie or self.cookie) + space + data)
        end = connection.finish()
        connection.read_all()
        connection.close()
        return octets, end

    def end(self, control):
        """The end of a test, as it should be."""
        control.read_all()
        control.close()

    def close(self):
        self.tcp.close()
        self.udp.close()


def result(port, octets, ident=1, protocol="tcp", packets="null", seconds="0.01", complete="true"):
    """A stream in result data, as text."""
    return (f'{{"id":{ident},"protocol":"{protocol}","client_port":{port},"bytes":{octets},"packets":{packets},'
            f'"seconds":{seconds},"complete":{complete}}}')


def result_data(streams, octets):
    return f'{{"streams":[{",".join(streams)}],"bytes":{octets}}}'.encode()
