/*
 * The deliberate faults of iperf-peer with --profile iperf3, as in faults.h, which includes this. A fault that both
 * roles can have stands in both tables under one name; i3_fault(name) asks for either.
 */
#ifndef PEER_IPERF3_FAULTS_H
#define PEER_IPERF3_FAULTS_H

/* What either role can do wrong. */
#define I3_SHARED_FAULTS(X) \
	X(text_one_read, "R-22.1-3", "Takes JSON text only when it is all there at the first read.") \
	X(length_little_endian, "R-22.4-1", "Writes the length of its text least significant octet first.") \
	X(text_terminated, "R-22.4-1", "Sends and counts a NUL behind its text.") \
	X(white_space_refused, "R-22.4-2", "Fails the test when text has line feeds.") \
	X(key_written_twice, "R-22.4-4", "Writes a key of its text twice.") \
	X(upper_case_key, "R-22.4-4", "Begins a key of its text with a capital.") \
	X(bad_json_taken, "R-22.4-5", "Takes text that is no JSON for an object without keys, or for success.") \
	X(length_zero_taken, "R-22.4-5", "Takes the length 0 for an object without keys, or for success.") \
	X(wrong_type_crashes, "R-22.4-7", "Crashes when a value of results that is to be text is a number.") \
	X(unsigned_refused, "R-22.4-8", "Fails the test when -1 is written as 18446744073709551615.") \
	X(exponent_refused, "R-22.4-9", "Fails the test when an integer is written with fraction or exponent.") \
	X(minus_one_unsigned, "R-22.4-10", "Writes -1 as 18446744073709551615.") \
	X(ids_1_2_3, "R-25-7", "Numbers streams 1, 2, 3.") \
	X(payload_nul_stops, "R-25-8", "Counts what it reads only up to the first NUL.") \
	X(wide_not_sent, "R-26.2-1", "Sends the 32-bit header whatever the parameters say.") \
	X(sequence_little_endian, "R-26.2-1", "Sends the sequence least significant octet first.") \
	X(datagrams_without_header, "R-26.2-2", "Sends datagrams that are shorter than len by the header.") \
	X(sequence_from_zero, "R-26.2-3", "Counts the sequence of its datagrams from 0.") \
	X(sequence_restarts, "R-26.2-3", "Counts the sequence of its datagrams from 1 again after omit.") \
	X(short_datagrams_joined, "R-26.2-4", "Joins datagrams that are shorter than len.") \
	X(packets_received, "R-26.3-1", "Reports as packets the number of datagrams received.") \
	X(errors_forgotten, "R-26.3-2", "Reports no lost datagrams.") \
	X(first_loss_unseen, "R-26.3-2", "Does not count what was lost before the first datagram.") \
	X(late_not_taken_off, "R-26.3-3", "Leaves errors as they are when a datagram comes late.") \
	X(late_below_zero, "R-26.3-3", "Takes late datagrams off errors below 0.") \
	X(bytes_without_header, "R-26.3-4", "Does not count the headers of datagrams.") \
	X(repeated_not_counted, "R-26.3-4", "Does not count the octets of datagrams that come late or again.") \
	X(jitter_zero, "R-26.3-5", "Reports no jitter.") \
	X(jitter_in_ms, "R-26.3-5", "Reports jitter in milliseconds.") \
	X(sequence_32_bits, "R-26.3-7", "Keeps 32 bits of the sequence.") \
	X(wide_not_read, "R-26.2-1", "Reads the 32-bit header whatever the parameters say.") \
	X(omit_counted, "R-26.3-8", "Counts the octets of omit.") \
	X(omit_dropped, "R-26.3-8", "Leaves the datagrams of omit out of packets and errors.") \
	X(bandwidth_ignored, "R-27.2-4", "Sends as fast as it can.") \
	X(no_jitter, "R-28-1", "Writes results without jitter.") \
	X(no_cpu_util_system, "R-28-1", "Writes results without cpu_util_system.") \
	X(no_sender_has_retransmits, "R-28-1", "Writes results without sender_has_retransmits.") \
	X(bytes_as_string, "R-28-1", "Writes bytes as a string.") \
	X(one_stream_listed, "R-28-2", "Lists one stream only in its results.") \
	X(unknown_key_refused, "R-22.4-3", "Fails the test when text has a key that it does not know.") \
	X(strange_result_key_refused, "R-28-3", "Fails the test when results have a key that it does not know.") \
	X(optional_key_required, "R-28-3", "Fails the test when results lack a key that need not be there.") \
	X(missing_key_taken, "R-28-4", "Accepts results without a key that has to be there.") \
	X(unknown_id_taken, "R-28-5", "Accepts results about streams that there are not.") \
	X(missing_stream_refused, "R-28-6", "Fails the test when results lack a stream.") \
	X(results_65536, "R-28-7", "Fails the test when results are longer than 65536 octets.") \
	X(retransmits_of_receiver, "R-28-8", "Says that it sends, when it only receives.") \
	X(retransmits_missing, "R-28-8", "Says that it counts retransmits, and reports -1 of them.") \
	X(results_unbounded, "R-32-1", "Waits for results of any length.") \
	X(stops_in_silence, I3_STOP, "Says nothing when it is stopped by its user.") \
	X(unsent_state_sent, I3_STATES, "Sends a state that is not one of its own.")

#define I3_SERVER_ONLY_FAULTS(X) \
	X(speaks_first, "R-22.1-2", "Sends PARAM_EXCHANGE as soon as it has accepted a connection.") \
	X(cookie_one_read, "R-22.1-3", "Closes a connection whose cookie does not come whole in one read.") \
	X(early_octets_lost, "R-22.1-4", "Loses what comes together with the cookie.") \
	X(early_results_lost, "R-22.1-4", "Loses what comes together with TEST_END.") \
	X(cookie_alphabet, "R-22.2-3", "Closes connections whose cookie has other characters than those of iperf3.") \
	X(cookie_needs_nul, "R-22.2-3", "Closes connections whose cookie does not end in NUL.") \
	X(cookie_high_differs, "R-22.2-4", "Denies streams whose cookie has octets above 127.") \
	X(short_cookie_taken, "R-22.2-5", "Sends PARAM_EXCHANGE when a connection ends with fewer than 37 octets.") \
	X(unknown_state_ignored, "R-22.3-3", "Ignores states that it does not know.") \
	X(test_start_taken, "R-22.3-4", "Takes TEST_START from the client for its own state, and denies streams.") \
	X(keys_in_order, "R-22.4-2", "Fails the test when the transport is not the first key.") \
	X(cut_text_awaited, "R-22.4-5", "Does not notice that text is cut short by the end of the connection.") \
	X(long_text_awaited, "R-22.4-6", "Waits for text that is longer than its bound, and for ever.") \
	X(string_key_crashes, "R-22.4-7", "Crashes when a parameter that is to be text is a number.") \
	X(number_key_hangs, "R-22.4-7", "Hangs when a parameter that is to be a number is none.") \
	X(cookie_unanswered, "R-23-1", "Waits for parameters without PARAM_EXCHANGE.") \
	X(create_streams_at_once, "R-23-3", "Sends CREATE_STREAMS right behind PARAM_EXCHANGE.") \
	X(udp_bound_late, "R-23-3", "Sends CREATE_STREAMS 200 ms before its UDP socket is there.") \
	X(starts_after_one, "R-23-5", "Starts the test when one stream is there.") \
	X(no_test_start, "R-23-5", "Sends TEST_RUNNING without TEST_START.") \
	X(running_first, "R-23-5", "Sends TEST_RUNNING before TEST_START.") \
	X(payload_early, "R-23-7", "Sends payload as soon as a stream is there.") \
	X(blocking_writes, "R-23-9", "Does not see TEST_END while its writes of payload are blocked.") \
	X(test_end_by_time, "R-23-9", "Ignores a TEST_END that comes before the time is over.") \
	X(results_early, "R-23-11", "Sends its results right behind EXCHANGE_RESULTS.") \
	X(no_display, "R-23-12", "Sends no DISPLAY_RESULTS.") \
	X(display_first, "R-23-12", "Sends DISPLAY_RESULTS before its results.") \
	X(done_leaves_open, "R-23-16", "Leaves the control connection open after IPERF_DONE.") \
	X(error_after_done, "R-23-17", "Sends SERVER_ERROR after IPERF_DONE.") \
	X(done_needs_end, "R-23-18", "Is free after IPERF_DONE only when the client closes its end.") \
	X(failure_keeps_busy, "R-23-18", "Denies clients for 5 s after it has failed a test.") \
	X(done_keeps_busy, "R-23-19", "Denies clients for 3 s after a test.") \
	X(udp_once, "R-23-20", "Answers hellos in its first test over UDP only.") \
	X(server_output_sticks, "R-23-21", "Sends its output to all clients after one that asked for it.") \
	X(reverse_sticks, "R-23-21", "Sends payload in all tests after a reverse one.") \
	X(wide_sticks, "R-23-21", "Has counters of 64 bits in all tests after one that asked for them.") \
	X(empty_object_refused, "R-24-3", "Fails the test when len is absent.") \
	X(parameters_4096, "R-24-4", "Fails the test when parameters are longer than 4096 octets.") \
	X(len_unchecked, "R-24-5", "Runs the test with another len when that of the parameters cannot be served.") \
	X(parallel_unchecked, "R-24-5", "Runs a test of no streams.") \
	X(sctp_as_tcp, "R-24-6", "Runs the test over TCP when asked for SCTP.") \
	X(window_ignored, "R-24-6", "Runs the test with any window.") \
	X(token_ignored, "R-24-6", "Ignores a token.") \
	X(congestion_refused, "R-24-7", "Fails the test when it does not have the congestion control.") \
	X(limits_ignored, "R-24-8", "Ignores its limits of bandwidth and time.") \
	X(stream_answered, "R-25-3", "Sends an octet on a stream whose cookie is right.") \
	X(cookie_not_compared, "R-25-4", "Takes connections with any cookie for streams.") \
	X(cookie_8_octets, "R-25-4", "Compares the first 8 octets of cookies only.") \
	X(wrong_cookie_closed, "R-25-4", "Closes connections with a wrong cookie without ACCESS_DENIED.") \
	X(wrong_cookie_ends_test, "R-25-4", "Ends the test when a connection has a wrong cookie.") \
	X(short_stream_cookie_taken, "R-25-5", "Takes a connection that ends within its cookie for a stream.") \
	X(short_stream_cookie_fails, "R-25-5", "Ends the test when a connection ends within its cookie.") \
	X(silent_stream_delays, "R-25-6", "Reads cookies one after another while it awaits streams.") \
	X(block_per_read, "R-25-9", "Counts a block for each read.") \
	X(cookie_counted, "R-25-9", "Counts the cookie of a stream as payload.") \
	X(whole_blocks_only, "R-25-10", "Does not count a last partial block.") \
	X(ended_stream_ends_test, "R-25-11", "Ends the test when the client closes a stream.") \
	X(reset_stream_ends_hearing, "R-25-12", "Ignores TEST_END after a stream was reset.") \
	X(old_reply_always, "R-26.1-3", "Sends the reply of versions up to 3.11 to every hello.") \
	X(reply_from_other_port, "R-26.1-3", "Sends the reply from another port.") \
	X(old_hello_ignored, "R-26.1-4", "Does not answer the hello of versions up to 3.11.") \
	X(hello_before_streams, "R-26.1-5", "Answers hellos before CREATE_STREAMS.") \
	X(late_hello_answered, "R-26.1-5", "Answers hellos after the last stream.") \
	X(second_hello_answered, "R-26.1-6", "Answers a second hello from the same port.") \
	X(foreign_counted, "R-26.3-6", "Counts datagrams from other sources for the first stream.") \
	X(reverse_ignored, "R-27.1-1", "Takes every test for a forward one.") \
	X(reverse_first_only, "R-27.1-1", "Sends payload on the first stream only.") \
	X(reverse_stops_short, "R-27.1-1", "Stops sending when it has sent half of num.") \
	X(bidirectional_swapped, "R-27.1-6", "Sends on the first half of the streams, and receives on the second.") \
	X(no_server_output, "R-28-9", "Does not send its output when asked.") \
	X(server_output_always, "R-28-10", "Sends its output unasked.") \
	X(error_without_numbers, "R-29-1", "Sends SERVER_ERROR alone.") \
	X(error_4_octets, "R-29-1", "Sends 4 octets after SERVER_ERROR.") \
	X(client_terminate_ignored, "R-29-6", "Goes on with the test after CLIENT_TERMINATE.") \
	X(early_terminate_ignored, "R-29-6", "Ignores CLIENT_TERMINATE while it awaits streams.") \
	X(stops_in_silence_early, "R-29-7", "Says nothing when it is stopped while no payload flows.") \
	X(early_end_unseen, "R-29-9", "Does not notice the end of the control connection while it awaits streams.") \
	X(lost_client_kept, "R-29-9", "Goes on with the test after the control connection has ended.") \
	X(lost_client_keeps_busy, "R-29-9", "Denies clients for 5 s after a control connection that has ended.") \
	X(end_leaves_streams, "R-29-9", "Leaves streams open when the control connection has ended.") \
	X(one_off_ends_for_scan, "R-29-12", "Ends, when it is to serve one test, for a connection without a cookie.") \
	X(one_off_ends_for_failure, "R-29-12", "Ends, when it is to serve one test, for parameters that are none.") \
	X(one_off_goes_on, "R-29-13", "Does not end after the one test that it is to serve.") \
	X(error_twice, "R-29-14", "Sends SERVER_ERROR twice.") \
	X(newcomer_waits, "R-30-1", "Leaves connections during a test open.") \
	X(newcomer_ends_test, "R-30-2", "Ends the test when another connection comes.") \
	X(newcomer_stops_payload, "R-30-2", "Moves no more payload when another connection has come.") \
	X(silent_client_delays, "R-30-3", "Reads cookies one after another when it is free.") \
	X(newcomer_forgotten, "R-30-4", "Forgets connections that come while it awaits parameters.") \
	X(cookie_for_ever, "R-31-1", "Waits for ever for a cookie.") \
	X(parameters_for_ever, "R-31-1", "Waits for ever for parameters.") \
	X(results_for_ever, "R-31-1", "Waits for ever for results.") \
	X(streams_for_ever, "R-31-2", "Waits for ever for streams.") \
	X(silence_for_ever, "R-31-2", "Waits for ever for payload.") \
	X(display_for_ever, "R-31-2", "Waits for ever for IPERF_DONE.") \
	X(over_ignored, "R-31-3", "Lets a test go on however long its time is over.") \
	X(streams_unbounded, "R-32-2", "Runs a test of any number of streams.")

#define I3_CLIENT_ONLY_FAULTS(X) \
	X(cookie_late, "R-22.1-1", "Sends the cookie 1.5 s after it has connected.") \
	X(params_early, "R-22.1-1", "Sends the parameters right behind the cookie.") \
	X(cookie_without_nul, "R-22.2-1", "Sends a 37th character in the place of the NUL.") \
	X(cookie_host_name, "R-22.2-1", "Begins the cookie with the host's name.") \
	X(cookie_constant, "R-22.2-2", "Sends the same cookie in every test.") \
	X(unknown_state_ignored, "R-22.3-5", "Ignores states that do not follow.") \
	X(display_is_success, "R-22.3-5", "Succeeds at DISPLAY_RESULTS whenever it comes.") \
	X(boolean_as_number, "R-22.4-4", "Writes booleans as 1.") \
	X(false_written, "R-22.4-4", "Writes reverse as false in a forward test.") \
	X(no_params, "R-23-2", "Does not answer PARAM_EXCHANGE.") \
	X(streams_early, "R-23-4", "Opens streams before CREATE_STREAMS.") \
	X(payload_early, "R-23-6", "Sends payload right behind the cookie of a stream.") \
	X(payload_at_test_start, "R-23-6", "Sends payload at TEST_START.") \
	X(no_test_end, "R-23-8", "Half-closes the streams instead of sending TEST_END.") \
	X(end_mark_sent, "R-23-8", "Sends a datagram with a negative sequence at the end of a stream.") \
	X(no_results, "R-23-10", "Does not answer EXCHANGE_RESULTS.") \
	X(no_done, "R-23-13", "Closes without IPERF_DONE.") \
	X(done_leaves_open, "R-23-13", "Leaves the control connection open after IPERF_DONE.") \
	X(late_octets_fail, "R-23-14", "Fails the test when something comes after IPERF_DONE.") \
	X(waits_for_server_end, "R-23-15", "Waits 10 s for the server's end after IPERF_DONE.") \
	X(num_absent, "R-24-1", "Leaves num out of the parameters.") \
	X(both_transports, "R-24-1", "Says tcp also in tests over UDP.") \
	X(parallel_not_told, "R-24-2", "Says parallel 1 whatever it does.") \
	X(len_not_told, "R-24-2", "Says the default len whatever it does.") \
	X(stream_without_cookie, "R-25-1", "Sends no cookie on streams.") \
	X(stream_cookie_differs, "R-25-1", "Sends another cookie on streams.") \
	X(stream_answer_awaited, "R-25-2", "Waits for an octet on each stream.") \
	X(denied_stream_ignored, "R-25-13", "Goes on when a stream is denied.") \
	X(reset_stream_ignored, "R-25-13", "Goes on when a stream is reset.") \
	X(refused_stream_ignored, "R-25-14", "Goes on when a stream cannot be opened.") \
	X(old_hello, "R-26.1-1", "Sends the hello of versions up to 3.11.") \
	X(hellos_at_once, "R-26.1-2", "Sends the hellos of all streams before the first reply.") \
	X(old_reply_refused, "R-26.1-7", "Fails the test on the reply of versions up to 3.11.") \
	X(long_reply_refused, "R-26.1-7", "Fails the test on a reply of more than 4 octets.") \
	X(any_reply_taken, "R-26.1-8", "Takes any 4 octets for the reply.") \
	X(payload_is_bad_reply, "R-26.1-8", "Fails the test when payload comes before the reply.") \
	X(udp_reply_for_ever, "R-26.1-9", "Waits for ever for a reply.") \
	X(hello_once, "R-26.1-10", "Sends a hello once.") \
	X(hello_flood, "R-26.1-10", "Repeats a hello every 200 ms.") \
	X(reverse_sends, "R-27.1-2", "Sends payload in reverse tests too.") \
	X(end_needs_payload, "R-27.1-3", "Does not send TEST_END before payload has come.") \
	X(ended_stream_stops_clock, "R-27.1-3", "Does not send TEST_END when a stream has ended.") \
	X(ended_stream_fails, "R-27.1-3", "Fails the test when the server closes a stream.") \
	X(reading_stops, "R-27.1-4", "Stops reading its streams at TEST_END.") \
	X(bidirectional_half, "R-27.1-5", "Opens half of the streams of a bidirectional test.") \
	X(bidirectional_sends_on_all, "R-27.1-5", "Sends payload on all streams of a bidirectional test.") \
	X(counts_to_the_exchange, "R-27.1-7", "Counts what arrives after TEST_END.") \
	X(test_end_late, "R-27.2-1", "Sends TEST_END 3 s late.") \
	X(omit_not_added, "R-27.2-1", "Sends TEST_END when the time is over, omit or not.") \
	X(number_per_stream, "R-27.2-2", "Moves the number of octets or blocks on each stream.") \
	X(end_at_interval, "R-27.2-3", "Notices only at a report that it has moved enough.") \
	X(server_output_hidden, "R-28-11", "Does not show the server's output.") \
	X(done_after_denial, "R-29-2", "Sends IPERF_DONE after ACCESS_DENIED.") \
	X(denial_is_success, "R-29-2", "Succeeds when it was denied.") \
	X(short_error_is_success, "R-29-3", "Succeeds when fewer than 8 octets follow SERVER_ERROR.") \
	X(error_octets_awaited, "R-29-3", "Waits for ever for 8 octets after SERVER_ERROR.") \
	X(error_untold, "R-29-4", "Fails without a word on SERVER_ERROR.") \
	X(server_terminate_ignored, "R-29-8", "Goes on after SERVER_TERMINATE.") \
	X(server_terminate_is_success, "R-29-8", "Succeeds at SERVER_TERMINATE.") \
	X(end_is_success, "R-29-10", "Succeeds when the control connection ends before DISPLAY_RESULTS.") \
	X(refused_is_success, "R-29-11", "Succeeds when the control connection cannot be opened.") \
	X(param_exchange_for_ever, "R-31-4", "Waits for ever for PARAM_EXCHANGE.") \
	X(create_streams_for_ever, "R-31-4", "Waits for ever for CREATE_STREAMS.") \
	X(test_start_for_ever, "R-31-4", "Waits for ever for TEST_START.") \
	X(test_running_for_ever, "R-31-4", "Waits for ever for TEST_RUNNING.") \
	X(exchange_for_ever, "R-31-4", "Waits for ever for EXCHANGE_RESULTS.") \
	X(results_for_ever, "R-31-4", "Waits for ever for results.") \
	X(display_for_ever, "R-31-4", "Waits for ever for DISPLAY_RESULTS.") \
	X(receive_timeout_ignored, "R-31-5", "Waits for payload however long the user allows.")

#define I3_SERVER_FAULTS(X) I3_SERVER_ONLY_FAULTS(X) I3_SHARED_FAULTS(X)
#define I3_CLIENT_FAULTS(X) I3_CLIENT_ONLY_FAULTS(X) I3_SHARED_FAULTS(X)

#define AS_I3_SERVER_FAULT(name, requirement, text) I3_SERVER_FAULT_##name,
#define AS_I3_CLIENT_FAULT(name, requirement, text) I3_CLIENT_FAULT_##name,

#define i3_server_fault(name) (active_fault == I3_SERVER_FAULT_##name)
#define i3_client_fault(name) (active_fault == I3_CLIENT_FAULT_##name)
#define i3_fault(name) (i3_server_fault(name) || i3_client_fault(name))

#endif
