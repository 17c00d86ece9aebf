/* What the parts of the judge share. judge.c takes the events. The rules are in judge_opening.c, judge_client.c and
 * judge_datagram.c (clients), judge_server.c, judge_answer.c and judge_results.c (servers); judge_held.c knows what the
 * server can have known, and judge_tell.c tells. Not installed. */
#ifndef IPERF_PROTO_JUDGE_PRIVATE_H
#define IPERF_PROTO_JUDGE_PRIVATE_H

#include "proto/judge.h"

/* --- judge.c ----------------------------------------------------------------------------------------------------- */

/* An event begins. */
void judge_now(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);

/* The client's octets, which are all known so far. */
void judge_take_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
		       const struct iperf_mark *mark);

/* The client sent something on conn, known or not, that may keep the test alive. */
void judge_arrived_on(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* The client's octets of conn are not all known: it is judged no more. */
void judge_blind(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* Takes conn out of the server session, as if it had been reset. */
void judge_give_up(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* --- judge_tell.c ------------------------------------------------------------------------------------------------ */

/* Tells a finding about conn (NULL: none) at mark. */
__attribute__((format(printf, 7, 8))) void judge_found(struct iperf_judge *judge, enum iperf_verdict verdict,
						       enum iperf_requirement requirement, enum iperf_direction by,
						       const struct iperf_judge_conn *conn,
						       const struct iperf_mark *mark, const char *format, ...);

/* Notes a finding against the server, made by what conn shows, that is told when conn is forgotten, if all of conn was
 * seen by then. unsure: told as inconclusive. needs: what is to be seen for it to be broken. */
__attribute__((format(printf, 7, 8))) void judge_accuse(struct iperf_judge *judge, struct iperf_judge_conn *conn,
							enum iperf_requirement why,
							enum iperf_need needs, bool unsure,
							const struct iperf_mark *mark, const char *format, ...);

/* The same against the client of the session's test, made by a datagram of an unknown source: told when it is seen that
 * the server serves that test. */
__attribute__((format(printf, 6, 7))) void judge_accuse_client(struct iperf_judge *judge,
							       const struct iperf_endpoint *client,
							       enum iperf_requirement why, bool unsure,
							       const struct iperf_mark *mark, const char *format, ...);

/* Looks whether the server goes on, as octets of conn (NULL: none) show or the passing of time. */
void judge_look_for_life(struct iperf_judge *judge, const struct iperf_judge_conn *conn);

/* All of conn was told: tells what was found by it, or keeps it until the server is seen to go on. */
void judge_settle(struct iperf_judge *judge, const struct iperf_judge_conn *conn);

/* The server ended conn, and why is not seen: it may have been stopped. refused: conn was never established. */
void judge_odd_end(struct iperf_judge *judge, const struct iperf_judge_conn *conn, bool refused);

/* The server ended the session's test: that explains what else it did at that time. */
void judge_test_aborted(struct iperf_judge *judge);

/* The capture has ended: the same for connections that are gone. */
void judge_settle_gone(struct iperf_judge *judge);

/* Tells once that octets which were not captured were taken for right. */
void judge_assumed(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const char *what);

/* Tells a line of the sequence. */
void judge_said_message(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
			enum iperf_message_kind kind, const struct iperf_mark *mark, const char *data, size_t length);
void judge_said(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
		enum iperf_said_kind kind, const struct iperf_mark *mark, const uint8_t *octets, uint64_t length,
		bool notable);

/* --- small things ------------------------------------------------------------------------------------------------ */

static inline bool judge_was(const struct iperf_seen *seen)
{
	return seen->event != 0;
}

/* From then until now, in nanoseconds. */
static inline int64_t judge_ago(const struct iperf_judge *judge, const struct iperf_seen *seen)
{
	return judge->now.ns - seen->ns;
}

static inline bool judge_same_address(const struct iperf_endpoint *a, const struct iperf_endpoint *b)
{
	return memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Whether client and server are one host, so that nothing can be lost between them. */
static inline bool judge_one_host(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge_same_address(client, &judge->config.server);
}

/* Whether the capture shows what that client sent, and in its order: it was taken on the client's host. */
static inline bool judge_near(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge->config.at_client || judge_one_host(judge, client);
}

/* Both ends are open, as far as is known, and all octets are. */
static inline bool judge_open(const struct iperf_judge_conn *conn)
{
	return !conn->blind && !conn->conflict && !conn->client_ended && !conn->server_ended;
}

/* Whether conn has that cookie. */
static inline bool judge_has(const struct iperf_judge_conn *conn, const struct iperf_cookie *cookie)
{
	return conn->cookie_known && iperf_cookie_equal(&conn->cookie, cookie);
}

/* Broken, unless octets that were not captured may say otherwise. */
static inline enum iperf_verdict judge_unless_guessed(const struct iperf_judge *judge)
{
	return judge->guessed || judge->lossy ? IPERF_INCONCLUSIVE : IPERF_BROKEN;
}

/* The connections with that cookie, and others of the same hash: for (link = list->next; link != list; ...). */
struct iperf_link *judge_list_of(struct iperf_judge *judge, const struct iperf_cookie *cookie);

#define JUDGE_CONN_OF(link, field)                                                                                     \
	((struct iperf_judge_conn *)(void *)((char *)(link) - offsetof(struct iperf_judge_conn, field)))

/* The test with that cookie, the last when there are several; NULL when its TEST_BEGIN was not seen. */
struct iperf_judge_test *judge_past(struct iperf_judge *judge, const struct iperf_cookie *cookie);

/* --- judge_held.c: which cookie the server holds ----------------------------------------------------------------- */

/* Sees what the passing of time shows. */
void judge_held_look(struct iperf_judge *judge);

/* Whether the server holds the session's cookie, for certain. */
bool judge_held_surely(struct iperf_judge *judge);

/* Whether it holds that, if ever, until the session releases it: no TEST_BEGIN can have come unseen, and its test have
 * ended. */
bool judge_held_firmly(const struct iperf_judge *judge);

/* The server showed that it holds the session's cookie. */
void judge_held_proven(struct iperf_judge *judge);

/* Whether it may have held another cookie than conn's when it read conn's. */
bool judge_held_other(struct iperf_judge *judge, const struct iperf_judge_conn *conn);

/* Whether a test with that cookie began after the capture, for certain: if the server held another one meanwhile. */
bool judge_held_covers(const struct iperf_judge *judge, const struct iperf_cookie *cookie);

/* Whether there may be a connection with this cookie of which the capture shows too little. */
bool judge_held_unseen(const struct iperf_judge *judge, const struct iperf_cookie *cookie);

/* When something was last sent that may be of the test that the server serves. */
int64_t judge_held_heard(const struct iperf_judge *judge);

/* conn goes: what the server may hold because of it. */
void judge_held_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* The session's test ended, or its cookie was released. */
void judge_held_released(struct iperf_judge *judge, enum iperf_release how);

/* The server never took the session's cookie. */
void judge_held_drop(struct iperf_judge *judge);

/* What became of the test with that cookie was not captured: its connections are judged no more, but for one. */
void judge_held_lose(struct iperf_judge *judge, const struct iperf_cookie *cookie,
		     const struct iperf_judge_conn *except);

/* conn is open though the session closed it. True when that may be right, because the server read things in another
 * order: then the session now holds conn's cookie, if that is certain. */
bool judge_held_follow(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* --- judge_opening.c, judge_client.c ----------------------------------------------------------------------------- */

enum iperf_requirement judge_wrong_octet(const struct iperf_parser *parser, uint8_t octet, uint32_t at,
					 enum iperf_requirement cookie, enum iperf_requirement otherwise);
struct iperf_mark judge_mark_at(const struct iperf_mark *mark, size_t octets);

void judge_opening_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark);
void judge_opening_settle(struct iperf_judge *judge);
void judge_opening_forget(struct iperf_judge *judge, const struct iperf_judge_conn *conn);
void judge_opening_test_began(struct iperf_judge *judge, struct iperf_judge_conn *control);

void judge_client_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			 size_t length, const struct iperf_mark *mark);
void judge_client_skip(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length);
void judge_client_stream_began(struct iperf_judge *judge, struct iperf_judge_conn *conn,
			       const struct iperf_stream *stream);
void judge_client_sync(struct iperf_judge *judge, const struct iperf_judge_conn *conn);
void judge_client_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_client_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);
void judge_client_test_over(struct iperf_judge *judge, enum iperf_release how);
/* The session forgets its streams, those of a cookie that no test began too: their places are for others. */
void judge_client_streams_gone(struct iperf_judge *judge);
void judge_client_tell_payload(struct iperf_judge *judge, struct iperf_judge_stream *extra,
			       const struct iperf_stream *stream, const struct iperf_mark *mark);

/* --- judge_datagram.c -------------------------------------------------------------------------------------------- */

void judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
		    size_t length, const struct iperf_stream *stream, const struct iperf_mark *mark);
void judge_datagram_stream_over(struct iperf_judge *judge, const struct iperf_stream *stream,
				const struct iperf_judge_stream *extra);
enum iperf_verdict judge_datagram_verdict(const struct iperf_judge *judge, const struct iperf_endpoint *client);

/* --- judge_server.c ---------------------------------------------------------------------------------------------- */

void judge_server_must_close(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why);
void judge_server_excuse(struct iperf_judge_conn *conn);
/* Looks at what the server has left undone for too long. Returns whether there was any. */
bool judge_server_check_due(struct iperf_judge *judge);
void judge_server_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_server_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* Why a connection may be closed before its first message: the server waited too long for it, as it may think. */
bool judge_server_waited(const struct iperf_judge *judge, const struct iperf_judge_conn *conn);
/* Why a test may end: T_begin or T_idle. */
bool judge_server_time_is_up(const struct iperf_judge *judge);

/* --- judge_answer.c, judge_results.c ----------------------------------------------------------------------------- */

void judge_answer_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 const struct iperf_mark *mark);
bool judge_answer_may_be_cut(const struct iperf_judge *judge, const struct iperf_judge_conn *conn);
void judge_answer_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);

/* Compares result data with what was seen. */
void judge_results(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_results_claimed(struct iperf_judge *judge, struct iperf_judge_conn *conn);

#endif
