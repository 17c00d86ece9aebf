"""Servers that break one rule each, under the reference client or an actor.

As with the clients: a finding is expected where a reader can first tell. What a server ought to have closed is found at
the packet that made it due. What it answers is in answer_faults.py.
"""

from actors import (RESULTS_REQUEST, RESULTS_RESPONSE, STREAM_BEGIN, STREAM_END, TEST_BEGIN, TEST_END, Client, message,
                    new_cookie, opening, result, result_data)
from capture import datagram, fin, octet
from stage import scenario

PAYLOAD = b"payload " * 10
LATE = 1.3  # seconds: later than any server that was going to do it
ONE = "-n", "100", "-l", "100"


class Pair:
    """A client and a server of ours, in a test that has begun."""

    def __init__(self, s):
        self.server, self.client = s.actor_server(), s.actor()
        self.begin()

    def begin(self):
        self.client.begin()
        self.control = self.server.accept_control()

    def stream(self, payload=PAYLOAD):
        """Both ends of a new stream."""
        ours = self.client.stream(payload)
        return ours, self.server.accept_stream()

    def end_stream(self, ours, theirs):
        ours.send(message(STREAM_END, self.client.cookie))
        ours.finish()
        theirs.read_all()
        theirs.close()
        ours.read_all()
        ours.close()

    def ask(self, data=b'{"streams":[],"bytes":0}', space=b" ", cookie=None):
        """A request and its answer; returns the marks of the answer's last octet and of its end."""
        ours = self.client.open(RESULTS_REQUEST)
        theirs = self.server.accept_request()
        octets = theirs.send(message(RESULTS_RESPONSE, cookie or self.server.cookie) + space + data)
        ended = theirs.finish()
        ours.read_all()
        ours.close()
        theirs.read_all()
        theirs.close()
        return octets, ended

    def end(self):
        self.client.control.send(message(TEST_END, self.client.cookie))
        self.client.control.finish()
        self.control.read_all()
        self.control.close()
        self.client.control.read_all()
        self.client.control.close()

    def whole_test(self):
        """The rest of a test, as it should be."""
        ours, theirs = self.stream()
        self.end_stream(ours, theirs)
        self.ask(result_data([result(ours.port, len(PAYLOAD))], len(PAYLOAD)))
        self.end()


# --- octets where there have to be none -----------------------------------------------------------------------------


@scenario("servers")
def greeting(s):
    """The server greets whoever connects."""
    server, client = s.actor_server(), s.actor()
    client.control = client.connect()
    control = server.accept()
    s.broken("R-5.2-2", control.send(b"220 ready\r\n"))
    control.drain()
    client.control.send(opening(TEST_BEGIN, client.cookie))
    control.read(81)
    client.control.close()
    server.end(control)


@scenario("servers")
def ok_on_control(s):
    """The server confirms IPERF_TEST_BEGIN."""
    pair = Pair(s)
    s.broken("R-5.2-1", pair.control.send(b"OK\n"))
    pair.whole_test()


@scenario("servers")
def octets_on_stream(s):
    """The server sends payload of its own on a stream (R-2-1)."""
    pair = Pair(s)
    ours, theirs = pair.stream()
    s.broken("R-5.2-1", theirs.send(b"y" * 100))
    pair.end_stream(ours, theirs)
    pair.ask(result_data([result(ours.port, len(PAYLOAD))], len(PAYLOAD)))
    pair.end()


@scenario("servers")
def busy(s):
    """A stranger with a cookie of its own is told "busy" before it is closed."""
    pair = Pair(s)
    stranger = Client(s.peer).connect()
    stranger.send(new_cookie())
    theirs = pair.server.accept(32)
    s.broken("R-5.2-3", theirs.send(b"busy\n"))
    theirs.close()
    stranger.read_all()
    stranger.close()
    pair.whole_test()


@scenario("servers")
def datagram_answered(s):
    """The server answers IPERF_STREAM_BEGIN with a datagram."""
    pair = Pair(s)
    flow = pair.client.flow()
    flow.begin(pair.client.cookie)
    for _ in range(3):
        octets, source = pair.server.udp.recvfrom(2048)
    pair.server.udp.sendto(octets, source)
    s.broken("R-8.3-8", datagram(flow.port, False, 0))
    pair.ask(result_data([result(flow.port, 0, protocol="udp", packets=0, complete="false")], 0))
    flow.end(pair.client.cookie)
    pair.ask(result_data([result(flow.port, 0, protocol="udp", packets=0)], 0))
    pair.end()
    flow.close()


# --- whom it takes --------------------------------------------------------------------------------------------------


@scenario("servers")
def stranger_not_rejected(s):
    """A stranger with a cookie of its own is left open while a test is running."""
    pair = Pair(s)
    stranger = Client(s.peer).connect()
    s.broken("R-6.2-2", stranger.send(new_cookie()))
    theirs = pair.server.accept(32)
    s.pass_time(LATE)
    pair.whole_test()
    stranger.close()
    theirs.close()


@scenario("servers")
def two_tests_at_once(s):
    """The server serves a second client beside the first, and answers both."""
    pair = Pair(s)
    pair.ask()
    second = s.actor()
    second.begin()
    control = pair.server.accept(81)
    results = second.open(RESULTS_REQUEST)
    octets, _ = pair.server.accept(86), None
    s.broken("R-6.2-1", octets.send(message(RESULTS_RESPONSE, second.cookie) + b' {"streams":[],"bytes":0}'))
    octets.close()
    results.read_all()
    results.close()
    control.close()
    second.control.close()
    pair.whole_test()


@scenario("servers")
def right_cookie_rejected(s):
    """In a running test a connection whose preamble is the cookie of the test is closed at its 32nd octet."""
    pair = Pair(s)
    pair.ask()
    ours = pair.client.connect()
    ours.send(pair.client.cookie)
    theirs = pair.server.accept(32)
    s.broken("R-6.1-3", theirs.close())
    ours.read_all()
    ours.close()
    pair.ask()
    pair.end()


@scenario("servers")
def abort_at_rejection(s):
    """The server rejects a stranger, and ends the running test with it."""
    pair = Pair(s)
    pair.ask()
    ours, theirs = pair.stream()
    stranger = Client(s.peer).connect()
    stranger.send(new_cookie())
    pair.server.accept(32).close()
    stranger.read_all()
    stranger.close()
    s.broken("R-6.2-3", pair.control.close())
    theirs.close()
    ours.read_all()
    ours.close()
    pair.client.control.read_all()
    pair.client.control.close()


@scenario("servers")
def second_control_accepted(s):
    """A second control connection in a running test, which is a fault of the client, is not rejected."""
    pair = Pair(s)
    second = pair.client.open(TEST_BEGIN)
    theirs = pair.server.accept(81)
    begin = octet(second.port, True, 80)
    s.broken("R-7-2", begin)
    s.broken("R-6.2-4", begin)
    s.pass_time(LATE)
    pair.whole_test()
    second.close()
    theirs.close()


@scenario("servers")
def next_client_rejected(s):
    """After a test has ended the server still holds its cookie, and rejects the next client."""
    pair = Pair(s)
    pair.whole_test()
    second = s.actor()
    second.begin()
    s.broken("R-6.5-5", pair.server.accept(81).close())
    second.control.read_all()
    second.control.close()


@scenario("servers")
def next_preamble_rejected(s):
    """After a test has ended a client sends its preamble alone, and is closed at its last octet."""
    pair = Pair(s)
    pair.whole_test()
    ours = s.actor().connect()
    ours.send(new_cookie())
    s.broken("R-6.1-1", pair.server.accept(32).close())
    ours.read_all()
    ours.close()


@scenario("servers")
def provisional_cookie_kept(s):
    """After a test, a stranger gives the server 32 octets and leaves; the cookie is not released (R-6.3-1), and the next
    client rejected."""
    pair = Pair(s)
    pair.whole_test()
    stranger = Client(s.peer).connect()
    stranger.send(new_cookie())
    theirs = pair.server.accept(32)
    stranger.finish()
    theirs.close()
    stranger.read_all()
    stranger.close()
    second = s.actor()
    second.begin()
    s.broken("R-6.5-5", pair.server.accept(81).close())
    second.control.read_all()
    second.control.close()


@scenario("servers")
def http_not_closed(s):
    """Octets that are no message follow 32 others, and the connection stays open."""
    server = s.actor_server()
    stranger = Client(s.peer).connect()
    s.broken("R-5.1-6", stranger.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: none\r\n\r\n"))
    theirs = server.accept(32)
    s.pass_time(LATE)
    stranger.close()
    theirs.close()


@scenario("servers")
def differing_cookies_not_closed(s):
    """The first message carries another cookie than the preamble, a fault of the client; the connection stays open."""
    pair = Pair(s)
    ours = pair.client.connect()
    mark = ours.send(pair.client.cookie + message(STREAM_BEGIN, bytes(o ^ 255 for o in pair.client.cookie)))
    theirs = pair.server.accept(83)
    s.broken("R-5.1-3", mark)
    s.broken("R-5.1-4", mark)
    s.pass_time(LATE)
    pair.whole_test()
    ours.close()
    theirs.close()


# --- what it does with a test ---------------------------------------------------------------------------------------


@scenario("servers")
def garbage_on_control_ignored(s):
    """Octets that are no message on the control connection, a fault of the client, do not end the test."""
    pair = Pair(s)
    pair.ask()
    mark = pair.client.control.send(b"are you there?")
    s.broken("R-7-3", mark)
    s.broken("R-7-4", mark)
    s.pass_time(LATE)
    pair.ask()
    pair.end()


@scenario("servers")
def connections_left_open(s):
    """The client aborts the test; the server leaves a stream connection open."""
    pair = Pair(s)
    pair.ask()
    ours, theirs = pair.stream()
    s.broken("R-6.5-4", pair.client.control.finish())
    pair.control.close()
    pair.client.control.read_all()
    pair.client.control.close()
    s.pass_time(LATE)
    theirs.close()
    ours.close()


@scenario("servers")
def control_left_open_by_server(s):
    """IPERF_TEST_END comes, and the server does not close the control connection."""
    pair = Pair(s)
    ours, theirs = pair.stream()
    pair.end_stream(ours, theirs)
    pair.ask(result_data([result(ours.port, len(PAYLOAD))], len(PAYLOAD)))
    s.broken("R-6.5-4", pair.client.control.send(message(TEST_END, pair.client.cookie)))
    pair.client.control.drain()
    pair.client.control.finish()
    s.pass_time(LATE)
    pair.control.close()
    pair.client.control.close()


@scenario("servers")
def stream_not_closed(s):
    """The server does not close a stream that the client has half-closed. The client gives the wait up after 1.5 s; that
    its T_results is so short, the capture does not show."""
    server = s.actor_server()
    client = s.client(*ONE, "--t-results", "1.5")
    control = server.accept_control()
    stream = server.accept_stream()
    stream.read_all()
    s.broken("R-8.1-5", fin(stream.port))
    results = server.accept_request()
    s.unclear("R-8.1-6", octet(results.port, True, 85))
    server.answer(results, result_data([result(stream.port, 100)], 100))
    server.end(control)
    stream.close()
    client.wait(None)


@scenario("servers")
def stream_closed_at_its_message(s):
    """The payload holds an IPERF_STREAM_END, that is, the stream is not at its end; the server closes it there."""
    pair = Pair(s)
    pair.ask()
    ours, theirs = pair.stream(b"x" * 10 + message(STREAM_END, pair.client.cookie))
    theirs.read(10 + 49)
    s.broken("R-8.1-4", theirs.close())
    ours.read_all()
    ours.close()
    pair.ask()
    pair.end()
