/* What the parts of the judge share: judge.c takes the events, judge_client.c and judge_server.c hold the rules on each
 * side. Not installed. */
#ifndef IPERF_PROTO_JUDGE_PRIVATE_H
#define IPERF_PROTO_JUDGE_PRIVATE_H

#include "proto/judge.h"

/* Tells a finding about conn (NULL: none) at mark. */
__attribute__((format(printf, 7, 8))) void judge_found(struct iperf_judge *judge, enum iperf_verdict verdict,
						       enum iperf_requirement requirement, enum iperf_direction by,
						       const struct iperf_judge_conn *conn,
						       const struct iperf_mark *mark, const char *format, ...);

/* Tells once that octets which were not captured were taken for right. */
void judge_assumed(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const char *what);

/* Tells a line of the sequence. */
void judge_said_message(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
			enum iperf_message_kind kind, const struct iperf_mark *mark, const char *data, size_t length);
void judge_said(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
		enum iperf_said_kind kind, const struct iperf_mark *mark, const uint8_t *octets, uint64_t length,
		bool notable);

/* Takes conn out of the server session, as if it had been reset: it is judged no more. */
void judge_give_up(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* From b to a, in nanoseconds. */
static inline int64_t judge_since(const struct iperf_mark *a, const struct iperf_mark *b)
{
	return a->time_ns - b->time_ns;
}

/* Whether the capture shows what that client sent, and in its order: it was taken on the client's host. */
bool judge_near(const struct iperf_judge *judge, const struct iperf_endpoint *client);

/* judge_stream.c */
struct judge_stream_end {
	const struct iperf_judge_conn *conn; /* NULL when it is gone */
	uint32_t id;
	uint16_t port;
	enum iperf_terminated end;
	struct iperf_mark over, client_end, server_end; /* of the test, and of the connection in both directions */
	bool client_ended, client_was_reset, server_ended; /* by then */
};
/* Judges the end of a stream whose test has ended with TEST_END. */
void judge_stream_over(struct iperf_judge *judge, const struct judge_stream_end *end);
/* The test is over, and the client has not ended the stream, or this was not told yet. whole: it ended with TEST_END. */
void judge_stream_later(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_stream *stream,
			bool whole);
/* Result data listed that many octets. */
void judge_stream_claimed(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t bytes,
			  const struct iperf_mark *mark);
/* Octets of a stream connection, before the server session gets them; and such as were not seen. */
void judge_stream_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 const struct iperf_mark *mark);
void judge_stream_skip(struct iperf_judge_conn *conn, uint64_t length);
/* All that the client sent on it was told. */
void judge_stream_settle(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* judge_client.c */
void judge_client_stream_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_client_opening(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark);
void judge_client_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			 size_t length, const struct iperf_mark *mark);
void judge_client_test_began(struct iperf_judge *judge, struct iperf_judge_conn *conn);
void judge_client_stream_began(struct iperf_judge *judge, struct iperf_judge_conn *conn,
			       const struct iperf_stream *stream);
void judge_client_asked_early(struct iperf_judge *judge, struct iperf_judge_conn *conn);
void judge_client_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_client_test_over(struct iperf_judge *judge, enum iperf_release how);
void judge_client_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, const struct iperf_stream *stream, const struct iperf_mark *mark);

/* judge_server.c */
void judge_server_must_close(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why);
void judge_server_must_answer(struct iperf_judge *judge, struct iperf_judge_conn *conn);
void judge_server_check_due(struct iperf_judge *judge);
void judge_server_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			 size_t length, const struct iperf_mark *mark);
void judge_server_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);
void judge_server_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* judge_results.c: compares result data with what was seen. */
void judge_results(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark);

#endif
