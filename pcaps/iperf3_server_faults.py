"""Servers of the iperf3 profile that break one rule each."""

import socket

from capture import octet, syn
from iperf3_actors import (ACCESS_DENIED, CLIENT_TERMINATE, CREATE_STREAMS, DISPLAY_RESULTS, EXCHANGE_RESULTS, HELLO,
                           IPERF_DONE, LEN, OLD_HELLO, PARAM_EXCHANGE, REPLY, SERVER_ERROR, TEST_END, TEST_RUNNING,
                           TEST_START, Pair, Test, framed, new_cookie, parameters, results, stream_results,
                           udp)
from stage import scenario

BLOCKS = bytes(10 * LEN)
LATE = 1.3  # seconds: later than any server that was going to do it


def fault(function):
    return scenario("iperf3-servers")(function)


def text(index):
    """The packet with the index-th length: parameters, the client's results, the server's."""
    return lambda packets: [p for p in packets if p.tcp and p.payload_length == 4][index].number


def to_end(s, what=None, payload=BLOCKS):
    test = Test(s)
    test.to_running(what)
    if payload:
        test.streams[0].up(payload)
    return test


@fault
def iperf3_answer_to_part(s):
    """PARAM_EXCHANGE is the answer to 20 octets and the client's half-close, as of versions up to 3.14."""
    first = Test(s)
    first.whole()
    first.streams.clear()
    pair = Pair(first)
    pair.up(first.cookie[:20])
    pair.ours.finish()
    s.broken("R-22.1-2", pair.down(bytes([PARAM_EXCHANGE])))
    pair.close(server_first=True)


@fault
def iperf3_other_answer(s):
    """The answer to the cookie is CREATE_STREAMS."""
    test = Test(s)
    test.begin()
    s.broken("R-23-1", test.state(CREATE_STREAMS))
    test.control.close()


@fault
def iperf3_unknown_state_of_server(s):
    """The server says 3 while the test runs."""
    test = to_end(s)
    s.broken("R-22.3-1", test.state(3))
    test.end()


@fault
def iperf3_streams_before_parameters(s):
    """CREATE_STREAMS comes before the parameters."""
    test = Test(s)
    test.begin()
    test.ask()
    s.broken("R-23-3", test.state(CREATE_STREAMS))
    test.give()
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_start_without_streams(s):
    """TEST_START comes when one of two streams is there."""
    test = Test(s)
    test.to_streams(parameters(parallel=2))
    test.stream()
    s.broken("R-23-5", test.state(TEST_START))
    test.stream()
    test.state(TEST_RUNNING)
    for stream in test.streams:
        stream.up(BLOCKS)
    test.end()


@fault
def iperf3_running_without_start(s):
    """TEST_RUNNING comes without TEST_START."""
    test = Test(s)
    test.to_streams()
    test.stream()
    s.broken("R-23-5", test.state(TEST_RUNNING))
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_server_payload_early(s):
    """Reverse: the server sends payload 1.3 s before TEST_RUNNING."""
    test = Test(s)
    test.to_streams(parameters(reverse=True))
    s.broken("R-23-7", test.stream().down(BLOCKS))
    s.pass_time(LATE)
    test.run()
    reverse_end(test)


def reverse_end(test, sent=10 * LEN):
    test.end(results([stream_results(0, sent)]), results([stream_results(0, sent, True)], True))


@fault
def iperf3_exchange_unasked(s):
    """EXCHANGE_RESULTS comes before TEST_END."""
    test = to_end(s)
    s.broken("R-23-9", test.state(EXCHANGE_RESULTS))
    test.state(TEST_END)
    test.tell(test.result_of(True, True), True)
    test.tell(test.result_of(False, False), False)
    test.state(DISPLAY_RESULTS)
    test.state(IPERF_DONE)
    test.close()


@fault
def iperf3_results_first(s):
    """The server sends its results before it has the client's."""
    test = to_end(s)
    test.state(TEST_END)
    test.state(EXCHANGE_RESULTS)
    test.tell(test.result_of(False, False), False)
    s.broken("R-23-11", text(1))
    test.tell(test.result_of(True, True), True)
    test.state(DISPLAY_RESULTS)
    test.state(IPERF_DONE)
    test.close()


@fault
def iperf3_display_without_results(s):
    """DISPLAY_RESULTS comes without the server's results."""
    test = to_end(s)
    test.state(TEST_END)
    test.state(EXCHANGE_RESULTS)
    test.tell(test.result_of(True, True), True)
    s.broken("R-23-12", test.state(DISPLAY_RESULTS))
    test.state(IPERF_DONE)
    test.close()


@fault
def iperf3_control_left_open(s):
    """The server does not close the control connection after IPERF_DONE."""
    test = to_end(s)
    test.state(TEST_END)
    test.state(EXCHANGE_RESULTS)
    test.tell(test.result_of(True, True), True)
    test.tell(test.result_of(False, False), False)
    test.state(DISPLAY_RESULTS)
    test.state(IPERF_DONE)
    test.streams[0].close()
    s.broken("R-23-16", test.control.ours.finish())
    s.pass_time(LATE)
    stop_here(s, test)


def stop_here(s, test):
    """The capture ends as it is now, with connections open, but for a datagram, which shows that time has passed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"the capture goes on", s.peer)
    last = len(s.seen(lambda file: file.packets[-1].tcp is False, "the datagram").packets)

    def cut(file):
        del file.packets[last:]
    s.rewrite(cut)
    test.clear()


@fault
def iperf3_error_after_done(s):
    """SERVER_ERROR comes after IPERF_DONE, as of version 3.21 after a test that had failed."""
    test = to_end(s)
    test.state(TEST_END)
    test.state(EXCHANGE_RESULTS)
    test.tell(test.result_of(True, True), True)
    test.tell(test.result_of(False, False), False)
    test.state(DISPLAY_RESULTS)
    test.state(IPERF_DONE)
    s.not_followed("R-23-17", test.state(SERVER_ERROR, b"\0\0\0\xcd\0\0\0\0"))
    test.close()


@fault
def iperf3_len_of_zero(s):
    """The parameters have len 0, and the test runs."""
    test = Test(s)
    test.to_streams(parameters(len=0, num=0))
    test.stream()
    test.state(TEST_START)
    s.broken("R-24-5", test.state(TEST_RUNNING))
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_goes_on_without_parameters(s):
    """The parameters are no JSON, and the server goes on."""
    test = Test(s)
    test.begin()
    test.ask()
    s.broken("R-22.4-1", test.give(b"tcp, one stream"))
    s.broken("R-22.4-5", test.state(CREATE_STREAMS))
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_right_stream_denied(s):
    """A stream with the right cookie is denied."""
    test = Test(s)
    test.to_streams()
    pair = Pair(test)
    pair.up(test.cookie)
    s.broken("R-25-3", pair.down(bytes([ACCESS_DENIED])))
    pair.close(server_first=True)
    test.state(CLIENT_TERMINATE)
    test.control.close()


@fault
def iperf3_octets_to_stream(s):
    """The server answers the right cookie on a stream."""
    test = Test(s)
    test.to_streams()
    s.broken("R-25-3", test.stream().down(b"welcome"))
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_wrong_stream_not_told(s):
    """While a stream is awaited, a connection with another cookie is closed without ACCESS_DENIED."""
    test = Test(s)
    test.to_streams()
    pair = Pair(test)
    pair.up(new_cookie())
    s.broken("R-25-4", pair.close(server_first=True))
    test.stream()
    test.run()
    test.streams[0].up(BLOCKS)
    test.end()


@fault
def iperf3_ended_by_wrong_stream(s):
    """While a stream is awaited, a connection with another cookie ends the test, as of versions 3.1.4 to 3.9."""
    test = Test(s)
    test.to_streams()
    pair = Pair(test)
    pair.up(new_cookie())
    pair.down(bytes([ACCESS_DENIED]))
    pair.close(server_first=True)
    s.broken("R-25-4", test.control.close(server_first=True))


@fault
def iperf3_counts_more(s):
    """The server counts 10001 of 10000 octets."""
    test = to_end(s)
    test.end(server=results([stream_results(0, 10 * LEN + 1)]))
    s.broken("R-25-9", text(2))


@fault
def iperf3_counts_less(s):
    """The server counts 9000 of 10000 octets, which it had for 0.7 s before TEST_END."""
    test = to_end(s)
    s.pass_time(0.7)
    test.end(server=results([stream_results(0, 9 * LEN)]))
    s.broken("R-25-9", text(2))


@fault
def iperf3_counts_blocks(s):
    """The server counts whole blocks only, as of version 3.16 and later: a last one of 500 octets is left out."""
    test = to_end(s, payload=bytes(10 * LEN + 500))
    s.pass_time(0.7)
    test.end()
    s.not_followed("R-25-10", text(2))


@fault
def iperf3_ended_by_stream(s):
    """The client closes a stream while the test runs, and the server ends the test."""
    test = to_end(s)
    test.streams[0].close()
    test.streams.clear()
    s.broken("R-25-11", test.control.close(server_first=True))


@fault
def iperf3_silent_server(s):
    """Reverse: the server sends nothing for 1.3 s."""
    test = Test(s)
    what = parameters(reverse=True, num=0, time=1)
    test.to_running(what)
    s.pass_time(LATE)
    reverse_end(test, 0)
    s.broken("R-27.1-1", octet(test.control.port, True, 37 + len(framed(what))))


@fault
def iperf3_server_sends_on_other_half(s):
    """Bidirectional: the server sends on the stream that is the client's."""
    test = Test(s)
    test.to_running(parameters(bidirectional=True, num=0), 2)
    test.streams[1].down(BLOCKS)
    s.broken("R-27.1-6", test.streams[0].down(bytes(100)))
    client = [stream_results(0, 0, True), stream_results(1, 10 * LEN)]
    server = [stream_results(0, 0), stream_results(1, 10 * LEN, True)]
    test.end(results(client, True), results(server, True))


@fault
def iperf3_server_results_without_key(s):
    """The server's results have a stream without jitter."""
    test = to_end(s)
    s.broken("R-28-1", test.end(server=results([stream_results(0, 10 * LEN, jitter=None)]))[1])


@fault
def iperf3_output_not_given(s):
    """The client asks for the server's output, and does not get it."""
    test = to_end(s, parameters(get_server_output=1))
    s.broken("R-28-9", test.end()[1])


@fault
def iperf3_output_unasked(s):
    """The client gets the server's output, and has not asked for it."""
    test = to_end(s)
    s.not_followed("R-28-10", test.end(server=results([stream_results(0, 10 * LEN)], server_output_text="tests\n"))[1])


@fault
def iperf3_short_error(s):
    """SERVER_ERROR is followed by 4 octets, as of versions 3.2 to 3.18 after a failed authentication."""
    test = Test(s)
    test.begin()
    test.ask()
    test.give()
    s.broken("R-29-1", test.state(SERVER_ERROR, b"\0\0\0\x8e"))
    test.control.close(server_first=True)


@fault
def iperf3_error_twice(s):
    """SERVER_ERROR is sent twice."""
    test = to_end(s)
    test.state(SERVER_ERROR, b"\0\0\0\x1b\0\0\0\0")
    s.not_followed("R-29-14", test.state(SERVER_ERROR, b"\0\0\0\x1b\0\0\0\0"))
    test.streams[0].close(server_first=True)
    test.control.close(server_first=True)


@fault
def iperf3_client_end_unnoticed(s):
    """The client ends amid its test, and the server leaves its connections open."""
    test = to_end(s)
    control = test.control.ours.finish()
    s.broken("R-29-9", control)
    s.broken("R-29-9", control)
    s.pass_time(LATE)
    stop_here(s, test)


@fault
def iperf3_client_stop_unnoticed(s):
    """The client says CLIENT_TERMINATE and closes, and the server does not."""
    test = Test(s)
    test.to_streams()
    test.state(CLIENT_TERMINATE)
    s.broken("R-29-6", test.control.ours.finish())
    s.pass_time(LATE)
    stop_here(s, test)


@fault
def iperf3_two_tests_at_once(s):
    """A second client is given a test while the first one's runs."""
    test = to_end(s)
    other = Test.__new__(Test)
    other.__dict__.update(test.__dict__, streams=[], cookie=new_cookie())
    other.begin()
    s.broken("R-30-1", other.ask())
    other.state(CLIENT_TERMINATE)
    other.control.close()
    test.close()


@fault
def iperf3_newcomer_waits(s):
    """A second client is not denied for as long as the test runs."""
    test = to_end(s)
    pair = Pair(test)
    pair.up(new_cookie())
    s.broken("R-30-1", syn(pair.port))
    s.pass_time(LATE)
    test.end()
    pair.close()


@fault
def iperf3_not_free(s):
    """A client comes 1.3 s after the end of a test, and is denied."""
    test = Test(s)
    test.whole()
    s.pass_time(LATE)
    pair = Pair(test)
    pair.up(new_cookie())
    s.broken("R-23-19", pair.down(bytes([ACCESS_DENIED])))
    pair.close(server_first=True)


@fault
def iperf3_denied_at_first(s):
    """A client is denied, and the capture does not show why: there may be a test that began before it."""
    test = Test(s)
    pair = Pair(test)
    pair.up(new_cookie())
    s.unclear("R-23-1", pair.down(bytes([ACCESS_DENIED])))
    pair.close(server_first=True)


# --- datagrams


def udp_end(test, bytes_=10 * LEN, **changes):
    count = [stream_results(i, 10 * LEN, True, retransmits=-1, packets=10) for i in range(len(test.streams))]
    back = [stream_results(i, bytes_, **{"packets": 10, **changes}) for i in range(len(test.streams))]
    return test.end(results(count, sender_has_retransmits=0), results(back))


@fault
def iperf3_wrong_reply(s):
    """The reply is the hello."""
    test = Test(s)
    test.to_streams(udp())
    s.broken("R-26.1-3", test.udp_stream().greet(HELLO, HELLO)[1])
    test.run()
    test.streams[0].send()
    udp_end(test)


@fault
def iperf3_long_reply(s):
    """The reply to the hello of versions up to 3.11 has 8 octets."""
    test = Test(s)
    test.to_streams(udp())
    hello, reply = test.udp_stream().greet(OLD_HELLO, REPLY + bytes(4))
    s.broken("R-26.1-1", hello)
    s.broken("R-26.1-4", reply)
    test.run()
    test.streams[0].send()
    udp_end(test)


@fault
def iperf3_reply_before_streams(s):
    """The server answers a hello before CREATE_STREAMS."""
    test = Test(s)
    test.begin()
    test.ask()
    test.give(udp())
    hello, reply = test.udp_stream().greet()
    s.broken("R-23-4", hello)
    s.broken("R-26.1-5", reply)
    test.state(CREATE_STREAMS)
    test.run()
    test.streams[0].send()
    udp_end(test)


@fault
def iperf3_second_hello_answered(s):
    """The client repeats its hello after 1.1 s, and the server answers both."""
    test = Test(s)
    test.to_streams(udp())
    stream = test.udp_stream()
    stream.up(HELLO)
    stream.down(REPLY)
    s.pass_time(1.1)
    stream.up(HELLO)
    s.broken("R-26.1-6", stream.down(REPLY))
    test.run()
    stream.send()
    udp_end(test)


@fault
def iperf3_too_many_packets(s):
    """The server has seen the sequence 11, and the highest was 10."""
    test = to_end(s, udp(), None)
    test.streams[0].send()
    udp_end(test, packets=11)
    s.broken("R-26.3-1", text(2))


@fault
def iperf3_losses_not_counted(s):
    """The server has 9 datagrams of 10, and no errors."""
    test = to_end(s, udp(), None)
    test.streams[0].send()
    s.pass_time(0.7)
    udp_end(test, 9 * LEN)
    s.broken("R-26.3-2", text(2))


@fault
def iperf3_header_not_counted(s):
    """The server counts more octets than the datagrams had."""
    test = to_end(s, udp(), None)
    test.streams[0].send()
    udp_end(test, 11 * LEN)
    s.broken("R-26.3-4", text(2))
