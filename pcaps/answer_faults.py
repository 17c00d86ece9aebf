"""Servers that answer wrongly, or not. Result data is judged where the connection ends, for that is the end of the data."""

from actors import RESULTS_REQUEST, RESULTS_RESPONSE, STREAM_END, message, new_cookie, result, result_data
from capture import octet, rst
from server_faults import LATE, ONE, PAYLOAD, Pair
from stage import scenario


def answered_with(s, requirement, data, status=1, space=b" ", cookie=None, at_octets=False):
    """The reference client, one stream of 100 octets, and the server's answer: data(port) as text or octets."""
    server = s.actor_server()
    client = s.client(*ONE, "--t-results", "2")
    control = server.accept_control()
    stream = server.accept_stream()
    server.take_stream(stream)
    data = data(stream.port)
    octets, ended = server.answer(server.accept_request(), data.encode() if isinstance(data, str) else data,
                                  space=space, cookie=cookie)
    s.broken(requirement, octets if at_octets else ended)
    server.end(control)
    client.wait(status)


def right(port):
    return result_data([result(port, 100)], 100)


@scenario("servers")
def end_counted_as_payload(s):
    """The final IPERF_STREAM_END is counted as payload."""
    answered_with(s, "R-8.2-5", lambda port: result_data([result(port, 149)], 149), status=None)


@scenario("servers")
def payload_not_counted(s):
    """bytes is less than what the client sent and the server acknowledged."""
    answered_with(s, "R-8.2-5", lambda port: result_data([result(port, 99)], 99), status=None)


@scenario("servers")
def complete_not_seen(s):
    """A stream that ended with IPERF_STREAM_END is listed as not complete."""
    answered_with(s, "R-8.2-1", lambda port: result_data([result(port, 100, complete="false")], 100), status=None)


@scenario("servers")
def complete_without_end(s):
    """A stream that was half-closed without IPERF_STREAM_END is listed as complete. The client then gives the test up."""
    pair = Pair(s)
    ours, theirs = pair.stream()
    ours.finish()
    theirs.read_all()
    theirs.close()
    ours.read_all()
    ours.close()
    _, ended = pair.ask(result_data([result(ours.port, len(PAYLOAD))], len(PAYLOAD)))
    s.broken("R-8.2-6", ended)
    pair.client.control.finish()
    pair.control.close()
    pair.client.control.read_all()
    pair.client.control.close()


@scenario("servers")
def first_end_believed(s):
    """The payload holds an IPERF_STREAM_END; the server counts up to there only (R-8.2-3)."""
    pair = Pair(s)
    ours, theirs = pair.stream(PAYLOAD + message(STREAM_END, pair.client.cookie) + PAYLOAD)
    pair.end_stream(ours, theirs)
    _, ended = pair.ask(result_data([result(ours.port, len(PAYLOAD))], len(PAYLOAD)))
    s.broken("R-8.2-5", ended)
    pair.end()


@scenario("servers")
def messages_counted(s):
    """On UDP the six messages are counted as payload."""
    server = s.actor_server()
    client = s.client("-u", "-n", "100", "-l", "50", "-b", "2M")
    control = server.accept_control()

    def take(count):
        return [server.udp.recvfrom(2048) for _ in range(count)][0][1][1]
    port = take(3)
    server.answer(server.accept_request(),
                  result_data([result(port, 0, protocol="udp", packets=0, seconds="0", complete="false")], 0))
    take(2 + 3)
    total = 100 + 3 * 51 + 3 * 49
    _, ended = server.answer(server.accept_request(),
                             result_data([result(port, total, protocol="udp", packets=8)], total))
    s.broken("R-8.3-4", ended)
    server.end(control)
    client.wait(None)


@scenario("servers")
def stream_not_listed(s):
    """A TCP stream that has ended is not listed."""
    answered_with(s, "R-9.2-2", lambda port: result_data([], 0), status=None)


@scenario("servers")
def foreign_stream_listed(s):
    """A stream is listed with a port from which none came, beside the one that was."""
    answered_with(s, "R-9.2-3", lambda port: result_data([result(port, 100), result(1, 0, ident=2)], 100), status=None)


@scenario("servers")
def milliseconds(s):
    """seconds holds milliseconds: more than have passed."""
    answered_with(s, "R-9.2-7", lambda port: result_data([result(port, 100, seconds="7200")], 100), status=None)


@scenario("servers")
def no_space_before_data(s):
    """No space between the cookie of IPERF_RESULTS_RESPONSE and the data."""
    answered_with(s, "R-9.1-5", right, space=b"", at_octets=True)


@scenario("servers")
def response_with_other_cookie(s):
    """IPERF_RESULTS_RESPONSE carries another cookie."""
    answered_with(s, "R-4.2-4", right, cookie=new_cookie(), at_octets=True)


@scenario("servers")
def data_without_response(s):
    """The answer is the JSON object alone, without IPERF_RESULTS_RESPONSE."""
    server = s.actor_server()
    client = s.client(*ONE, "--t-results", "2")
    control = server.accept_control()
    stream = server.accept_stream()
    server.take_stream(stream)
    results = server.accept_request()
    s.broken("R-9.1-3", results.send(right(stream.port)))
    results.finish()
    results.read_all()
    results.close()
    server.end(control)
    client.wait(1)


@scenario("servers")
def response_cut_short(s):
    """The answer ends within IPERF_RESULTS_RESPONSE."""
    server = s.actor_server()
    client = s.client(*ONE, "--t-results", "2")
    control = server.accept_control()
    stream = server.accept_stream()
    server.take_stream(stream)
    results = server.accept_request()
    results.send(message(RESULTS_RESPONSE, server.cookie)[:40])
    s.broken("R-9.1-3", results.finish())
    results.read_all()
    results.close()
    server.end(control)
    client.wait(1)


@scenario("servers")
def response_without_data(s):
    """The answer ends after IPERF_RESULTS_RESPONSE and the space."""
    answered_with(s, "R-9.2-1", lambda port: b"")


@scenario("servers")
def data_cut_short(s):
    """The result data lacks its last octet."""
    answered_with(s, "R-9.2-1", lambda port: right(port)[:-1])


@scenario("servers")
def duplicate_names(s):
    """The object has two members named bytes."""
    answered_with(s, "R-9.2-1", lambda port: right(port)[:-1] + b',"bytes":100}')


@scenario("servers")
def data_not_an_object(s):
    """The result data is an array."""
    answered_with(s, "R-9.2-1", lambda port: b"[" + right(port) + b"]")


@scenario("servers")
def no_utf_8(s):
    """A string in the result data is in Latin-1."""
    answered_with(s, "R-9.2-1", lambda port: right(port)[:-1] + b',"server":"z\xfcrich"}')


@scenario("servers")
def no_streams_member(s):
    """The object lacks the member streams."""
    answered_with(s, "R-9.2-2", lambda port: '{"bytes":100}')


@scenario("servers")
def no_bytes_member(s):
    """The object lacks the outer member bytes."""
    answered_with(s, "R-9.2-2", lambda port: f'{{"streams":[{result(port, 100)}]}}')


@scenario("servers")
def member_missing(s):
    """A stream lacks the member complete."""
    answered_with(s, "R-9.2-3", lambda port: right(port).replace(b',"complete":true', b""))


@scenario("servers")
def number_in_quotes(s):
    """A stream's bytes are a string."""
    answered_with(s, "R-9.2-3", lambda port: right(port).replace(b'"bytes":100,"p', b'"bytes":"100","p'))


@scenario("servers")
def protocol_in_capitals(s):
    """A stream's protocol is "TCP"."""
    answered_with(s, "R-9.2-3", lambda port: right(port).replace(b'"tcp"', b'"TCP"'))


@scenario("servers")
def ids_from_zero(s):
    """The ids count from 0."""
    answered_with(s, "R-9.2-4", lambda port: result_data([result(port, 100, ident=0)], 100))


@scenario("servers")
def packets_on_tcp(s):
    """packets is 0 for a TCP stream, not null."""
    answered_with(s, "R-9.2-5", lambda port: result_data([result(port, 100, packets=0)], 100))


@scenario("servers")
def wrong_sum(s):
    """The outer bytes is not the sum."""
    answered_with(s, "R-9.2-6", lambda port: result_data([result(port, 100)], 101))


@scenario("servers")
def negative_seconds(s):
    """seconds is negative."""
    answered_with(s, "R-9.2-7", lambda port: result_data([result(port, 100, seconds="-0.01")], 100))


@scenario("servers")
def exponent(s):
    """bytes is written as 1e2."""
    answered_with(s, "R-9.2-8", lambda port: right(port).replace(b'"bytes":100,"p', b'"bytes":1e2,"p'))


@scenario("servers")
def newline_after_data(s):
    """A line end follows the object; a client tolerates it (R-9.2-10)."""
    answered_with(s, "R-9.2-9", lambda port: right(port) + b"\n", status=0)


@scenario("servers")
def space_before_data(s):
    """Two spaces stand before the object."""
    answered_with(s, "R-9.2-9", lambda port: b" " + right(port), status=0)


# --- results connections --------------------------------------------------------------------------------------------


def asked(s, ask_after=0.3):
    """A test with a request that was not yet answered; returns the pair and both ends of the results connection."""
    pair = Pair(s)
    pair.ask()
    s.pass_time(ask_after)
    return pair, pair.client.open(RESULTS_REQUEST), pair.server.accept_request()


@scenario("servers")
def request_not_answered(s):
    """A results connection is closed without an answer in a running test."""
    pair, ours, theirs = asked(s)
    s.broken("R-9.1-7", theirs.close())
    ours.read_all()
    ours.close()
    pair.ask()
    pair.end()


@scenario("servers")
def request_ignored(s):
    """A request gets neither an answer nor an end; the client gives it up after a while."""
    pair, ours, theirs = asked(s)
    s.broken("R-9.1-7", octet(ours.port, True, 85))
    s.pass_time(LATE)
    ours.close()
    theirs.close()
    pair.ask()
    pair.end()


@scenario("servers")
def half_closed_request_not_answered(s):
    """A client half-closes its results connection after the request, and gets no answer."""
    pair, ours, theirs = asked(s)
    ours.finish()
    theirs.read_all()
    s.broken("R-9.1-13", theirs.close())
    ours.close()
    pair.ask()
    pair.end()


@scenario("servers")
def answer_not_ended(s):
    """The server answers, and does not end the connection."""
    pair, ours, theirs = asked(s)
    s.broken("R-9.1-4", theirs.send(message(RESULTS_RESPONSE, pair.server.cookie) + b' {"streams":[],"bytes":0}'))
    theirs.drain()
    s.pass_time(LATE)
    ours.close()
    theirs.close()
    pair.ask()
    pair.end()


@scenario("servers")
def answer_reset(s):
    """The server resets the connection amid its answer."""
    pair, ours, theirs = asked(s)
    theirs.send(message(RESULTS_RESPONSE, pair.server.cookie) + b' {"streams":[]')
    theirs.drain()
    s.broken("R-9.2-1", theirs.reset())
    ours.read_all()
    ours.close()
    pair.ask()
    pair.end()


@scenario("servers")
def answer_lost_to_octets(s):
    """Octets follow the request, a fault of the client; the server closes with these unread, and the reset that this
    causes comes before the answer is whole."""
    pair = Pair(s)
    pair.ask()
    ours = pair.client.open(RESULTS_REQUEST)
    theirs = pair.server.accept_request()
    s.broken("R-4.2-2", ours.send(b"\r\n"))
    theirs.send(message(RESULTS_RESPONSE, pair.server.cookie)[:20])
    theirs.drain()
    theirs.close()
    s.broken("R-9.1-11", rst(ours.port, False))
    ours.read_all()
    ours.close()
    pair.ask()
    pair.end()


@scenario("servers")
def answered_without_test(s):
    """After a test has ended, a request with its cookie is answered."""
    pair = Pair(s)
    pair.whole_test()
    ours = pair.client.open(RESULTS_REQUEST)
    theirs = pair.server.accept_request()
    s.broken("R-9.1-8", theirs.send(message(RESULTS_RESPONSE, pair.server.cookie) + b' {"streams":[],"bytes":0}'))
    theirs.finish()
    ours.read_all()
    ours.close()
    theirs.close()
