"""What a capture does not show: stopped servers, cut packets, missing packets, damaged files."""

from actors import (RESULTS_REQUEST, RESULTS_RESPONSE, STREAM_BEGIN, STREAM_END, TEST_BEGIN, TEST_END, Client, Server,
                    message, result, result_data)
from capture import File, end, fin, number, octet, of, opened_with
from good import SHORT, SLOW, UDP
from links import SMALL, first_datagram, first_of, is_datagram, lose
from stage import scenario
from wire import wired

CONTROL, STREAM, RESULTS = opened_with(TEST_BEGIN), opened_with(STREAM_BEGIN), opened_with(RESULTS_REQUEST)


def signal_amid_test(s, number_):
    server = s.server()
    client = s.client("-t", "5", *SLOW)
    s.seen(lambda file: len(file.packets) > 16, "the test")
    s.pass_time(1.2)
    server.signal(number_)
    client.wait(1)
    s.unclear("R-6.5-9", of(CONTROL, end, False))


@scenario("limits")
def server_stopped(s):
    """The server is told to end amid a test (SIGTERM); on the wire it may as well be a fault."""
    signal_amid_test(s, 15)


@scenario("limits")
def server_dies(s):
    """The server is killed amid a test."""
    signal_amid_test(s, 9)


@scenario("limits")
def short_t_idle(s):
    """A server whose T_idle is 0.5 s ends a silent test; its T_idle is not known to the reader."""
    s.server("--t-idle", "0.5")
    client = s.actor()
    client.begin()
    client.results()
    client.control.read_all()
    s.unclear("R-6.5-9", end(client.control.port, False))
    client.control.close()


@scenario("limits")
def short_t_hello(s):
    """A server whose T_hello is 0.5 s closes a silent connection."""
    s.server("--t-hello", "0.5")
    client = Client(s.peer).connect()
    client.send(b"?")
    client.read_all()
    s.unclear("R-10-1", end(client.port, False))
    client.close()
    s.run_client("-P", "0")


@scenario("limits")
def rejected_at_first(s):
    """Rewritten: a collision, of which the file holds what came from the second client's SYN on. It is rejected, and why
    is not in the file; neither is the test to which the last answer belongs."""
    s.server()
    first = s.client("-t", "1", *SLOW)
    s.seen(lambda file: len(file.packets) > 16, "the first test")
    s.run_client(*SMALL, status=1)
    first.wait()
    second = opened_with(TEST_BEGIN)  # of those that are left

    def cut(file):
        port = opened_with(TEST_BEGIN, 1)(file.packets)
        start = next(p.number for p in file.packets if p.source_port == port)
        file.packets = file.packets[start - 1:]
    s.rewrite(cut)
    s.unclear("R-6.1-1", of(second, end, False))
    s.unclear("R-9.1-8", of(RESULTS, octet, False, 0))


@scenario("limits")
def nested_deeper(s):
    """The result data holds an unknown member of 40 arrays in each other. No rule forbids that; a reader may refuse it
    (R-9.2-12), and so does the reference client."""
    server = s.actor_server()
    client = s.client("-n", "100", "-l", "100", "--t-results", "2")
    control = server.accept_control()
    stream = server.accept_stream()
    server.take_stream(stream)
    data = result_data([result(stream.port, 100)], 100)[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}"
    _, ended = server.answer(server.accept_request(), data)
    s.unclear("R-9.2-12", ended)
    server.end(control)
    client.wait(1)


@scenario("limits", options=("-s", "96"))
def snaplen_96(s):
    """30 octets of each segment were captured: no preamble is whole, nothing can be told."""
    s.server()
    s.run_client(*SMALL)
    s.unclear("capture", of(CONTROL_CUT, octet, True, 30))


def CONTROL_CUT(packets):
    """The control connection where its first message was not captured: the first connection."""
    return packets[0].source_port


@scenario("limits", options=("-s", "128"))
def snaplen_128(s):
    """62 octets of each segment were captured: the cookie of each first message is cut, its keyword and the preamble are
    not. The payload is counted."""
    s.server()
    s.run_client(*SMALL)
    s.unclear("capture", of(CONTROL, octet, True, 62))


@scenario("limits", options=("-s", "160"))
def snaplen_160(s):
    """94 octets of each segment were captured: all that clients say, not the result data. The payload is counted."""
    s.server()
    s.run_client(*SMALL)
    s.unclear("capture", of(RESULTS, octet, False, 94))


@scenario("limits", options=("-s", "128"))
def snaplen_128_udp(s):
    """86 octets of each datagram, 62 of each segment: datagrams are counted by their lengths."""
    s.server()
    s.run_client(*UDP)
    s.unclear("capture", of(CONTROL, octet, True, 62))


@scenario("limits")
def joined_datagrams(s):
    """The sender leaves segmentation to the device: many datagrams of 250 octets were captured as one, and the server
    counts more of them than the file holds."""
    s.server()
    s.run_client("-u", "-n", "8000", "-l", "250", "-b", "0")
    s.unclear("R-9.2-5", of(opened_with(RESULTS_REQUEST, 1), fin, False))


@scenario("limits", place=wired())
def far_stream_begin_once(s):
    """A UDP client on another host sends IPERF_STREAM_BEGIN once only: where the capture was taken is not known, and two
    may have been lost before it."""
    s.unclear("R-8.4-1", begin_once(s))


@scenario("at-client", place=wired())
def near_stream_begin_once(s):
    """The same, where it is known that the capture was taken at the client."""
    s.broken("R-8.4-1", begin_once(s))


def begin_once(s):
    s.server()
    client = s.actor()
    client.begin()
    flow = client.flow()
    mark = flow.begin(client.cookie, times=1)
    client.results()
    flow.send(b"payload")
    flow.end(client.cookie)
    client.results()
    client.end()
    flow.close()
    return mark


@scenario("limits", place=wired(at_server=True))
def messages_lost_before(s):
    """All IPERF_STREAM_BEGIN and IPERF_STREAM_END but the first are lost before the capture, which is taken at the
    server."""
    passed = set()

    def again(packet, to_server):
        kinds = {kind for kind in (STREAM_BEGIN, STREAM_END) if is_datagram(kind)(packet, to_server)}
        repeated = kinds & passed
        passed.update(kinds)
        return repeated
    s.wire.rule = lose(again)
    s.server()
    s.run_client(*UDP)
    s.unclear("R-8.4-1", first_datagram(STREAM_BEGIN))
    s.unclear("R-8.4-2", first_datagram(STREAM_END))


# --- packets that are missing ---------------------------------------------------------------------------------------


def without(wanted):
    """Rewrites a file without the packets for which wanted(packet) holds."""
    def rewrite(file):
        file.packets = [p for p in file.packets if not wanted(p)]
    return rewrite


def carries(keyword):
    return lambda p: p.tcp and keyword in p.payload


@scenario("limits")
def payload_missing(s):
    """Rewritten: two segments of payload were removed. The sequence numbers tell how long they were, and what they held
    does not matter."""
    s.server()
    s.run_client(*SHORT)
    left = first_of(2, lambda p, _: p.tcp and p.payload.startswith(b"0123456789"))
    s.rewrite(without(lambda p: left(p, True)))


def ports(file):
    """The clients' ports of control, stream and results connection, before packets are removed."""
    return [opened_with(keyword)(file.packets) for keyword in (TEST_BEGIN, STREAM_BEGIN, RESULTS_REQUEST)]


@scenario("limits")
def stream_end_missing(s):
    """Rewritten: the segment with IPERF_STREAM_END was removed; whether the stream was terminated is not known."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without(carries(STREAM_END)))
    s.unclear("capture", of(STREAM, fin))


@scenario("limits")
def test_begin_missing(s):
    """Rewritten: the segment with IPERF_TEST_BEGIN was removed, so that the answer has no test. That there is a hole is
    certain when the capture ends, and nothing has filled it."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without(carries(TEST_BEGIN)))
    s.unclear("R-9.1-8", of(RESULTS, octet, False, 0))
    s.unclear("capture", number(-1))


@scenario("limits")
def test_end_missing(s):
    """Rewritten: the segment with IPERF_TEST_END was removed."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without(carries(TEST_END)))
    s.unclear("capture", number(-1))


@scenario("limits")
def stream_begin_missing(s):
    """Rewritten: the segment with IPERF_STREAM_BEGIN was removed; the hole is waited for until the third segment behind
    it. The results list the stream, of which only this is not known, that it is one."""
    s.server()
    s.run_client(*SHORT)
    left = []

    def cut(file):
        left.extend(ports(file))
        without(carries(STREAM_BEGIN))(file)
    s.rewrite(cut)
    s.unclear("capture", lambda packets: octet(left[1], True, 83 + 2 * 400)(packets))
    s.unclear("R-9.2-3", of(RESULTS, fin, False))


@scenario("limits")
def answer_missing(s):
    """Rewritten: the segment with IPERF_RESULTS_RESPONSE was removed."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without(carries(RESULTS_RESPONSE)))
    s.unclear("capture", number(-1))


def without_fin(which, to_server):
    """Rewrites a file without the FIN of one direction of the connection ports()[which]."""
    def rewrite(file):
        missing = fin(ports(file)[which], to_server)(file.packets)
        without(lambda p: p.number == missing)(file)
    return rewrite


@scenario("limits")
def client_fin_missing(s):
    """Rewritten: the client's FIN of the stream was removed. From an acknowledgement alone a FIN is not to be told from an
    octet, and an octet would make the stream one that is not terminated."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without_fin(1, True))
    s.unclear("capture", number(-1))


@scenario("limits")
def server_fin_missing(s):
    """Rewritten: the server's FIN of the stream was removed; the client acknowledged it in time."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without_fin(1, False))


@scenario("limits")
def control_fin_missing(s):
    """Rewritten: the server's FIN of the control connection was removed."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(without_fin(0, False))


@scenario("limits", filter_text="tcp port 5201")
def datagrams_filtered_out(s):
    """The capture's filter let only TCP through; each answer lists a UDP stream that was not captured."""
    s.server()
    s.run_client(*UDP)
    file = s.seen(File.settled, "the end")
    for p in file.packets:
        if b'"id":1' in p.payload:
            s.unclear("R-9.2-3", fin(p.destination_port, False))


@scenario("limits")
def start_missing(s):
    """Rewritten: the first 14 packets were removed, so that the file begins amid the payload."""
    s.server()
    s.run_client(*SHORT)

    def cut(file):
        file.packets = file.packets[14:]
    s.rewrite(cut)
    s.unclear("R-9.1-8", of(RESULTS, octet, False, 0))


@scenario("limits")
def end_missing(s):
    """Rewritten: the file ends amid the payload, with a whole packet. So far all is right."""
    s.server()
    s.run_client(*SHORT)

    def cut(file):
        file.packets = file.packets[:14]
    s.rewrite(cut)


@scenario("limits")
def acknowledged_before(s):
    """Rewritten: a segment of payload and its acknowledgement have changed places, as where two processors capture."""
    s.server()
    s.run_client(*SHORT)

    def swap(file):
        i = next(i for i, p in enumerate(file.packets) if p.tcp and p.payload.startswith(b"0123456789"))
        a, b = file.packets[i:i + 2]
        a.time_ns, b.time_ns = b.time_ns, a.time_ns
        file.packets[i:i + 2] = [b, a]
    s.rewrite(swap)


# --- octets that contradict -----------------------------------------------------------------------------------------


def repeat_changed(keyword, change):
    """Rewrites a file: right behind the segment with keyword comes the same with change(octets) in place of its payload,
    at the same place of the stream."""
    def rewrite(file):
        i = next(i for i, p in enumerate(file.packets) if p.tcp and keyword in p.payload)
        copy = file.packets[i].copy()
        copy.octets = copy.octets[:copy.payload_at] + change(copy.octets[copy.payload_at:])
        file.packets.insert(i + 1, copy)
        for n, p in enumerate(file.packets):
            p.changed = p is copy
    return rewrite


def changed(packets):
    return next(p.number for p in packets if p.changed)


@scenario("limits")
def conflict_in_payload(s):
    """Rewritten: a segment with the last octets of a stream is repeated with other octets in the place of
    IPERF_STREAM_END; which of them the server read is not known."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(repeat_changed(STREAM_END, lambda octets: b"x" * len(octets)))
    s.unclear("capture", changed)


@scenario("limits")
def conflict_in_preamble(s):
    """Rewritten: the segment with IPERF_TEST_BEGIN is repeated with another cookie."""
    s.server()
    s.run_client(*SHORT)
    s.rewrite(repeat_changed(TEST_BEGIN, lambda octets: bytes(octet ^ 1 for octet in octets)))
    s.unclear("capture", changed)


# --- files ----------------------------------------------------------------------------------------------------------


def write_cut(file, path):
    """Without the last 30 octets of the last packet."""
    file.write(path)
    with open(path, "r+b") as out:
        out.truncate(out.seek(0, 2) - 30)


@scenario("limits")
def cut_in_record(s):
    """Rewritten: the file ends amid a packet, the 13th, as of a full disk. The exit status is 3 for that; what came before
    is reported."""
    s.server()
    s.run_client(*SHORT)

    def cut(file):
        file.packets = file.packets[:13]
    s.rewrite(cut, write_cut)
    s.damaged = True


@scenario("limits")
def cut_after_fault(s):
    """Rewritten: a client without a preamble, then the file ends amid a packet: broken all the same."""
    s.server()
    client = s.actor()
    control = client.connect()
    s.broken("R-5.1-1", control.send(message(TEST_BEGIN, client.cookie)))
    control.read_all()
    control.close()
    s.rewrite(lambda file: None, write_cut)
    s.damaged = True


@scenario("limits")
def empty(s):
    """Rewritten: a capture without a packet. Nothing was seen, so nothing is right."""
    s.server()
    s.run_client("-P", "0")
    s.rewrite(lambda file: file.packets.clear())
    s.damaged = True


@scenario("limits", filter_text="tcp")
def other_protocol(s):
    """Another protocol on another port, and no Iperf."""
    server = Server((s.host, 8080))
    s.cleaning.append(server.close)
    client = Client((s.host, 8080)).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: none\r\n\r\n")
    theirs = server.accept(10)
    theirs.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    theirs.close()
    client.read_all()
    client.close()
    s.damaged = True


@scenario("limits")
def iperf3_profile(s):
    """A client of the iperf3 profile, as far as its cookie, at a server that answers and then ends: why is not seen."""
    server = s.actor_server()
    client = Client(s.peer).connect()
    client.send(b"abcdefghijklmnopqrstuvwxyz234567abcd\0")
    theirs = server.accept(37)
    theirs.send(b"\x09")
    s.unclear("R-29-7", theirs.close())
    client.read_all()
    client.close()
