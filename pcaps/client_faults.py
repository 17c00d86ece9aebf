"""Clients that break one rule each, at the reference server.

A finding is expected where a reader of the capture can first tell the fault; where a fault shows by what is missing, at
the packet after which it can come no more (TEST_END, or the end of a connection).
"""

from actors import (RESULTS_REQUEST, STREAM_BEGIN, STREAM_END, TEST_BEGIN, TEST_END, message, opening)
from capture import fin, octet, syn
from stage import scenario

PAYLOAD = b"payload " * 10


def closed(connection):
    """Waits for the server's end."""
    connection.read_all()
    connection.close()


# --- preamble and first message -------------------------------------------------------------------------------------


@scenario("clients")
def no_preamble(s):
    """The control connection begins with IPERF_TEST_BEGIN, without a preamble before it."""
    s.server()
    client = s.actor()
    control = client.connect()
    s.broken("R-5.1-1", control.send(message(TEST_BEGIN, client.cookie)))
    closed(control)


@scenario("clients")
def no_preamble_on_stream(s):
    """The control connection is as it should be, the stream connection has no preamble."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.connect()
    s.broken("R-5.1-1", stream.send(message(STREAM_BEGIN, client.cookie)))
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def no_first_message(s):
    """On the stream connection payload follows the preamble at once."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.connect()
    s.broken("R-5.1-2", stream.send(client.cookie + PAYLOAD))
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def wrong_first_message(s):
    """The first message of a connection is IPERF_STREAM_END."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.connect()
    s.broken("R-5.1-2", stream.send(opening(STREAM_END, client.cookie)))
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def cookies_differ(s):
    """The cookie of IPERF_STREAM_BEGIN is not the preamble; they differ in the last octet, which comes apart."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.connect()
    octets = opening(STREAM_BEGIN, client.cookie)
    stream.send(octets[:-1])
    stream.drain()
    s.broken("R-5.1-3", stream.send(bytes([octets[-1] ^ 1])))
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def line_end_before_message(s):
    """A line end stands between preamble and first message."""
    s.server()
    client = s.actor()
    control = client.connect()
    s.broken("R-4.2-2", control.send(client.cookie + b"\r\n" + message(TEST_BEGIN, client.cookie)))
    closed(control)


@scenario("clients")
def lower_case_keyword(s):
    """iperf_test_begin in place of IPERF_TEST_BEGIN."""
    s.server()
    client = s.actor()
    control = client.connect()
    s.broken("R-4.2-3", control.send(client.cookie + message(TEST_BEGIN.lower(), client.cookie)))
    closed(control)


@scenario("clients")
def spaces_in_keyword(s):
    """IPERF STREAM BEGIN, as the chart of the original text has it."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.connect()
    s.broken("R-4.2-3", stream.send(client.cookie + message(STREAM_BEGIN.replace(b"_", b" "), client.cookie)))
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def two_spaces(s):
    """Two spaces between keyword and cookie."""
    s.server()
    client = s.actor(b"C" * 32)
    control = client.connect()
    s.broken("R-4.2-1", control.send(client.cookie + TEST_BEGIN + b"  " + client.cookie))
    closed(control)


@scenario("clients")
def no_space(s):
    """No space between keyword and cookie."""
    s.server()
    client = s.actor(b"C" * 32)
    control = client.connect()
    s.broken("R-4.2-1", control.send(client.cookie + TEST_BEGIN + client.cookie))
    closed(control)


# --- order ----------------------------------------------------------------------------------------------------------


@scenario("clients")
def opened_before_preamble(s):
    """The second stream connection is opened before the preamble of the first is written."""
    s.server()
    client = s.actor()
    client.begin()
    streams = [client.connect(), client.connect()]
    s.broken("R-5.1-7", syn(streams[1].port))
    for stream in streams:
        stream.send(opening(STREAM_BEGIN, client.cookie) + PAYLOAD)
    for stream in streams:
        client.end_stream(stream)
    client.results()
    client.end()


@scenario("clients")
def opened_before_test_begin(s):
    """The stream connection is opened when the preamble of the control connection is written, but not TEST_BEGIN."""
    s.server()
    client = s.actor()
    client.control = client.connect()
    client.control.send(client.cookie)
    client.control.drain()
    stream = client.stream(PAYLOAD)
    s.broken("R-5.1-8", syn(stream.port))
    stream.drain()
    client.control.send(message(TEST_BEGIN, client.cookie))
    client.end_stream(stream)
    client.results()
    client.end()


@scenario("clients")
def stream_over_before_test_begin(s):
    """A stream comes and goes before the control connection is opened; it belongs to the test all the same (R-6.4-2)."""
    s.server()
    client = s.actor()
    stream = client.stream(PAYLOAD)
    s.broken("R-5.1-8", syn(stream.port))
    client.end_stream(stream)
    client.begin()
    client.results()
    client.end()


@scenario("clients")
def cookie_used_twice(s):
    """Two tests, one after the other, with the same cookie."""
    s.server()
    client = s.actor()
    client.whole_test()
    client.begin()
    s.broken("R-3-3", octet(client.control.port, True, 31))
    client.results()
    client.end()


@scenario("clients")
def second_control(s):
    """A second control connection in a running test; it is rejected, and the test goes on (R-6.2-4)."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    second = client.open(TEST_BEGIN)
    s.broken("R-7-2", octet(second.port, True, 80))
    closed(second)
    client.end_stream(stream)
    client.results()
    client.end()


# --- the control connection -----------------------------------------------------------------------------------------


def on_control(s, octets, requirement):
    s.server()
    client = s.actor()
    client.begin()
    client.results()
    s.broken(requirement, client.control.send(octets(client.cookie)))
    closed(client.control)


@scenario("clients")
def line_end_after_test_begin(s):
    """A line end follows IPERF_TEST_BEGIN; the server aborts the test (R-7-4)."""
    on_control(s, lambda cookie: b"\n", "R-4.2-2")


@scenario("clients")
def garbage_on_control(s):
    """Words that are no message on the control connection; the server aborts the test."""
    on_control(s, lambda cookie: b"are you there?", "R-7-3")


@scenario("clients")
def stream_begin_on_control(s):
    """IPERF_STREAM_BEGIN follows IPERF_TEST_BEGIN on the control connection."""
    on_control(s, lambda cookie: message(STREAM_BEGIN, cookie), "R-7-3")


@scenario("clients")
def test_end_with_other_cookie(s):
    """IPERF_TEST_END carries another cookie."""
    on_control(s, lambda cookie: message(TEST_END, bytes(octet ^ 255 for octet in cookie)), "R-4.2-4")


@scenario("clients")
def test_end_without_cookie(s):
    """IPERF_TEST_END and nothing behind it, as the chart of the original text has it, then the end of the connection: for
    the server an abort, for the reader perhaps a client that broke off amid its message (R-7-5)."""
    s.server()
    client = s.actor()
    client.begin()
    client.results()
    client.control.send(TEST_END)
    s.unclear("R-4.2-1", client.control.finish())
    closed(client.control)


@scenario("clients")
def line_end_after_test_end(s):
    """A line end follows IPERF_TEST_END, in the same segment."""
    s.server()
    client = s.actor()
    client.begin()
    client.results()
    s.broken("R-4.2-2", client.control.send(message(TEST_END, client.cookie) + b"\r\n"))
    client.control.finish()
    closed(client.control)


@scenario("clients")
def control_reset_after_end(s):
    """The control connection is reset after IPERF_TEST_END; the server, which stands still meanwhile, has not closed it
    yet."""
    server = s.server()
    client = s.actor()
    client.begin()
    client.results()
    server.pause()
    client.control.send(message(TEST_END, client.cookie))
    client.control.drain()
    s.broken("R-6.5-7", client.control.reset())
    server.resume()
    s.run_client("-P", "0")


@scenario("clients")
def control_left_open(s):
    """The client does not half-close after IPERF_TEST_END, but waits for the server's end first."""
    s.server()
    client = s.actor()
    client.begin()
    client.results()
    client.control.send(message(TEST_END, client.cookie))
    client.control.read_all()
    s.pass_time(0.4)
    client.control.close()
    s.broken("R-6.5-7", fin(client.control.port))


# --- streams --------------------------------------------------------------------------------------------------------


@scenario("clients")
def no_stream_end(s):
    """A stream is half-closed after its payload, without IPERF_STREAM_END."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    s.broken("R-8.1-2", stream.finish())
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def stream_end_cut_short(s):
    """A stream ends within IPERF_STREAM_END, one octet before its end."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    stream.send(message(STREAM_END, client.cookie)[:-1])
    stream.drain()
    s.broken("R-8.1-2", stream.finish())
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def line_end_after_stream_end(s):
    """A line end follows IPERF_STREAM_END: to the server both are payload, and the stream has no end."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    stream.send(message(STREAM_END, client.cookie) + b"\n")
    stream.drain()
    s.broken("R-8.1-2", stream.finish())
    closed(stream)
    client.results()
    client.end()


@scenario("clients")
def stream_not_half_closed(s):
    """A stream connection stays open after IPERF_STREAM_END, until the test has ended."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    stream.send(message(STREAM_END, client.cookie))
    stream.drain()
    client.results()
    s.broken("R-8.1-3", client.end())
    closed(stream)


@scenario("clients")
def stream_reset_after_end(s):
    """A stream connection is reset after IPERF_STREAM_END."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    stream.send(message(STREAM_END, client.cookie))
    stream.drain()
    s.broken("R-8.1-3", stream.reset())
    client.results()
    client.end()


# --- results --------------------------------------------------------------------------------------------------------


@scenario("clients")
def asked_too_early(s):
    """The final results are asked for before the server's end-of-file on the stream; the server stands still meanwhile,
    so that there is something to wait for."""
    server = s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    stream.drain()
    server.pause()
    stream.send(message(STREAM_END, client.cookie))
    stream.finish()
    results = client.open(RESULTS_REQUEST)
    s.broken("R-8.1-6", octet(results.port, True, 85))
    results.drain()
    server.resume()
    closed(stream)
    closed(results)
    client.end()


@scenario("clients")
def asked_before_end_only(s):
    """Results are asked for amid the payload, and not again after the stream has ended."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream(PAYLOAD)
    results = client.open(RESULTS_REQUEST)
    s.broken("R-9.3-1", octet(results.port, True, 85))
    closed(results)
    client.end_stream(stream)
    client.end()


@scenario("clients")
def results_not_asked(s):
    """A whole test in which results are never asked for."""
    s.server()
    client = s.actor()
    client.begin()
    client.end_stream(client.stream(PAYLOAD))
    s.broken("R-9.3-1", client.end())


@scenario("clients")
def two_requests(s):
    """Two requests on one results connection; the first is answered."""
    s.server()
    client = s.actor()
    client.begin()
    client.end_stream(client.stream(PAYLOAD))
    results = client.open(RESULTS_REQUEST)
    s.broken("R-9.1-2", results.send(message(RESULTS_REQUEST, client.cookie)))
    closed(results)
    client.end()


@scenario("clients")
def octets_after_request(s):
    """A line end follows the request; it is answered all the same (R-9.1-10, R-9.1-11)."""
    s.server()
    client = s.actor()
    client.begin()
    client.end_stream(client.stream(PAYLOAD))
    results = client.connect()
    s.broken("R-4.2-2", results.send(opening(RESULTS_REQUEST, client.cookie) + b"\r\n"))
    closed(results)
    client.end()
