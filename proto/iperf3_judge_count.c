/* The numbers in results, against what was seen. */
#include "proto/iperf3_judge_private.h"

#include <stdarg.h>
#include <stdio.h>

struct claim {
	const struct iperf3_talk *talk;
	const struct iperf3_judge_stream *stream;
	const struct iperf3_stream_result *result;
	const struct iperf3_stream_result *senders; /* what the sender says; NULL: nothing */
	enum iperf_direction by;                    /* the receiver's, that is: who claims */
	enum iperf_direction flow;                  /* of the payload */
	struct iperf_mark mark;                     /* the results */
};

/* The sender was quiet for long enough before TEST_END: all that it had sent was read by then. */
static bool quiet(const struct iperf3_judge *judge, const struct claim *claim)
{
	const struct iperf3_said_at *end = iperf3_said_of(claim->talk, IPERF3_ITEM_TEST_END);
	int64_t moment_ns = iperf3_one_host(judge, &claim->talk->client) ? IPERF_JUDGE_GRACE / 2 : IPERF_JUDGE_GRACE;

	return end && iperf3_before(&claim->stream->last[claim->flow], &end->begin) &&
	       iperf3_span(&claim->stream->last[claim->flow], &end->begin) >= moment_ns;
}

__attribute__((format(printf, 5, 6))) static void
wrong(struct iperf3_judge *judge, const struct claim *claim, enum iperf_requirement why, bool sure,
      const char *format, ...)
{
	char text[200];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	iperf3_judge_found(judge, sure ? IPERF_BROKEN : IPERF_INCONCLUSIVE, why, claim->by, claim->talk, &claim->mark,
			   "stream %lld: %s", (long long)claim->result->id, text);
}

static void check_tcp(struct iperf3_judge *judge, const struct claim *claim)
{
	const struct iperf3_parameters *p = &claim->talk->parameters;
	uint64_t seen = claim->stream->octets[claim->flow];
	int64_t bytes = claim->result->bytes;
	enum iperf_requirement why = claim->by == IPERF_TO_CLIENT ? IPERF_R_25_9 : IPERF_R_27_1_7;

	if (bytes < 0 || (uint64_t)bytes > seen)
		wrong(judge, claim, why, true, "%lld octets are counted, and %llu were sent", (long long)bytes,
		      (unsigned long long)seen);
	else if (p->omit == 0 && p->len > 0 && quiet(judge, claim) && (uint64_t)bytes < seen - seen % (uint64_t)p->len)
		wrong(judge, claim, why, true, "%lld octets are counted, and %llu were sent long before TEST_END",
		      (long long)bytes, (unsigned long long)seen);
	else if (p->omit == 0 && claim->by == IPERF_TO_CLIENT && quiet(judge, claim) && (uint64_t)bytes < seen)
		wrong(judge, claim, IPERF_R_25_10, true,
		      "%lld octets are counted, and %llu were sent long before TEST_END", (long long)bytes,
		      (unsigned long long)seen);
}

/* Of a stream of which nothing is missing: the capture has all that the sender sent, as the sequences and the sender's own
 * word show. */
static bool all_seen(const struct iperf3_judge *judge, const struct claim *claim)
{
	return claim->stream->in_order[claim->flow] && claim->senders && claim->senders->packets > 0 &&
	       (uint64_t)claim->senders->packets <= claim->stream->highest[claim->flow] &&
	       iperf3_one_host(judge, &claim->talk->client);
}

static void check_udp(struct iperf3_judge *judge, const struct claim *claim)
{
	const struct iperf3_parameters *p = &claim->talk->parameters;
	const struct iperf3_stream_result *r = claim->result;
	uint64_t seen = claim->stream->octets[claim->flow], highest = claim->stream->highest[claim->flow];
	bool sure = all_seen(judge, claim);

	if (r->packets < 0 || (uint64_t)r->packets > highest)
		wrong(judge, claim, IPERF_R_26_3_1, sure || r->packets < 0,
		      "packets is %lld, and the highest sequence that was sent is %llu", (long long)r->packets,
		      (unsigned long long)highest);
	else if (r->bytes < 0 || (uint64_t)r->bytes > seen)
		wrong(judge, claim, IPERF_R_26_3_4, sure || r->bytes < 0, "%lld octets are counted, and %llu were sent",
		      (long long)r->bytes, (unsigned long long)seen);
	else if (r->errors < 0 || r->errors > r->packets)
		wrong(judge, claim, IPERF_R_26_3_2, true, "errors is %lld, and packets %lld", (long long)r->errors,
		      (long long)r->packets);
	else if (sure && p->omit == 0 && p->len > 0 && p->len <= UINT16_MAX && r->packets <= UINT32_MAX &&
		 quiet(judge, claim) &&
		 r->bytes != (r->packets - r->errors) * p->len)
		wrong(judge, claim, IPERF_R_26_3_2, true, "%lld of %lld datagrams are counted as lost, and %lld octets "
		      "as received, which are %lld datagrams", (long long)r->errors, (long long)r->packets,
		      (long long)r->bytes, (long long)(r->bytes / p->len));
}

/* A UDP sender numbers what it sends. */
static void check_sender(struct iperf3_judge *judge, const struct claim *claim)
{
	const struct iperf3_judge_stream *stream = claim->stream;
	uint64_t sent = claim->senders ? (uint64_t)claim->senders->packets : 0;

	if (!claim->senders || claim->senders->packets <= 0 || claim->flow == IPERF_TO_CLIENT ||
	    stream->highest[claim->flow] <= sent || stream->complained[claim->flow])
		return;
	iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_2_3, claim->flow, stream, &stream->last[claim->flow],
				  "sequences go up to %llu, and the sender has sent %llu datagrams",
				  (unsigned long long)stream->highest[claim->flow], (unsigned long long)sent);
}

static void check_claim(struct iperf3_judge *judge, const struct iperf3_judge_stream *stream, enum iperf_direction flow)
{
	enum iperf_direction by = flow == IPERF_TO_SERVER ? IPERF_TO_CLIENT : IPERF_TO_SERVER; /* the receiver */
	const struct iperf3_talk *talk = judge->talk;
	enum iperf3_item item = by == IPERF_TO_SERVER ? IPERF3_ITEM_CLIENT_RESULTS : IPERF3_ITEM_SERVER_RESULTS;
	struct claim claim = {
		.talk = talk, .stream = stream, .result = &stream->claims[by], .by = by, .flow = flow,
		.senders = stream->claimed[flow] ? &stream->claims[flow] : NULL,
		.mark = talk->said[item].begin,
	};

	if (stream->number == 0 && !stream->unsure)
		check_sender(judge, &claim);
	if (!stream->claimed[by])
		return;
	if (stream->number == 0 && !stream->unsure)
		check_udp(judge, &claim);
	else if (stream->number && !stream->unsure && !stream->live)
		check_tcp(judge, &claim);
}

void iperf3_judge_count(struct iperf3_judge *judge)
{
	const struct iperf3_talk *talk = judge->talk;

	if (!iperf3_judge_all_there(judge))
		return;
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *stream = &judge->config.streams[i];
		bool up = iperf3_judge_sends(talk, iperf3_judge_place(judge, stream), IPERF_TO_SERVER);

		if ((stream->number == 0) == iperf3_is_udp(talk))
			check_claim(judge, stream, up ? IPERF_TO_SERVER : IPERF_TO_CLIENT);
	}
}
