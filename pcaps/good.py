"""Tests as they should be."""

import signal

from actors import (RESULTS_REQUEST, STREAM_BEGIN, STREAM_END, TEST_BEGIN, TEST_END, Client, Flow, message, new_cookie,
                    opening)
from capture import pause
from stage import scenario

SHORT = "-n", "2000", "-l", "400"
SLOW = "-b", "400", "-l", "1K"
UDP = "-u", "-n", "3000", "-l", "250", "-b", "2M"


@scenario("good")
def tcp_one_stream(s):
    """Reference client, reference server, one TCP stream."""
    s.server()
    s.run_client(*SHORT)


@scenario("good")
def tcp_eight_streams(s):
    """Eight TCP streams at once."""
    s.server()
    s.run_client("-P", "8", "-n", "4K", "-l", "512")


@scenario("good")
def udp_one_stream(s):
    """One UDP stream: its messages thrice, results asked for before the payload and after the end."""
    s.server()
    s.run_client(*UDP)


@scenario("good")
def udp_two_streams(s):
    """Two UDP streams, told apart by their ports."""
    s.server()
    s.run_client(*UDP, "-P", "2")


@scenario("good")
def mixed(s):
    """Two TCP streams and two UDP streams in one test."""
    s.server()
    s.run_client("-P", "2", "--udp-streams", "2", "-n", "4K", "-l", "300", "-b", "2M")


@scenario("good", host="::1")
def ipv6_tcp(s):
    """A TCP stream over ::1."""
    s.server("-6")
    s.run_client("-6", *SHORT)


@scenario("good", host="::1")
def ipv6_udp(s):
    """A UDP stream over ::1."""
    s.server("-6")
    s.run_client("-6", *UDP)


@scenario("good")
def no_stream(s):
    """A test without a stream."""
    s.server()
    s.run_client("-P", "0")


@scenario("good")
def several_tests(s):
    """Three tests in a row at one server, each as soon as the last is over."""
    s.server()
    for _ in range(3):
        s.run_client("-n", "2K", "-l", "1K")


@scenario("good", filter_text="tcp or udp")
def two_servers(s):
    """Two servers on two ports, tested at the same time, in one capture."""
    other = s.port + 1
    s.server()
    s.server(port=other)
    first = s.client("-n", "2K", "-l", "1K", "-b", "1M")
    s.run_client("-n", "2K", "-l", "1K", "-b", "1M", port=other)
    first.wait()


@scenario("good")
def cookie_of_awkward_octets(s):
    """The cookie holds NUL, spaces, line ends and the letters IPERF_ (R-3-4)."""
    cookie = b"\0 \r\n\t\0\xffIPERF_TEST_END \0\n " + b"\x80\xfe\0\r\n"
    cookie = cookie.ljust(32, b"\0")[:32]
    s.server()
    s.run_client(*SHORT, "--cookie", cookie.hex())


@scenario("good")
def results_during_test(s):
    """A client asks for results before, amid and after its payload."""
    s.server()
    client = s.actor()
    client.begin()
    stream = client.stream()
    client.results()
    for _ in range(3):
        stream.send(b"payload " * 100)
        client.results()
    client.end_stream(stream)
    client.results()
    client.end()


@scenario("good")
def streams_one_after_another(s):
    """A client opens its second stream when the first has ended, and a third that carries no payload."""
    s.server()
    client = s.actor()
    client.begin()
    client.end_stream(client.stream(b"first"))
    client.results()
    client.end_stream(client.stream(b"second"))
    client.end_stream(client.stream())
    client.results()
    client.end()


@scenario("good")
def octet_by_octet(s):
    """Preamble and first message of a control connection come one octet in each segment, all else in threes, across every
    boundary (R-4.3-1)."""
    s.server()
    client = s.actor()
    client.control = client.connect()
    client.control.send_cut(opening(TEST_BEGIN, client.cookie), [1] * 80)
    stream = client.connect()
    stream.send_cut(opening(STREAM_BEGIN, client.cookie) + b"abc", [3] * 28)
    client.end_stream(stream)
    results = client.connect()
    results.send_cut(opening(RESULTS_REQUEST, client.cookie), [3] * 28)
    results.read_all()
    results.close()
    client.control.send_cut(message(TEST_END, client.cookie), [3] * 15)
    client.control.finish()
    client.control.read_all()
    client.control.close()


@scenario("good")
def end_split(s):
    """Eight streams whose STREAM_END comes in two or three segments, cut at different octets; before some of them comes
    the beginning of one."""
    s.server()
    client = s.actor()
    client.begin()
    octets = message(STREAM_END, client.cookie)
    for sizes in ((1,), (15,), (16,), (17,), (48,), (1, 47), (16, 1), (24, 24)):
        stream = client.stream(b"payload" + octets[:sizes[0]])
        stream.drain()
        stream.send_cut(octets, sizes)
        stream.finish()
        stream.read_all()
        stream.close()
    client.results()
    client.end()


@scenario("good")
def payload_contains_end(s):
    """The payload holds STREAM_END with the cookie of the test, at its start and right before the real one, and messages
    with another cookie (R-8.1-4, R-8.2-3, R-8.2-4)."""
    s.server()
    client = s.actor()
    other = new_cookie()
    end_message = message(STREAM_END, client.cookie)
    client.begin()
    stream = client.stream(end_message)
    client.results()  # it shows the stream as complete
    stream.send(b"more")
    client.results()  # and now as not complete
    stream.send(message(STREAM_END, other) + message(TEST_END, client.cookie) + opening(RESULTS_REQUEST, other))
    stream.send(end_message)
    stream.drain()
    client.end_stream(stream)
    client.results()
    client.end()


@scenario("good")
def half_closed_request(s):
    """A client half-closes its results connection as soon as it has asked (R-9.1-13)."""
    s.server()
    client = s.actor()
    client.begin()
    client.end_stream(client.stream(b"x" * 100))
    results = client.open(RESULTS_REQUEST)
    results.finish()
    results.read_all()
    results.close()
    client.end()


@scenario("good")
def late_payload(s):
    """A UDP stream whose payload comes after STREAM_END in part, and holds empty datagrams and messages with another
    cookie (R-8.3-3, R-8.3-11)."""
    s.server()
    client = s.actor()
    client.begin()
    flow = client.flow()
    flow.begin(client.cookie)
    client.results()
    for octets in (b"one", b"", message(STREAM_END, new_cookie()), message(STREAM_BEGIN, client.cookie)[:50], b"two"):
        flow.send(octets)
    flow.end(client.cookie, times=2)
    flow.send(b"late")
    pause(0.015)
    flow.end(client.cookie, times=1)
    client.results()
    client.end()
    flow.close()


@scenario("good")
def stray_datagrams(s):
    """Datagrams of strangers, before and during a test, some of them messages: they open no stream and are not answered
    (R-8.3-5 to R-8.3-8)."""
    s.server()
    client = s.actor()
    stranger = Flow(s.peer)
    stranger.send(message(STREAM_BEGIN, client.cookie))
    stranger.send(b"before")
    client.begin()
    client.results()
    stranger.send(b"\0\1\0\0\0\1")
    stranger.send(b"")
    client.results()
    client.end()
    stranger.close()


# --- others at the same server --------------------------------------------------------------------------------------


@scenario("good")
def collision(s):
    """A second client meets a running test: it is rejected, and the test goes on."""
    s.server()
    first = s.client("-t", "1", *SLOW)
    s.seen(lambda file: len(file.packets) > 16, "the first test")
    s.run_client(*SHORT, status=1)
    first.wait()


@scenario("good")
def rejected_while_test_is_measured(s):
    """Three strangers with cookies of their own come while payload flows, one of them octet by octet; each is closed at
    its 32nd octet."""
    s.server()
    client = s.actor()
    client.begin()
    client.results()
    stream = client.stream(b"x" * 500)
    for sizes in ((), (31,), (1,) * 31):
        stranger = client.connect()
        stranger.send_cut(new_cookie(), sizes)
        stranger.read_all()
        stranger.close()
        stream.send(b"x" * 500)
    client.end_stream(stream)
    client.results()
    client.end()


@scenario("good")
def stray_http(s):
    """A browser asks the idle server for a page, and is closed; then a test."""
    s.server()
    stranger = Client(s.peer).connect()
    stranger.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: none\r\n\r\n")
    stranger.read_all()
    stranger.close()
    s.run_client("-n", "2K", "-l", "1K")


@scenario("good")
def stray_http_only(s):
    """The same browser, and no test: the port alone shows that an Iperf server is meant."""
    s.server()
    stranger = Client(s.peer).connect()
    stranger.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: none\r\n\r\n")
    stranger.read_all()
    stranger.close()


@scenario("good")
def silent_stranger(s):
    """A connection says nothing for the whole of a test."""
    s.server()
    stranger = Client(s.peer).connect()
    s.run_client("-n", "2K", "-l", "1K")
    stranger.close()


@scenario("good")
def scanner(s):
    """Connections that are opened and closed at once, by FIN and by reset, some after a few octets, before and during a
    test."""
    s.server()
    client = s.actor()

    def scan():
        for octets, leave in ((b"", "close"), (b"", "reset"), (b"\r\n\r\n", "close"), (b"x" * 31, "reset")):
            stranger = Client(s.peer).connect()
            if octets:
                stranger.send(octets)
            getattr(stranger, leave)()
    scan()
    client.begin()
    stream = client.stream(b"x" * 100)
    scan()
    client.end_stream(stream)
    client.results()
    client.end()


@scenario("good")
def provisional_cookie(s):
    """A stranger gives the idle server 32 octets and leaves; the next client is served at once (R-6.3-1)."""
    s.server()
    stranger = Client(s.peer).connect()
    stranger.send(new_cookie())
    stranger.finish()
    stranger.read_all()
    stranger.close()
    s.run_client("-n", "2K", "-l", "1K")


@scenario("good")
def refused(s):
    """A client finds no server: its connection is refused."""
    s.run_client("-n", "4K", status=1)


# --- tests that end early -------------------------------------------------------------------------------------------


@scenario("good")
def abort_by_close(s):
    """A client closes its control connection amid the payload (R-7-5); the server closes all, and serves the next."""
    s.server()
    client = s.actor()
    client.begin()
    streams = [client.stream(b"x" * 300) for _ in range(2)]
    client.control.close()
    for stream in streams:
        stream.read_all()
        stream.close()
    s.run_client("-n", "2K", "-l", "1K")


@scenario("good")
def abort_by_reset(s):
    """A client resets its control connection amid the payload; the server closes all, and serves the next at once."""
    s.server()
    client = s.actor()
    client.begin()
    streams = [client.stream(b"x" * 300) for _ in range(2)]
    client.control.reset()
    for stream in streams:
        stream.read_all()
        stream.close()
    s.run_client("-n", "2K", "-l", "1K")


@scenario("good")
def client_dies(s):
    """The client is killed amid its payload, as a crash would; the next is served at once."""
    s.server()
    client = s.client("-t", "5", *SLOW, "-P", "2")
    s.seen(lambda file: len(file.packets) > 24, "the test")
    client.signal(signal.SIGKILL)
    client.wait(None)
    s.run_client("-n", "2K", "-l", "1K")


@scenario("good")
def client_interrupted(s):
    """The user interrupts the client amid its payload."""
    s.server()
    client = s.client("-t", "5", *SLOW)
    s.seen(lambda file: len(file.packets) > 16, "the test")
    client.signal(signal.SIGINT)
    client.wait(None)


@scenario("good")
def stream_breaks(s):
    """One of two streams is reset by its client after half of a message, and the client then gives the test up."""
    s.server()
    client = s.actor()
    client.begin()
    broken, whole = client.stream(b"x" * 100), client.stream(b"y" * 100)
    broken.send(message(STREAM_END, client.cookie)[:20])
    broken.drain()
    broken.reset()
    client.end_stream(whole)
    client.results()
    client.control.finish()
    client.control.read_all()
    client.control.close()
