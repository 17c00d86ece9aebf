/* What the parts of the iperf3 judge share. iperf3_judge.c takes the events; iperf3_judge_read.c reads control
 * connections, iperf3_judge_text.c what stands in parameters and results, iperf3_judge_datagram.c datagrams. When a test
 * is over it is judged as a whole: iperf3_judge_order.c (who spoke when), iperf3_judge_ends.c (how it ended),
 * iperf3_judge_stream.c (streams), iperf3_judge_count.c (results against what was seen). Not installed. */
#ifndef IPERF_PROTO_IPERF3_JUDGE_PRIVATE_H
#define IPERF_PROTO_IPERF3_JUDGE_PRIVATE_H

#include "proto/iperf3_judge.h"

/* A client waits no longer for an answer (SPEC 31, T_reply); what was not done by then is not done. */
#define IPERF3_JUDGE_PATIENCE (30 * IPERF_S)

/* --- small things ------------------------------------------------------------------------------------------------ */

/* Whether a was captured before b. */
static inline bool iperf3_before(const struct iperf_mark *a, const struct iperf_mark *b)
{
	return a->packet < b->packet;
}

static inline const struct iperf3_said_at *iperf3_said_of(const struct iperf3_talk *talk, enum iperf3_item item)
{
	return talk->said[item].times ? &talk->said[item] : NULL;
}

/* From a to b, in ns. */
static inline int64_t iperf3_span(const struct iperf_mark *a, const struct iperf_mark *b)
{
	return b->time_ns - a->time_ns;
}

static inline bool iperf3_one_host(const struct iperf3_judge *judge, const struct iperf_endpoint *client)
{
	return memcmp(client->address, judge->config.server.address, sizeof client->address) == 0;
}

/* The capture shows what that client sent, in its order. */
static inline bool iperf3_near(const struct iperf3_judge *judge, const struct iperf_endpoint *client)
{
	return judge->config.at_client || iperf3_one_host(judge, client);
}

static inline bool iperf3_is_udp(const struct iperf3_talk *talk)
{
	return talk->parameters_known && talk->parameters.protocol == IPERF_UDP;
}

/* A stream is one of those that send in that direction. index: its place, from 0. */
bool iperf3_judge_sends(const struct iperf3_talk *talk, uint64_t index, enum iperf_direction direction);

/* The place of a stream in the order of coming, from 0. */
uint64_t iperf3_judge_place(const struct iperf3_judge *judge, const struct iperf3_judge_stream *stream);

/* All streams of the test were seen, and no others, so that their places are known. */
bool iperf3_judge_all_there(const struct iperf3_judge *judge);

/* R-25-7: 1, 3, 4, 5 ... for places 0, 1, 2, 3 ... */
static inline int64_t iperf3_judge_id(uint64_t place)
{
	return place == 0 ? 1 : (int64_t)place + 2;
}

/* While conn was there, or right before, there was a connection of which nothing is known. */
bool iperf3_judge_doubtful(const struct iperf3_judge *judge, const struct iperf3_judge_conn *conn);

/* When the test was over for certain, by what its control connection shows; NULL: it is not. */
const struct iperf_mark *iperf3_judge_over(const struct iperf3_talk *talk);

/* --- telling ----------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 7, 8))) void iperf3_judge_found(struct iperf3_judge *judge, enum iperf_verdict verdict,
							      enum iperf_requirement requirement,
							      enum iperf_direction by, const struct iperf3_talk *talk,
							      const struct iperf_mark *mark, const char *format, ...);

/* The same about a stream. */
__attribute__((format(printf, 7, 8))) void
iperf3_judge_found_stream(struct iperf3_judge *judge, enum iperf_verdict verdict, enum iperf_requirement requirement,
			  enum iperf_direction by, const struct iperf3_judge_stream *stream,
			  const struct iperf_mark *mark, const char *format, ...);

/* A line of the chart; said has its kind and what belongs to that. */
void iperf3_judge_tell(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const struct iperf_mark *mark, struct iperf3_said said);

/* Tells the payload of the current test's streams that was not told yet; stream: of this one only, or NULL. */
void iperf3_judge_tell_payload(struct iperf3_judge *judge, struct iperf3_judge_stream *stream);

/* Tells once that a control connection is not fully known. */
void iperf3_judge_blind(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			const struct iperf_mark *mark, const char *what);

/* --- the parts --------------------------------------------------------------------------------------------------- */

/* Octets of a connection; octets NULL: they are unknown. */
void iperf3_judge_read(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const uint8_t *octets, size_t length, const struct iperf_mark *mark);

/* The server's direction of it ended: a SERVER_ERROR may be without its numbers. */
void iperf3_judge_read_end(struct iperf3_judge *judge, struct iperf3_judge_conn *conn);

/* Cookie and answer are there: conn is the control connection of a new test. */
void iperf3_judge_accepted(struct iperf3_judge *judge, struct iperf3_judge_conn *conn);
/* The cookie is whole. */
void iperf3_judge_cookie(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, const struct iperf_mark *mark);
/* Payload of a stream. */
void iperf3_judge_payload(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			  const uint8_t *octets, size_t length, const struct iperf_mark *mark);

/* A text is whole. octets NULL: unknown. */
void iperf3_judge_text(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const char *text, size_t length);

/* A connection that became no test is over. */
void iperf3_judge_newcomer(struct iperf3_judge *judge, struct iperf3_judge_conn *conn);

/* The control connection of a test is forgotten. */
void iperf3_judge_closed(struct iperf3_judge *judge, const struct iperf3_talk *talk);

/* The current test, as a whole. */
void iperf3_judge_order(struct iperf3_judge *judge);
void iperf3_judge_ends(struct iperf3_judge *judge);
void iperf3_judge_streams(struct iperf3_judge *judge);
void iperf3_judge_datagrams(struct iperf3_judge *judge);
void iperf3_judge_count(struct iperf3_judge *judge);

#endif
