/*
 * The deliberate faults of iperf-peer, one table for each role.
 *
 * X(name, requirement that it breaks, what the faulty program does). On the command line the underscores of a name are
 * hyphens. At most one fault is active; everywhere else the program keeps to SPEC.md, so that a suite which fails has
 * seen the fault and nothing else. Ask with server_fault(name) and client_fault(name).
 */
#ifndef PEER_FAULTS_H
#define PEER_FAULTS_H

#include "iperf3_faults.h"

#include <stdbool.h>

#define SERVER_FAULTS(X) \
	X(cookie_as_string, "R-3-5", "Compares cookies like C strings: what follows a NUL is not looked at.") \
	X(cookie_16_octets, "R-3-5", "Compares only the first 16 octets of cookies.") \
	X(cookie_no_case, "R-3-5", "Compares cookies without regard to upper and lower case.") \
	X(cookie_refuses_nul, "R-3-4", "Closes a connection whose preamble holds a NUL.") \
	X(cookie_refuses_line_end, "R-3-4", "Closes a connection whose preamble holds a line feed or carriage return.") \
	X(cookie_refuses_space, "R-3-4", "Closes a connection whose preamble holds a space.") \
	X(cookie_refuses_high, "R-3-4", "Closes a connection whose preamble holds an octet above 127.") \
	X(lower_case_accepted, "R-4.2-3", "Takes keywords in lower case for messages.") \
	X(line_end_required, "R-4.2-2", "Takes a first message as complete only when a line feed follows it.") \
	X(line_end_swallowed, "R-8.1-4", "Does not count a line feed that follows IPERF_STREAM_BEGIN.") \
	X(test_end_no_cookie, "R-4.2-4", "Ends the test at the keyword IPERF_TEST_END, without its cookie.") \
	X(preamble_one_read, "R-4.3-1", "Closes a connection whose preamble does not come whole in one read.") \
	X(message_one_read, "R-4.3-1", "Closes a connection whose first message is cut.") \
	X(test_end_one_read, "R-4.3-1", "Aborts the test when IPERF_TEST_END is cut.") \
	X(lost_after_preamble, "R-4.3-1", "Loses octets that are read together with the end of the preamble.") \
	X(lost_after_first, "R-4.3-1", "Loses payload that is read together with the end of IPERF_STREAM_BEGIN.") \
	X(garbage_until_54, "R-4.3-3", "Closes for a bad first message only when 54 octets of it are there.") \
	X(garbage_until_hello, "R-4.3-4", "Closes for a bad first message only after T_hello.") \
	X(garbage_on_control_until_54, "R-4.3-3", "Aborts for octets on the control connection only when 54 are there.") \
	X(other_cookie_first, "R-5.1-4", "Accepts a first message whose cookie differs from the preamble.") \
	X(first_is_control, "R-5.1-5", "Takes the first connection of a test for the control connection even if it is a stream.") \
	X(first_test_end, "R-5.1-6", "Ends the test at an IPERF_TEST_END that is the first message of a new connection.") \
	X(first_garbage_aborts, "R-5.1-6", "Aborts the running test when a connection of it has a bad first message.") \
	X(http_locks, "R-5.1-6", "Leaves a connection open, and its cookie held, whose preamble begins like an HTTP request.") \
	X(echo, "R-2-1", "Sends payload back on the stream connection.") \
	X(acks_test_begin, "R-5.2-1", "Sends an octet on the control connection after IPERF_TEST_BEGIN.") \
	X(acks_stream_begin, "R-5.2-1", "Sends an octet on a stream connection after IPERF_STREAM_BEGIN.") \
	X(acks_stream_end, "R-5.2-1", "Sends an octet on a terminated stream connection before it closes it.") \
	X(greets, "R-5.2-2", "Sends an octet on every connection when it accepts it.") \
	X(reject_with_text, "R-5.2-3", "Sends an error text before it rejects a connection.") \
	X(cookie_from_first_message, "R-6.1-1", "Takes the cookie not from the preamble but when the first message is complete.") \
	X(half_preamble_held, "R-6.1-2", "Holds the first octets of a preamble, filled up with NULs, before 32 are there.") \
	X(one_connection, "R-6.1-3", "Rejects every further connection with the held cookie.") \
	X(stranger_accepted, "R-6.2-1", "Does not reject connections with another cookie.") \
	X(stranger_takes_over, "R-6.2-1", "Gives a newcomer with another cookie the server and aborts the running test.") \
	X(reject_at_33, "R-6.2-2", "Rejects at the 33rd octet.") \
	X(reject_at_first_message, "R-6.2-2", "Rejects only when the first message is complete.") \
	X(stranger_aborts, "R-6.2-3", "Aborts the running test when it rejects a stranger.") \
	X(reject_pauses, "R-6.2-3", "Stands still for 1.5 seconds whenever it rejects a stranger.") \
	X(second_control_taken, "R-6.2-4", "Accepts a second control connection beside the first.") \
	X(second_control_replaces, "R-6.2-4", "Puts a second control connection in the place of the first, which it closes.") \
	X(second_control_aborts, "R-6.2-4", "Aborts the test when a second control connection comes.") \
	X(provisional_kept, "R-6.3-1", "Keeps a provisional cookie until T_begin when its last connection is gone.") \
	X(t_begin_ignored, "R-6.3-2", "Never releases a provisional cookie by time.") \
	X(t_begin_keeps_connections, "R-6.3-3", "Leaves the connections open whose cookie it releases for T_begin.") \
	X(early_stream_refused, "R-6.4-1", "Closes a stream connection that arrives before IPERF_TEST_BEGIN.") \
	X(early_stream_forgotten, "R-6.4-2", "Does not list streams that were begun before IPERF_TEST_BEGIN.") \
	X(early_ended_stream_forgotten, "R-6.4-2", "Does not list streams that have ended before IPERF_TEST_BEGIN.") \
	X(early_ended_stream_released, "R-6.4-2", "Releases the cookie when a stream begun and ended before IPERF_TEST_BEGIN.") \
	X(end_keeps_cookie, "R-6.5-1", "Keeps the cookie for T_begin after IPERF_TEST_END.") \
	X(end_needs_eof, "R-6.5-1", "Ends the test only at the end-of-file after IPERF_TEST_END.") \
	X(end_followed_unseen, "R-6.5-1", "Skips an IPERF_TEST_END that other octets follow in the same read.") \
	X(eof_keeps_cookie, "R-6.5-2", "Keeps the cookie for T_begin after end-of-file on the control connection.") \
	X(eof_ignored, "R-6.5-2", "Goes on with the test after end-of-file on the control connection.") \
	X(reset_keeps_cookie, "R-6.5-2", "Keeps the cookie for T_begin after a reset of the control connection.") \
	X(abort_keeps_cookie, "R-6.5-3", "Keeps the cookie for T_begin when it aborts for octets on the control connection.") \
	X(idle_keeps_cookie, "R-6.5-3", "Keeps the cookie for T_begin when it aborts for T_idle.") \
	X(end_leaves_control, "R-6.5-4", "Leaves the control connection open when the test has ended.") \
	X(end_leaves_streams, "R-6.5-4", "Leaves stream connections open when the test has ended.") \
	X(end_leaves_results, "R-6.5-4", "Leaves results connections open when the test has ended.") \
	X(end_leaves_first, "R-6.5-4", "Leaves connections of the test open that have sent no first message when the test has ended.") \
	X(serves_late, "R-6.5-5", "Rejects whoever comes within 500 ms of the end of a test.") \
	X(control_closed_first, "R-6.5-6", "Releases the cookie 300 ms after it has closed the control connection.") \
	X(straggler_taken, "R-6.5-10", "Takes the cookie of the ended test from a connection offered before that end.") \
	X(control_garbage_ignored, "R-7-4", "Ignores octets on the control connection that are no IPERF_TEST_END.") \
	X(other_test_end_ignored, "R-7-4", "Ignores an IPERF_TEST_END with another cookie on the control connection.") \
	X(control_answers, "R-7-4", "Answers a request for results on the control connection.") \
	X(payload_nul_stops, "R-8.1-4", "Counts the octets of a read only up to the first NUL.") \
	X(payload_test_end_acts, "R-8.1-4", "Ends the test when payload holds IPERF_TEST_END.") \
	X(payload_begin_skipped, "R-8.1-4", "Does not count an IPERF_STREAM_BEGIN at the start of the payload.") \
	X(stream_eof_not_closed, "R-8.1-5", "Leaves a stream connection open after its end-of-file.") \
	X(end_never_seen, "R-8.2-1", "Never takes a TCP stream as terminated.") \
	X(end_other_cookie, "R-8.2-1", "Takes IPERF_STREAM_END with any cookie as the end of a TCP stream.") \
	X(end_whole_read, "R-8.2-2", "Sees the end of a TCP stream only when a read returns exactly IPERF_STREAM_END.") \
	X(end_cut_unseen, "R-8.2-2", "Does not see an IPERF_STREAM_END on TCP that two reads share.") \
	X(end_inside_dropped, "R-8.2-3", "Does not count an IPERF_STREAM_END that other octets follow.") \
	X(end_sticky, "R-8.2-4", "Keeps a TCP stream terminated when other octets follow IPERF_STREAM_END.") \
	X(end_deaf, "R-8.2-4", "Ignores what follows IPERF_STREAM_END on TCP.") \
	X(end_closes, "R-8.2-4", "Closes a stream connection at IPERF_STREAM_END without waiting for end-of-file.") \
	X(half_end_withheld, "R-8.2-5", "Does not count the octets of a half IPERF_STREAM_END.") \
	X(end_counted, "R-8.2-5", "Counts the final IPERF_STREAM_END on TCP as payload.") \
	X(preamble_counted, "R-8.2-5", "Counts the preamble of a stream connection as payload.") \
	X(begin_counted, "R-8.2-5", "Counts IPERF_STREAM_BEGIN on TCP as payload.") \
	X(eof_is_complete, "R-8.2-6", "Reports a stream as complete when its connection has ended without IPERF_STREAM_END.") \
	X(reset_is_complete, "R-8.2-6", "Reports a stream as complete when its connection was reset.") \
	X(cut_stream_forgotten, "R-8.2-6", "Does not list a stream whose connection ended without IPERF_STREAM_END.") \
	X(udp_other_cookie_opens, "R-8.3-1", "Opens a UDP stream for IPERF_STREAM_BEGIN with any cookie.") \
	X(udp_longer_opens, "R-8.3-1", "Opens a UDP stream for a datagram that begins with IPERF_STREAM_BEGIN and goes on.") \
	X(udp_by_address, "R-8.3-1", "Names a UDP stream by its source address, whatever the port.") \
	X(udp_one_stream, "R-8.3-1", "Opens one UDP stream only in a test.") \
	X(udp_end_unseen, "R-8.3-2", "Never takes a UDP stream as terminated, and drops its IPERF_STREAM_END.") \
	X(udp_end_other_cookie, "R-8.3-2", "Takes IPERF_STREAM_END with any cookie as the end of a UDP stream.") \
	X(udp_longer_ends, "R-8.3-2", "Takes a datagram that begins with IPERF_STREAM_END and goes on as the end of a UDP stream.") \
	X(udp_end_undone, "R-8.3-2", "Takes a terminated UDP stream as not terminated when payload follows.") \
	X(udp_empty_ignored, "R-8.3-3", "Does not count empty datagrams.") \
	X(udp_messages_dropped, "R-8.3-3", "Does not count datagrams that are messages with another cookie.") \
	X(udp_cut, "R-8.3-3", "Counts at most 1472 octets of a datagram.") \
	X(udp_repeat_counted, "R-8.3-4", "Counts repeated messages on UDP as payload.") \
	X(udp_repeat_opens, "R-8.3-4", "Opens a second stream for a repeated IPERF_STREAM_BEGIN datagram.") \
	X(udp_unknown_opens, "R-8.3-5", "Opens a UDP stream for any datagram from an unknown source.") \
	X(udp_unknown_counted, "R-8.3-5", "Counts datagrams from unknown sources to the last UDP stream.") \
	X(udp_unknown_answered, "R-8.3-5", "Answers a datagram that it drops.") \
	X(udp_early_opens, "R-8.3-6", "Opens a UDP stream while the cookie is held provisionally.") \
	X(udp_takes_cookie, "R-8.3-7", "Takes the cookie from an IPERF_STREAM_BEGIN datagram.") \
	X(udp_acks_begin, "R-8.3-8", "Answers IPERF_STREAM_BEGIN datagrams.") \
	X(udp_acks_end, "R-8.3-8", "Answers IPERF_STREAM_END datagrams.") \
	X(udp_late_dropped, "R-8.3-11", "Does not count payload that arrives after IPERF_STREAM_END on UDP.") \
	X(no_stream_refused, "R-8.5-1", "Closes a request unanswered while the test has no stream.") \
	X(mixed_refused, "R-8.5-2", "Refuses streams of the other protocol than that of the first stream of a test.") \
	X(response_other_cookie, "R-9.1-3", "Answers with a cookie that differs in its last octet.") \
	X(answer_waits_for_eof, "R-9.1-3", "Answers only when the client has half-closed the results connection.") \
	X(answer_not_ended, "R-9.1-4", "Does not end the results connection after the result data.") \
	X(response_no_space, "R-9.1-5", "Puts no space before the result data.") \
	X(response_two_spaces, "R-9.2-9", "Puts two spaces before the result data.") \
	X(response_newline, "R-9.2-9", "Puts a line feed after the result data.") \
	X(response_nul, "R-9.2-9", "Puts a NUL after the result data.") \
	X(stale_answer, "R-9.1-6", "Answers with the result data of the request before.") \
	X(results_once, "R-9.1-7", "Answers one request only in a test.") \
	X(results_when_ended, "R-9.1-7", "Closes requests unanswered while a stream is open.") \
	X(answers_without_test, "R-9.1-8", "Answers requests before IPERF_TEST_BEGIN.") \
	X(request_aborts, "R-9.1-9", "Aborts the test when it has answered a request.") \
	X(request_resets_sums, "R-9.1-9", "Sets all sums to 0 when it has answered a request.") \
	X(request_tail_refused, "R-9.1-10", "Closes without an answer when octets follow the request in the same read.") \
	X(request_repeat_answered, "R-9.1-10", "Answers a second request on the same results connection.") \
	X(answer_lost, "R-9.1-11", "Closes with unread octets after the request, so that a reset destroys the answer.") \
	X(answered_left_open, "R-9.1-12", "Waits for ever for the end-of-file of an answered results connection.") \
	X(half_closed_unanswered, "R-9.1-13", "Closes without an answer when end-of-file follows the request.") \
	X(json_trailing_comma, "R-9.2-1", "Leaves a comma behind the last member of an object.") \
	X(json_duplicate, "R-9.2-1", "Writes the outer member bytes twice.") \
	X(json_two_objects, "R-9.2-1", "Writes the object twice.") \
	X(json_no_sum, "R-9.2-2", "Leaves the outer member bytes out.") \
	X(json_streams_null, "R-9.2-2", "Writes null for an empty array of streams.") \
	X(json_ended_unlisted, "R-9.2-2", "Lists open streams only.") \
	X(json_terminated_only, "R-9.2-2", "Lists terminated streams only.") \
	X(json_old_listed, "R-9.2-2", "Lists the streams of the tests before, too.") \
	X(json_reset_unlisted, "R-9.2-2", "Does not list a stream whose connection was reset.") \
	X(json_no_seconds, "R-9.2-3", "Leaves the member seconds out.") \
	X(json_bytes_string, "R-9.2-3", "Writes the bytes of a stream in quotes.") \
	X(json_upper_protocol, "R-9.2-3", "Writes the protocol in upper case.") \
	X(json_port_wrong, "R-9.2-3", "Writes client_port with its two octets exchanged.") \
	X(json_port_own, "R-9.2-3", "Writes the server's own port as client_port.") \
	X(json_complete_number, "R-9.2-3", "Writes complete as 1 or 0.") \
	X(json_udp_headers, "R-9.2-3", "Counts 28 octets of headers for each datagram.") \
	X(json_ids_from_0, "R-9.2-4", "Counts the ids from 0.") \
	X(json_reversed, "R-9.2-4", "Lists the streams in the reverse order.") \
	X(json_ids_by_protocol, "R-9.2-4", "Counts the ids of TCP and UDP streams apart.") \
	X(json_packets_0_on_tcp, "R-9.2-5", "Writes 0 for the packets of a TCP stream.") \
	X(json_packets_null_on_udp, "R-9.2-5", "Writes null for the packets of a UDP stream.") \
	X(json_packets_messages, "R-9.2-5", "Counts the messages of a UDP stream as packets.") \
	X(json_sum_wrong, "R-9.2-6", "Adds one to the outer bytes.") \
	X(json_sum_last, "R-9.2-6", "Writes the bytes of the last stream as the outer bytes.") \
	X(json_seconds_negative, "R-9.2-7", "Writes seconds with a minus sign.") \
	X(json_seconds_ms, "R-9.2-7", "Writes seconds in milliseconds.") \
	X(json_seconds_to_now, "R-9.2-7", "Measures seconds up to the answer.") \
	X(json_seconds_to_eof, "R-9.2-7", "Measures seconds up to the end-of-file of the connection.") \
	X(json_seconds_from_accept, "R-9.2-7", "Measures seconds from the opening of the connection.") \
	X(json_seconds_udp_end, "R-9.2-7", "Measures seconds on UDP up to the last repeat of IPERF_STREAM_END.") \
	X(json_exponent, "R-9.2-8", "Writes bytes with an exponent.") \
	X(json_fraction, "R-9.2-8", "Writes bytes with a fraction.") \
	X(t_hello_ignored, "R-10-1", "Never closes a connection for T_hello.") \
	X(t_hello_restarts, "R-10-1", "Starts T_hello anew with each octet.") \
	X(t_hello_until_preamble, "R-10-1", "Heeds T_hello only until the preamble is complete.") \
	X(t_idle_ignored, "R-10-2", "Never aborts a test for T_idle.") \
	X(idle_counts_strangers, "R-10-3", "Starts T_idle anew for octets of connections with another cookie.") \
	X(idle_counts_dropped, "R-10-3", "Starts T_idle anew for datagrams that it drops.") \
	X(idle_counts_eof, "R-10-3", "Starts T_idle anew for an end-of-file.") \
	X(idle_deaf_tcp, "R-10-3", "Does not start T_idle anew for payload on TCP.") \
	X(idle_deaf_udp, "R-10-3", "Does not start T_idle anew for datagrams of the streams.") \
	X(idle_deaf_requests, "R-10-3", "Does not start T_idle anew for requests.") \
	X(stranger_blocks, "R-10-5", "Waits up to 3 seconds for a half preamble and does nothing else meanwhile.") \
	X(pending_unbounded, "R-11-1", "Sets no bound to connections without a first message.") \
	X(pending_newcomer_closed, "R-11-2", "Closes the newcomer instead of the connection that has waited longest.") \
	X(streams_unbounded, "R-11-3", "Sets no bound to the streams of a test.") \
	X(streams_open_bounded, "R-11-3", "Does not count streams that have ended for the bound.") \
	X(streams_udp_unbounded, "R-11-3", "Sets no bound to UDP streams.") \
	X(stream_bound_aborts, "R-11-4", "Aborts the test when one stream more comes than the bound allows.") \
	X(stream_bound_keeps_open, "R-11-4", "Leaves the connection of a stream above the bound open.") \
	X(results_unbounded, "R-11-5", "Sets no bound to answered results connections.")

#define CLIENT_FAULTS(X) \
	X(cookie_constant, "R-3-3", "Uses the same cookie in each test.") \
	X(two_spaces, "R-4.2-1", "Puts two spaces between keyword and cookie.") \
	X(line_end, "R-4.2-2", "Puts a line feed after each message on TCP.") \
	X(nul_after, "R-4.2-2", "Puts a NUL after each message on TCP.") \
	X(request_line_end, "R-4.2-2", "Puts a line feed after the request for results.") \
	X(test_end_line_end, "R-4.2-2", "Puts a line feed after IPERF_TEST_END.") \
	X(udp_line_end, "R-4.3-2", "Puts a line feed after each message on UDP.") \
	X(udp_preamble, "R-4.3-2", "Puts a preamble before each message on UDP.") \
	X(udp_split, "R-4.3-2", "Sends each message on UDP as two datagrams.") \
	X(lower_case, "R-4.2-3", "Writes the keywords in lower case.") \
	X(keyword_spaces, "R-4.2-3", "Writes the keywords with spaces instead of underscores.") \
	X(test_end_no_cookie, "R-4.2-4", "Sends IPERF_TEST_END without a cookie.") \
	X(no_preamble, "R-5.1-1", "Sends no preamble on stream connections.") \
	X(no_preamble_on_results, "R-5.1-1", "Sends no preamble on results connections.") \
	X(preamble_line_end, "R-5.1-2", "Puts a line feed between preamble and first message.") \
	X(message_late, "R-5.1-2", "Sends the first message of a stream one second after the preamble.") \
	X(preamble_differs, "R-5.1-3", "Sends another cookie in the first message of a stream than in the preamble.") \
	X(open_all_first, "R-5.1-7", "Opens all stream connections before it writes the first preamble of a stream.") \
	X(stream_before_test, "R-5.1-8", "Opens a stream connection before it writes IPERF_TEST_BEGIN.") \
	X(no_test_begin, "R-7-1", "Sends nothing after the preamble of the control connection until IPERF_TEST_END.") \
	X(two_controls, "R-7-2", "Opens a second control connection.") \
	X(no_test_end, "R-7-3", "Closes the control connection without IPERF_TEST_END.") \
	X(test_end_elsewhere, "R-7-3", "Sends IPERF_TEST_END on a connection of its own.") \
	X(test_end_before_results, "R-9.3-1", "Sends IPERF_TEST_END before it asks for results.") \
	X(end_not_half_closed, "R-6.5-7", "Does not half-close the control connection after IPERF_TEST_END.") \
	X(no_finish_wait, "R-6.5-8", "Closes the control connection at once after IPERF_TEST_END.") \
	X(finish_for_ever, "R-6.5-8", "Waits without limit for the end-of-file of the control connection.") \
	X(reset_ignored, "R-5.2-4", "Takes a reset of the control connection, unlike end-of-file, for a good end of the test.") \
	X(rejected_exit_0, "R-5.2-5", "Succeeds when its control connection is rejected.") \
	X(retries, "R-5.2-6", "Tries again at once when it is rejected.") \
	X(abort_called_rejection, "R-5.2-7", "Reports every early end of the control connection as a rejection.") \
	X(rejection_called_abort, "R-5.2-7", "Reports every early end of the control connection as an abort.") \
	X(control_end_ignored, "R-5.2-8", "Goes on with the test when the server has ended the control connection.") \
	X(no_stream_begin, "R-8.1-1", "Sends payload on TCP without IPERF_STREAM_BEGIN.") \
	X(no_stream_end, "R-8.1-2", "Half-closes TCP streams without IPERF_STREAM_END.") \
	X(stream_not_half_closed, "R-8.1-3", "Does not half-close TCP streams.") \
	X(stream_reset, "R-8.1-3", "Resets TCP streams after IPERF_STREAM_END.") \
	X(no_stream_wait, "R-8.1-6", "Asks for results without waiting for the end-of-file of TCP streams.") \
	X(stream_wait_for_ever, "R-8.1-6", "Waits without limit for the end-of-file of TCP streams.") \
	X(early_end_unreported, "R-8.1-7", "Succeeds although the server ended a stream connection early.") \
	X(early_end_breaks_off, "R-8.1-7", "Aborts the test when the server ends a stream connection early.") \
	X(payload_is_message, "R-8.3-9", "Sends payload datagrams that equal IPERF_STREAM_END.") \
	X(one_source_port, "R-8.3-10", "Sends all UDP streams from one source port.") \
	X(begin_once, "R-8.4-1", "Sends IPERF_STREAM_BEGIN once only on UDP.") \
	X(end_once, "R-8.4-2", "Sends IPERF_STREAM_END once only on UDP.") \
	X(ends_back_to_back, "R-8.4-2", "Sends the repeats of IPERF_STREAM_END without a distance.") \
	X(no_confirm, "R-8.4-3", "Sends payload on UDP without asking for results before.") \
	X(no_begin_repeat, "R-8.4-4", "Does not repeat IPERF_STREAM_BEGIN for UDP streams that are not listed.") \
	X(no_end_repeat, "R-8.4-5", "Does not repeat IPERF_STREAM_END for UDP streams that are not complete.") \
	X(no_second_request, "R-8.4-6", "Does not ask again when a request is closed unanswered.") \
	X(unlisted_unreported, "R-8.4-7", "Succeeds although a UDP stream is not listed.") \
	X(incomplete_unreported, "R-8.4-7", "Succeeds although a UDP stream is not complete.") \
	X(loss_breaks_off, "R-8.4-7", "Aborts the test when a UDP stream stays unlisted.") \
	X(request_on_control, "R-9.1-2", "Sends the request for results on the control connection.") \
	X(two_requests, "R-9.1-2", "Sends two requests on one results connection.") \
	X(no_request, "R-9.3-1", "Does not ask for results after the streams.") \
	X(white_space_refused, "R-9.2-10", "Takes white space around the result data as malformed.") \
	X(unknown_member_refused, "R-9.2-11", "Takes unknown members as malformed.") \
	X(cut_accepted, "R-9.3-2", "Accepts a response that ends early.") \
	X(other_cookie_accepted, "R-9.3-2", "Accepts a response with another cookie.") \
	X(no_space_accepted, "R-9.3-2", "Accepts a response without the space before the result data.") \
	X(tail_accepted, "R-9.3-2", "Accepts octets after the object.") \
	X(malformed_accepted, "R-9.3-2", "Accepts text that is no JSON.") \
	X(duplicate_accepted, "R-9.3-2", "Accepts duplicate names.") \
	X(string_number_accepted, "R-9.3-2", "Accepts numbers in quotes.") \
	X(missing_member_accepted, "R-9.3-2", "Accepts streams without all their members.") \
	X(exponent_accepted, "R-9.3-2", "Accepts integers with fraction or exponent.") \
	X(ids_unchecked, "R-9.3-2", "Accepts any ids.") \
	X(packets_unchecked, "R-9.3-2", "Accepts any kind of packets on any protocol.") \
	X(sum_unchecked, "R-9.3-2", "Accepts a wrong sum.") \
	X(bad_utf8_accepted, "R-9.3-2", "Accepts text that is not UTF-8.") \
	X(error_exit_0, "R-9.3-2", "Succeeds although a response was malformed.") \
	X(no_end_after_error, "R-9.3-3", "Sends no IPERF_TEST_END after a malformed response.") \
	X(no_end_after_timeout, "R-9.3-3", "Sends no IPERF_TEST_END when T_results passed without an answer.") \
	X(early_error_ends, "R-9.3-3", "Sends no payload and no IPERF_STREAM_END when a response before the payload is malformed.") \
	X(timeout_exit_0, "R-9.3-5", "Succeeds when T_results has passed without an answer.") \
	X(timer_restarts, "R-9.3-5", "Starts T_results anew with each request of a series.") \
	X(asks_busily, "R-9.3-6", "Leaves no pause before it asks again.") \
	X(response_for_ever, "R-10-6", "Waits without limit for a response.") \

#define AS_SERVER_FAULT(name, requirement, text) SERVER_FAULT_##name,
#define AS_CLIENT_FAULT(name, requirement, text) CLIENT_FAULT_##name,
enum fault {
	NO_FAULT,
	SERVER_FAULTS(AS_SERVER_FAULT) CLIENT_FAULTS(AS_CLIENT_FAULT) I3_SERVER_FAULTS(AS_I3_SERVER_FAULT)
	    I3_CLIENT_FAULTS(AS_I3_CLIENT_FAULT)
};

extern enum fault active_fault;

#define server_fault(name) (active_fault == SERVER_FAULT_##name)
#define client_fault(name) (active_fault == CLIENT_FAULT_##name)

/* Makes the fault of that profile, role and name the active one; false: there is none. */
bool fault_activate(bool iperf3, bool server, const char *name);

/* Prints a line for each fault of the role. */
void fault_list(bool iperf3, bool server);

#endif
