"""Clients that break one rule each over UDP, at the reference server."""

from actors import STREAM_BEGIN, STREAM_END, TEST_END, message, opening
from capture import octet, pause
from stage import scenario

PAYLOAD = b"payload " * 10



def udp_test(s, begin=lambda flow, client: flow.begin(client.cookie), payload=lambda flow, client: flow.send(PAYLOAD),
             end=lambda flow, client: flow.end(client.cookie), ask=True):
    """A test with a UDP stream, some part of which is done otherwise. Returns what the three returned, and the mark of
    TEST_END."""
    s.server()
    client = s.actor()
    client.begin()
    flow = client.flow()
    marks = [begin(flow, client)]
    if ask:
        client.results()
    marks.append(payload(flow, client))
    marks.append(end(flow, client))
    client.results()
    marks.append(client.end())
    flow.close()
    return marks


@scenario("clients")
def stream_begin_once(s):
    """A UDP stream sends IPERF_STREAM_BEGIN once only."""
    begin, *_ = udp_test(s, begin=lambda flow, client: flow.begin(client.cookie, times=1))
    s.broken("R-8.4-1", begin)


@scenario("clients")
def stream_end_twice(s):
    """A UDP stream sends IPERF_STREAM_END twice only."""
    _, _, end, _ = udp_test(s, end=lambda flow, client: flow.end(client.cookie, times=2))
    s.broken("R-8.4-2", end)


@scenario("clients")
def stream_ends_at_once(s):
    """A UDP stream sends its three IPERF_STREAM_END without a pause between them."""
    _, _, end, _ = udp_test(s, end=lambda flow, client: flow.end(client.cookie, gap=0))
    s.broken("R-8.4-2", end)


@scenario("clients")
def no_stream_end_datagram(s):
    """A UDP stream ends without IPERF_STREAM_END."""
    *_, test_end = udp_test(s, end=lambda flow, client: None)
    s.broken("R-8.1-2", test_end)


@scenario("clients")
def stream_end_from_other_port(s):
    """IPERF_STREAM_END, beside the right ones, comes from a port where no stream was begun."""
    def end(flow, client):
        flow.end(client.cookie)
        other = client.flow()
        mark = other.send(message(STREAM_END, client.cookie))
        other.close()
        return mark
    _, _, mark, _ = udp_test(s, end=end)
    s.broken("R-8.1-1", mark)


@scenario("clients")
def payload_equals_message(s):
    """A payload datagram is equal to IPERF_TEST_END with the cookie of the test."""
    _, payload, *_ = udp_test(s, payload=lambda flow, client: flow.send(message(TEST_END, client.cookie)))
    s.broken("R-8.3-9", payload)


@scenario("clients")
def message_in_two_datagrams(s):
    """IPERF_STREAM_BEGIN comes in two datagrams, before it comes as it should."""
    def begin(flow, client):
        octets = message(STREAM_BEGIN, client.cookie)
        mark = flow.send(octets[:30])
        flow.send(octets[30:])
        flow.begin(client.cookie)
        return mark
    mark, *_ = udp_test(s, begin=begin)
    s.broken("R-4.3-2", mark)


def first_datagram(s, requirement, octets):
    """The stream is begun with a datagram that is wrong, and then as it should be."""
    def begin(flow, client):
        mark = flow.send(octets(client.cookie))
        flow.begin(client.cookie)
        return mark
    mark, *_ = udp_test(s, begin=begin)
    s.broken(requirement, mark)


@scenario("clients")
def line_end_in_datagram(s):
    """A line end follows IPERF_STREAM_BEGIN in its datagram."""
    first_datagram(s, "R-4.2-2", lambda cookie: message(STREAM_BEGIN, cookie) + b"\n")


@scenario("clients")
def preamble_in_datagram(s):
    """A datagram begins with a preamble, as a TCP connection does."""
    first_datagram(s, "R-4.2-2", lambda cookie: opening(STREAM_BEGIN, cookie))


@scenario("clients")
def other_cookie_in_datagram(s):
    """IPERF_STREAM_BEGIN carries another cookie than the test that is running."""
    first_datagram(s, "R-4.2-4", lambda cookie: message(STREAM_BEGIN, bytes(octet ^ 255 for octet in cookie)))


@scenario("clients")
def lower_case_datagram(s):
    """iperf_stream_begin in place of IPERF_STREAM_BEGIN."""
    first_datagram(s, "R-4.2-3", lambda cookie: message(STREAM_BEGIN.lower(), cookie))


@scenario("clients")
def payload_before_results(s):
    """A UDP client sends its payload without asking for results before: no rule is broken, but a SHOULD not followed."""
    s.server()
    client = s.actor()
    client.begin()
    s.not_followed("R-8.4-3", octet(client.control.port, True, 80))
    flow = client.flow()
    flow.begin(client.cookie)
    flow.send(PAYLOAD)
    pause(0.015)
    flow.end(client.cookie)
    client.results()
    client.end()
    flow.close()
