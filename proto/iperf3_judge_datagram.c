/* The datagrams of a test: hello, reply, payload. */
#include "proto/iperf3_judge_private.h"

#include <string.h>

#include "proto/iperf3_datagram.h"

struct datagram {
	const struct iperf_endpoint *client;
	enum iperf_direction direction;
	const uint8_t *octets;
	size_t captured, length;
	const struct iperf_mark *mark;
};

static bool is_four(const struct datagram *d, const uint8_t four[static IPERF3_HELLO_LENGTH])
{
	return d->length == IPERF3_HELLO_LENGTH && d->captured == d->length &&
	       memcmp(d->octets, four, IPERF3_HELLO_LENGTH) == 0;
}

static bool is_hello(const struct datagram *d)
{
	return is_four(d, iperf3_hello) || is_four(d, iperf3_hello_old);
}

static struct iperf3_judge_stream *find(struct iperf3_judge *judge, const struct iperf_endpoint *client)
{
	for (size_t i = judge->streams; i > 0; i--) {
		struct iperf3_judge_stream *stream = &judge->config.streams[i - 1];

		if (stream->number == 0 && iperf_endpoint_equal(&stream->client, client))
			return stream;
	}
	return NULL;
}

static struct iperf3_judge_stream *add(struct iperf3_judge *judge, const struct iperf_endpoint *client,
				       const struct iperf_mark *opened)
{
	struct iperf3_judge_stream *stream;

	if (judge->streams == judge->config.streams_max) {
		judge->streams_unsure = true;
		return NULL;
	}
	stream = &judge->config.streams[judge->streams++];
	*stream = (struct iperf3_judge_stream){ .client = *client, .opened = *opened, .in_order = { true, true } };
	return stream;
}

/* Broken where nothing is lost or copied between client and server. */
static enum iperf_verdict on_one_host(const struct iperf3_judge *judge, const struct iperf3_judge_stream *stream)
{
	return iperf3_one_host(judge, &stream->client) ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
}

static void tell(struct iperf3_judge *judge, const struct iperf3_judge_stream *stream, const struct datagram *d,
		 enum iperf3_said_kind kind)
{
	struct iperf3_said said = {
		.kind = kind, .direction = d->direction, .client = &stream->client, .mark = *d->mark,
		.octets = d->captured == d->length ? d->octets : NULL, .length = d->length,
	};

	judge->config.said(judge->config.user, &said);
}

/* --- hello and reply --------------------------------------------------------------------------------------------- */

static void take_hello(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d)
{
	int64_t gap_ns = stream->hellos ? iperf3_span(&stream->last_hello, d->mark) : 0;

	tell(judge, stream, d, IPERF3_SAID_HELLO);
	if (stream->hellos && gap_ns > IPERF_MS && gap_ns < IPERF_S * 9 / 10 && iperf3_near(judge, &stream->client))
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_1_10, IPERF_TO_SERVER, stream, d->mark,
					  "the hello is repeated after %lld ms", (long long)(gap_ns / IPERF_MS));
	if (stream->hellos == 0 || gap_ns > IPERF_MS) /* else it was captured twice */
		stream->hellos++;
	stream->last_hello = *d->mark;
	stream->hello_captured = true;
	stream->hello_other = is_four(d, iperf3_hello_old);
	stream->hello_wrong = false;
}

static void check_reply(struct iperf3_judge *judge, const struct iperf3_judge_stream *stream, const struct datagram *d)
{
	if (!stream->hello_captured || stream->hello_wrong)
		return;
	if (d->length != IPERF3_HELLO_LENGTH)
		iperf3_judge_found_stream(judge, IPERF_BROKEN, stream->hello_other ? IPERF_R_26_1_4 : IPERF_R_26_1_3,
					  IPERF_TO_CLIENT, stream, d->mark, "the reply to the hello has %zu octets",
					  d->length);
	else if (!stream->hello_other && d->captured == d->length && !is_four(d, iperf3_reply))
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_1_3, IPERF_TO_CLIENT, stream, d->mark,
					  "the reply is %02x %02x %02x %02x, to the hello 39 38 37 36", d->octets[0],
					  d->octets[1], d->octets[2], d->octets[3]);
}

static void take_reply(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d)
{
	bool again = stream->replies > 0 && iperf3_before(&stream->last_reply, &stream->last_hello);

	tell(judge, stream, d, IPERF3_SAID_REPLY);
	check_reply(judge, stream, d);
	if (again && stream->hellos > 1)
		iperf3_judge_found_stream(judge, on_one_host(judge, stream), IPERF_R_26_1_6, IPERF_TO_CLIENT, stream, d->mark,
					  "the server answers a second hello from the same port");
	if (stream->replies++ == 0)
		stream->cookie = *d->mark;
	stream->last_reply = *d->mark;
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

static void complain(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d,
		     enum iperf_requirement why, const char *text, uint64_t number)
{
	stream->in_order[d->direction] = false;
	if (stream->complained[d->direction])
		return;
	stream->complained[d->direction] = true;
	iperf3_judge_found_stream(judge, IPERF_BROKEN, why, d->direction, stream, d->mark, text,
				  (unsigned long long)number);
}

static void check_length(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d)
{
	int64_t len = judge->talk->parameters.len;

	bool known = judge->talk->parameters.present >> IPERF3_KEY_LEN & 1;

	if (!known || len <= 0 || d->length == (uint64_t)len)
		return;
	stream->in_order[d->direction] = false;
	if (d->length > (uint64_t)len && d->length % (uint64_t)len == 0)
		stream->unsure = true; /* several, which a device was to take apart */
	else
		complain(judge, stream, d, IPERF_R_26_2_2, "a datagram has %llu octets, which is not len", d->length);
}

static void check_sequence(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d,
			   bool wide, const struct iperf3_header *header)
{
	enum iperf_direction to = d->direction;
	bool again = header->sequence == stream->previous[to];
	bool same = header->seconds == stream->stamp[to][0] && header->microseconds == stream->stamp[to][1];

	if (stream->datagrams[to] == 0 && wide && header->sequence >> 32 > 0 && header->sequence >> 32 < 1000000) {
		complain(judge, stream, d, IPERF_R_26_2_1, "the header has %llu where the upper half of 64 bits is due",
			 header->sequence >> 32);
		stream->unsure = true;
	} else if (header->sequence == 0) {
		struct iperf3_header other = { 0 };

		if (!wide && iperf3_header_read(&other, true, d->octets, d->captured) && other.sequence == 1 &&
		    stream->datagrams[to] == 0)
			complain(judge, stream, d, IPERF_R_26_2_1, "the sequence has %llu bits, and 32 are due", 64);
		else
			complain(judge, stream, d, IPERF_R_26_2_3, "a sequence is %llu: they begin with 1", 0);
		stream->unsure = true;
	} else if (stream->datagrams[to] > 0 && again && !same) {
		complain(judge, stream, d, IPERF_R_26_2_3, "two datagrams have the sequence %llu", header->sequence);
	}
	if (header->sequence != stream->previous[to] + 1)
		stream->in_order[to] = false;
}

static void take_payload(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d)
{
	enum iperf_direction to = d->direction;
	struct iperf3_header header;
	bool wide = judge->talk->parameters.udp_counters_64bit;

	if (!judge->talk->parameters_known || !iperf3_header_read(&header, wide, d->octets, d->captured)) {
		stream->unsure = true;
		stream->in_order[to] = false;
	} else {
		check_length(judge, stream, d);
		check_sequence(judge, stream, d, wide, &header);
		if (header.sequence > stream->highest[to])
			stream->highest[to] = header.sequence;
		stream->previous[to] = header.sequence;
		stream->stamp[to][0] = header.seconds;
		stream->stamp[to][1] = header.microseconds;
	}
	if (stream->datagrams[to]++ == 0)
		stream->first[to] = *d->mark;
	stream->last[to] = *d->mark;
	stream->octets[to] += d->length;
}

/* --- which it is ------------------------------------------------------------------------------------------------- */

/* A datagram that does not begin a stream, as far as is known: kept until the server answers it. */
static void keep_strange(struct iperf3_judge *judge, const struct datagram *d)
{
	struct iperf3_judge_strange *strange = &judge->strange[judge->strangers++ % IPERF3_JUDGE_STRANGE];

	strange->client = *d->client;
	strange->mark = *d->mark;
	strange->tests = judge->tests;
}

static const struct iperf3_judge_strange *find_strange(const struct iperf3_judge *judge,
						       const struct iperf_endpoint *client)
{
	for (size_t i = 0; i < IPERF3_JUDGE_STRANGE && i < judge->strangers; i++)
		if (judge->strange[i].tests == judge->tests && iperf_endpoint_equal(&judge->strange[i].client, client))
			return &judge->strange[i];
	return NULL;
}

static void from_unknown(struct iperf3_judge *judge, const struct datagram *d)
{
	bool running = iperf3_said_of(judge->talk, IPERF3_ITEM_TEST_RUNNING) != NULL;
	bool started = iperf3_said_of(judge->talk, IPERF3_ITEM_TEST_START) != NULL;
	bool ours = memcmp(d->client->address, judge->talk->client.address, sizeof d->client->address) == 0;
	struct iperf3_judge_stream *stream;

	if (started || !is_hello(d)) {
		keep_strange(judge, d);
		if (running && ours)
			judge->streams_unsure = true; /* it may be of a stream whose hello is missing */
		return;
	}
	stream = add(judge, d->client, d->mark);
	if (stream)
		take_hello(judge, stream, d);
}

static void to_unknown(struct iperf3_judge *judge, const struct datagram *d)
{
	const struct iperf3_said_at *start = iperf3_said_of(judge->talk, IPERF3_ITEM_TEST_START);
	const struct iperf3_judge_strange *strange = find_strange(judge, d->client);
	struct iperf3_judge_stream *stream;
	bool late = strange && start && iperf3_before(&start->begin, &strange->mark);

	stream = add(judge, d->client, strange ? &strange->mark : d->mark);
	if (!stream)
		return;
	stream->unsure = true;
	if (strange && !late) { /* any datagram is a hello to a server, and this was none */
		stream->hello_captured = stream->hello_wrong = true;
		stream->hellos = 1;
		stream->last_hello = strange->mark;
	}
	if (late && !iperf3_judge_over(judge->talk))
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_1_5, IPERF_TO_CLIENT, stream, d->mark,
					  "the server answers a datagram that comes after the last stream");
	else if (!strange)
		judge->streams_unsure = true;
	if (d->length == IPERF3_HELLO_LENGTH)
		take_reply(judge, stream, d);
	else
		take_payload(judge, stream, d);
}

static void take(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, const struct datagram *d)
{
	bool running = iperf3_said_of(judge->talk, IPERF3_ITEM_TEST_RUNNING) != NULL;
	bool payload = stream->datagrams[0] + stream->datagrams[1] > 0;
	const struct iperf3_parameters *p = &judge->talk->parameters;
	bool no_payload = !running && stream->replies == 0 && judge->talk->parameters_known &&
			  !judge->talk->blind[IPERF_TO_CLIENT] && d->length != (uint64_t)p->len;

	if (d->direction == IPERF_TO_SERVER && is_hello(d) && !payload)
		take_hello(judge, stream, d);
	else if (d->direction == IPERF_TO_CLIENT && !payload &&
		 (d->length == IPERF3_HELLO_LENGTH || no_payload))
		take_reply(judge, stream, d);
	else
		take_payload(judge, stream, d);
}

void iperf3_judge_datagram(struct iperf3_judge *judge, const struct iperf_endpoint *client,
			   enum iperf_direction direction, const uint8_t *octets, size_t captured, size_t length,
			   const struct iperf_mark *mark)
{
	struct datagram d = { client, direction, octets, captured, length, mark };
	struct iperf3_judge_stream *stream;

	if (mark->time_ns > judge->now.time_ns)
		judge->now = *mark;
	if (!judge->talk || !judge->talk->said[IPERF3_ITEM_PARAMETERS].times ||
	    (judge->talk->parameters_known && !iperf3_is_udp(judge->talk)))
		return;
	stream = find(judge, client);
	if (stream)
		take(judge, stream, &d);
	else if (direction == IPERF_TO_SERVER)
		from_unknown(judge, &d);
	else
		to_unknown(judge, &d);
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

/* The client opened this stream while it had no reply for an earlier one. */
static void check_turn(struct iperf3_judge *judge, const struct iperf3_judge_stream *stream)
{
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *earlier = &judge->config.streams[i];

		if (earlier->number || !iperf3_before(&earlier->opened, &stream->opened) || earlier->replies != 1 ||
		    earlier->hellos != 1 || iperf3_before(&earlier->cookie, &stream->opened))
			continue;
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_1_2, IPERF_TO_SERVER, stream, &stream->opened,
					  "the client opens this stream before it has the reply for that of port %u",
					  earlier->client.port);
		return;
	}
}

static void check_opening(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			  const struct iperf3_judge_stream *stream)
{
	const struct iperf3_said_at *create = iperf3_said_of(talk, IPERF3_ITEM_CREATE_STREAMS);
	bool early = create && stream->hellos && iperf3_before(&stream->opened, &create->begin);

	if (stream->hellos == 0 || stream->replies == 0)
		return;
	if (early && !talk->blind[IPERF_TO_CLIENT])
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_23_4, IPERF_TO_SERVER, stream, &stream->opened,
					  "the client opens a stream before CREATE_STREAMS has come");
	if (early && iperf3_before(&stream->cookie, &create->begin))
		iperf3_judge_found_stream(judge, on_one_host(judge, stream), IPERF_R_26_1_5, IPERF_TO_CLIENT,
					  stream, &stream->cookie,
					  "the server answers a hello before CREATE_STREAMS");
	if (stream->hello_other || stream->hello_wrong)
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_26_1_1, IPERF_TO_SERVER, stream, &stream->opened,
					  stream->hello_other ? "the hello is that of versions up to 3.11" :
								"the first datagram of the stream is no hello");
	check_turn(judge, stream);
}

void iperf3_judge_datagrams(struct iperf3_judge *judge)
{
	for (size_t i = 0; i < judge->streams; i++)
		if (judge->config.streams[i].number == 0)
			check_opening(judge, judge->talk, &judge->config.streams[i]);
}
