"""Clients of the iperf3 profile that break one rule each."""

from capture import octet, syn
from iperf3_actors import (ACCESS_DENIED, CREATE_STREAMS, DISPLAY_RESULTS, EXCHANGE_RESULTS, HELLO, IPERF_DONE, LEN,
                           OLD_HELLO, OLD_REPLY, SERVER_ERROR, TEST_END, Pair, Test, framed, header, parameters, results,
                           stream_results, udp)
from stage import scenario

BLOCKS = bytes(10 * LEN)


def fault(function):
    return scenario("iperf3-clients")(function)


@fault
def iperf3_cookie_form(s):
    """A cookie of capital letters."""
    test = Test(s)
    test.cookie = b"A" * 36 + b"\0"
    test.whole()
    s.broken("R-22.2-1", octet(test.control.port, True, 36))


@fault
def iperf3_cookie_again(s):
    """A second test with the cookie of the first."""
    test = Test(s)
    test.whole()
    test.streams.clear()
    test.whole()
    s.broken("R-22.2-2", octet(test.control.port, True, 36))


@fault
def iperf3_parameters_early(s):
    """The parameters come with the cookie, in one segment."""
    test = Test(s)
    test.control = Pair(test)
    test.control.up(test.cookie + framed(parameters()))
    test.ask()
    test.state(CREATE_STREAMS)
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()
    s.broken("R-22.1-1", octet(test.control.port, True, 37))


@fault
def iperf3_unknown_state(s):
    """The client says 3 while the test runs; the server goes on, which it should not (R-22.3-3)."""
    test = Test(s)
    test.to_running()
    s.broken("R-22.3-2", test.control.up(b"\x03"))
    test.streams[0].up(BLOCKS)
    test.end()
    s.not_followed("R-22.3-3", octet(test.control.port, False, 4))


@fault
def iperf3_state_of_server(s):
    """The client says TEST_START in CREATE_STREAMS; the server goes on as if nothing had come."""
    test = Test(s)
    test.to_streams()
    s.broken("R-22.3-2", test.control.up(b"\x01"))
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_stream_early(s):
    """A stream is opened before CREATE_STREAMS."""
    test = Test(s)
    test.begin()
    test.ask()
    test.give()
    s.broken("R-23-4", syn(test.stream().port))
    test.state(CREATE_STREAMS)
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_streams_at_once(s):
    """Both streams are opened before the first one's cookie is sent."""
    test = Test(s)
    test.to_streams(parameters(parallel=2))
    test.streams = [Pair(test), Pair(test)]
    for stream in test.streams:
        stream.up(test.cookie)
    s.broken("R-25-1", syn(test.streams[1].port))
    test.run()
    for stream in test.streams:
        stream.up(BLOCKS)
    test.end()


@fault
def iperf3_stream_too_many(s):
    """Two streams, and the parameters say one; the server denies the second."""
    test = Test(s)
    test.to_running()
    extra = Pair(test)
    s.broken("R-24-2", extra.up(test.cookie))
    extra.down(bytes([ACCESS_DENIED]))
    extra.close(server_first=True)
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_payload_early(s):
    """Payload comes before TEST_RUNNING."""
    test = Test(s)
    test.to_streams()
    s.broken("R-23-6", test.stream().up(BLOCKS))
    test.run()
    test.end()


@fault
def iperf3_payload_in_reverse(s):
    """The client sends, though the parameters say reverse."""
    test = Test(s)
    test.to_running(parameters(reverse=True))
    test.streams[0].down(BLOCKS)
    s.broken("R-27.1-2", test.streams[0].up(bytes(100)))
    test.end(results([stream_results(0, 10 * LEN)]), results([stream_results(0, 10 * LEN, True)], True))


@fault
def iperf3_payload_on_other_half(s):
    """Bidirectional: the client sends on the stream that is the server's."""
    test = Test(s)
    test.to_running(parameters(bidirectional=True), 2)
    test.streams[0].up(BLOCKS)
    s.broken("R-27.1-5", test.streams[1].up(bytes(100)))
    client = [stream_results(0, 10 * LEN, True), stream_results(1, 0)]
    server = [stream_results(0, 10 * LEN), stream_results(1, 0, True)]
    test.end(results(client, True), results(server, True))


def with_parameters(s, requirement, what):
    """A test with these parameters, which are wrong; what is wrong is found where the text is whole."""
    test = Test(s)
    test.begin()
    test.ask()
    s.broken(requirement, test.give(what))
    test.state(CREATE_STREAMS)
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_parameters_without_len(s):
    """The parameters have no len, which servers take for 131072."""
    with_parameters(s, "R-24-1", parameters(len=None))


@fault
def iperf3_two_transports(s):
    """The parameters have tcp and udp."""
    test = Test(s)
    test.begin()
    test.ask()
    s.broken("R-24-1", test.give(parameters(udp=True)))
    test.state(SERVER_ERROR, b"\0\0\0\x72\0\0\0\0")
    test.control.close(server_first=True)


@fault
def iperf3_flag_false(s):
    """"reverse":false, which iperf3 takes for set."""
    with_parameters(s, "R-22.4-4", parameters(reverse=False))


@fault
def iperf3_key_twice(s):
    """The parameters have len twice."""
    with_parameters(s, "R-22.4-4", b'{"tcp":true,"omit":0,"time":10,"num":0,"blockcount":0,"parallel":1,'
                    b'"len":1000,"len":2000}')


@fault
def iperf3_number_in_quotes(s):
    """"len":"1000": the parameters have another type than SPEC.md gives."""
    with_parameters(s, "R-24-1", parameters(len="1000"))


@fault
def iperf3_parameters_no_json(s):
    """The parameters are no JSON, and the server fails the test."""
    test = Test(s)
    test.begin()
    test.ask()
    s.broken("R-22.4-1", test.give(b"tcp, one stream"))
    test.state(SERVER_ERROR, b"\0\0\0\x72\0\0\0\0")
    test.control.close(server_first=True)


@fault
def iperf3_parameters_of_no_length(s):
    """The parameters have the length 0."""
    test = Test(s)
    test.begin()
    test.ask()
    test.control.up(bytes(4))
    s.broken("R-22.4-1", octet(test.control.port, True, 40))
    test.state(SERVER_ERROR, b"\0\0\0\x72\0\0\0\0")
    test.control.close(server_first=True)


def with_results(s, requirement, what, **changes):
    """A test in which the client has these results."""
    test = Test(s)
    test.to_running(parameters(**changes))
    test.streams[0].up(BLOCKS)
    marks = test.end(client=what)
    s.broken(requirement, marks[0])


@fault
def iperf3_results_without_key(s):
    """The client's results have no cpu_util_user; the server had to refuse them (R-28-4)."""
    test = Test(s)
    test.to_running()
    test.streams[0].up(BLOCKS)
    marks = test.end(client=results([stream_results(0, 10 * LEN, True)], True, cpu_util_user=None))
    s.broken("R-28-1", marks[0])
    s.broken("R-28-4", lambda packets: [p for p in packets if p.payload_length == 4][2].number)


@fault
def iperf3_results_of_wrong_type(s):
    """The client's results have a string where an integer is due."""
    with_results(s, "R-28-1", results([stream_results(0, "many", True)], True))


@fault
def iperf3_results_without_stream(s):
    """The client's results have no stream."""
    with_results(s, "R-28-2", results([], True), num=0, blockcount=0, time=0)


@fault
def iperf3_results_of_stream_2(s):
    """The client's results have a stream 2 too, a number that is never used."""
    with_results(s, "R-25-7", results([stream_results(0, 10 * LEN, True), stream_results(0, 0, True, id=2)], True))


@fault
def iperf3_sender_without_retransmits(s):
    """The client sends, and its results say that it only receives."""
    with_results(s, "R-28-8", results([stream_results(0, 10 * LEN, True)]))


@fault
def iperf3_retransmits_not_counted(s):
    """The client says that it counts retransmits, and gives -1."""
    with_results(s, "R-28-8", results([stream_results(0, 10 * LEN)], True))


@fault
def iperf3_end_too_early(s):
    """TEST_END comes at once in a test of three seconds."""
    test = Test(s)
    test.to_running(parameters(num=0, time=3))
    test.streams[0].up(BLOCKS)
    s.broken("R-27.2-1", octet(test.control.port, True, 37 + len(framed(parameters(num=0, time=3)))))
    test.end()


@fault
def iperf3_end_before_test(s):
    """TEST_END comes in CREATE_STREAMS; the server fails the test."""
    test = Test(s)
    test.to_streams()
    s.broken("R-27.2-1", test.state(TEST_END))
    test.state(SERVER_ERROR, b"\0\0\0\x6e\0\0\0\0")
    test.control.close(server_first=True)


@fault
def iperf3_end_after_too_little(s):
    """TEST_END comes after 10000 of 20000 octets."""
    test = Test(s)
    what = parameters(num=20 * LEN)
    test.to_running(what)
    test.streams[0].up(BLOCKS)
    test.end()
    s.broken("R-27.2-2", octet(test.control.port, True, 37 + len(framed(what))))


@fault
def iperf3_results_count_more(s):
    """The client receives 10000 octets, and counts 10001."""
    test = Test(s)
    test.to_running(parameters(reverse=True))
    test.streams[0].down(BLOCKS)
    client, server = results([stream_results(0, 10 * LEN + 1)]), results([stream_results(0, 10 * LEN, True)], True)
    test.end(client, server)
    s.broken("R-27.1-7", lambda packets: [p for p in packets if p.payload_length == 4][1].number)


@fault
def iperf3_done_after_denial(s):
    """The client says IPERF_DONE after ACCESS_DENIED, as version 3.9 does."""
    test = Test(s)
    test.to_running()
    other = Pair(test)
    other.up(b"b" * 36 + b"\0")
    other.down(bytes([ACCESS_DENIED]))
    s.broken("R-29-2", other.up(bytes([IPERF_DONE])))
    other.close(server_first=True)
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_no_done(s):
    """The client ends after DISPLAY_RESULTS without IPERF_DONE."""
    test = Test(s)
    test.to_running()
    test.streams[0].up(BLOCKS)
    test.state(TEST_END)
    test.state(EXCHANGE_RESULTS)
    test.tell(test.result_of(True, True), True)
    test.tell(test.result_of(False, False), False)
    test.state(DISPLAY_RESULTS)
    s.broken("R-23-13", test.close())


@fault
def iperf3_two_ends(s):
    """TEST_END comes twice."""
    test = Test(s)
    test.to_running()
    test.streams[0].up(BLOCKS)
    test.state(TEST_END)
    s.broken("R-23-8", test.state(TEST_END))
    test.state(SERVER_ERROR, b"\0\0\0\x75\0\0\0\0")
    test.streams[0].close(server_first=True)
    test.control.close(server_first=True)


# --- datagrams


def udp_end(test):
    count = [stream_results(i, 10 * LEN, True, retransmits=-1, packets=10) for i in range(len(test.streams))]
    back = [stream_results(i, 10 * LEN, packets=10) for i in range(len(test.streams))]
    return test.end(results(count, sender_has_retransmits=0), results(back))


@fault
def iperf3_old_hello(s):
    """The hello of versions up to 3.11, and the reply that they want."""
    test = Test(s)
    test.to_streams(udp())
    s.broken("R-26.1-1", test.udp_stream().greet(OLD_HELLO, OLD_REPLY)[0])
    test.run()
    test.streams[0].send()
    udp_end(test)


@fault
def iperf3_no_hello(s):
    """The first datagram of the stream is "hello", which a server takes for one."""
    test = Test(s)
    test.to_streams(udp())
    s.broken("R-26.1-1", test.udp_stream().greet(b"hello")[0])
    test.run()
    test.streams[0].send()
    udp_end(test)


@fault
def iperf3_hellos_at_once(s):
    """The second stream's hello comes before the first stream's reply."""
    test = Test(s)
    test.to_streams(udp(parallel=2, num=20 * LEN))
    first, second = test.udp_stream(), test.udp_stream()
    first.up(HELLO)
    s.broken("R-26.1-2", second.up(HELLO))
    first.down(b"6789")
    second.down(b"6789")
    test.run()
    first.send()
    second.send()
    udp_end(test)


@fault
def iperf3_hello_early(s):
    """The hello comes before CREATE_STREAMS, and is answered after it."""
    test = Test(s)
    test.begin()
    test.ask()
    test.give(udp())
    stream = test.udp_stream()
    s.broken("R-23-4", stream.up(HELLO))
    test.state(CREATE_STREAMS)
    stream.down(b"6789")
    test.run()
    stream.send()
    udp_end(test)


@fault
def iperf3_hello_repeated(s):
    """The hello is repeated after 0.2 s."""
    test = Test(s)
    test.to_streams(udp())
    stream = test.udp_stream()
    stream.up(HELLO)
    s.pass_time(0.2)
    s.not_followed("R-26.1-10", stream.up(HELLO))
    stream.down(b"6789")
    test.run()
    stream.send()
    udp_end(test)


@fault
def iperf3_short_datagram(s):
    """A datagram of 500 octets, where len is 1000."""
    test = Test(s)
    test.to_running(udp())
    test.streams[0].send(9)
    s.broken("R-26.2-2", test.streams[0].send(1, 500, 10))
    back = results([stream_results(0, 9 * LEN + 500, packets=10)])
    test.end(results([stream_results(0, 10 * LEN, True, retransmits=-1, packets=10)], sender_has_retransmits=0), back)


@fault
def iperf3_wrong_header(s):
    """64 bits of sequence were agreed, and 32 are sent."""
    test = Test(s)
    test.to_running(udp(udp_counters_64bit=1))
    s.broken("R-26.2-1", test.streams[0].send(1))
    test.streams[0].send(9, first=2)
    udp_end(test)


@fault
def iperf3_sequence_from_zero(s):
    """The sequences begin with 0."""
    test = Test(s)
    test.to_running(udp())
    s.broken("R-26.2-3", test.streams[0].send(1, first=0))
    test.streams[0].send(9)
    back = results([stream_results(0, 10 * LEN, packets=9)])
    test.end(results([stream_results(0, 10 * LEN, True, retransmits=-1, packets=10)], sender_has_retransmits=0), back)


@fault
def iperf3_sequence_again(s):
    """Two datagrams of different times have one sequence."""
    test = Test(s)
    test.to_running(udp())
    test.streams[0].send(9)
    s.broken("R-26.2-3", test.streams[0].up(header(9, False, 77) + bytes(LEN - 12)))
    back = results([stream_results(0, 10 * LEN, packets=9)])
    test.end(results([stream_results(0, 10 * LEN, True, retransmits=-1, packets=10)], sender_has_retransmits=0), back)


@fault
def iperf3_sequence_skipped(s):
    """Ten datagrams have the sequences 1 to 9 and 11."""
    test = Test(s)
    test.to_running(udp())
    test.streams[0].send(9)
    s.broken("R-26.2-3", test.streams[0].send(1, first=11))
    back = results([stream_results(0, 10 * LEN, packets=11, errors=1)])
    test.end(results([stream_results(0, 10 * LEN, True, retransmits=-1, packets=10)], sender_has_retransmits=0), back)
