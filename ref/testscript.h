/* Scripts: rows of what a test does on the wire with a real server, or a real client, and of what it must then see.
 *
 *   { "6.2/rejected-at-the-32nd-octet R-6.2-2", AT, "--t-hello 0.5", {
 *       "a: A TEST_BEGIN",        octets as proto/octets_test.h has them, on connection a
 *       "b: B", "b ended",
 *       "results" } },
 *
 * A name is one letter: t to w are UDP sockets, all others TCP connections. Where the program is a server, a name connects
 * when it is first used; where it is a client, it is what connects next.
 *
 *   a: OCTETS               sends them; "a:" sends nothing (or connects only), "u:" an empty datagram
 *   a< OCTETS               these octets come; on UDP as one datagram. OCTETS may contain payload*N, any N octets, and end
 *                           with eof
 *   a half-close, a close, a reset
 *   a ended [MS]            the end of a comes, and no octet before; at least MS after the mark
 *   a open                  a has neither octets nor end, after all that was sent was seen
 *   a refuses [MS]          a's peer has half-closed, and now closes
 *   u gap MS                the last two datagrams from u came at least so far apart
 *   a answer STREAMS        a whole answer comes, that says so
 *   a answers STREAMS       sends such an answer, and closes
 *   a cut N STREAMS         sends the first N octets of such an answer, and closes
 *   a response TEXT         sends the head of an answer with cookie A, and TEXT, and closes
 *   results STREAMS         a request of its own is answered so, sooner or later
 *   unanswered              a request of its own is closed unanswered
 *   served                  a client with another cookie is served at once, from beginning to end
 *   ping                    the server's loop has seen all that was sent before
 *   settle                  the server has dealt with all that was sent before, datagrams too
 *   silent                  nothing has come on a UDP socket
 *   nobody                  no connection waits to be accepted
 *   mark                    time begins to count
 *   after MS                at least so much time has passed since the mark
 *   pause MS                waits until so much has passed since the mark; only where a timer is to run
 *   said TEXT, told TEXT    a line with TEXT comes on standard output, or on standard error
 *   signal NUMBER           is sent to the program
 *   exit STATUS             the program ends
 *   leave                   the row may leave the server other than idle
 *
 * STREAMS are the streams that a result lists, in order, by the names of their connections: "a 3 +; u 10/2 -" are 3 octets
 * on a, complete, and 10 octets in 2 datagrams on u, not complete.
 *
 * A server's row is run twice, the second time by single octets and over IPv6; at its end the next client must be served
 * at once, and nothing may have come on any connection that is still open. */
#ifndef IPERF_REF_TESTSCRIPT_H
#define IPERF_REF_TESTSCRIPT_H

#define SCRIPT_LINES 60

struct script_row {
	const char *name;
	const char *at;
	const char *words; /* more options of the program */
	const char *lines[SCRIPT_LINES];
};

/* Tests for cmocka; *state is a script_row. */
void script_run_server(void **state);
void script_run_server_once(void **state); /* over IPv4, octets as they are */
void script_run_client(void **state);

#endif
