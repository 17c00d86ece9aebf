/* The streams of a test, which is over. */
#include "proto/iperf3_judge_private.h"

/* Not only a hello that nobody answered. */
static bool counts(const struct iperf3_judge_stream *stream)
{
	return stream->number || stream->replies || stream->datagrams[0] || stream->datagrams[1];
}

uint64_t iperf3_judge_place(const struct iperf3_judge *judge, const struct iperf3_judge_stream *stream)
{
	uint64_t place = 0;

	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *other = &judge->config.streams[i];

		place += counts(other) && iperf3_before(&other->opened, &stream->opened);
	}
	return place;
}

bool iperf3_judge_all_there(const struct iperf3_judge *judge)
{
	int64_t there = 0;

	for (size_t i = 0; i < judge->streams; i++)
		there += counts(&judge->config.streams[i]);
	return judge->talk->parameters_known && !judge->streams_unsure &&
	       there == iperf3_parameters_streams(&judge->talk->parameters);
}

/* Streams of one transport whose cookie, or reply, had passed before that. */
static uint64_t there_by(const struct iperf3_judge *judge, const struct iperf_mark *mark, bool udp)
{
	uint64_t count = 0;

	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *stream = &judge->config.streams[i];

		if ((stream->number == 0) != udp)
			continue;
		if (udp ? stream->replies > 0 : iperf3_before(&stream->cookie, mark))
			count++;
	}
	return count;
}

static void check_number(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *start = iperf3_said_of(talk, IPERF3_ITEM_TEST_START);
	bool udp = iperf3_is_udp(talk);
	int64_t due;
	uint64_t there;

	if (!start || !talk->parameters_known || judge->streams_unsure || talk->blind[0] || talk->blind[1])
		return;
	due = iperf3_parameters_streams(&talk->parameters);
	there = there_by(judge, &start->begin, udp);
	if (due <= 0 || there >= (uint64_t)due)
		return;
	iperf3_judge_found(judge, udp ? IPERF_INCONCLUSIVE : IPERF_BROKEN, IPERF_R_23_5, IPERF_TO_CLIENT, talk,
			   &start->begin, "TEST_START is sent when %llu of %lld streams are there",
			   (unsigned long long)there, (long long)due);
}

static void check_opening(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			  const struct iperf3_judge_stream *stream)
{
	const struct iperf3_said_at *create = iperf3_said_of(talk, IPERF3_ITEM_CREATE_STREAMS);
	bool near = iperf3_near(judge, &stream->client);

	if (!talk->blind[IPERF_TO_CLIENT] && (!create || iperf3_before(&stream->opened, &create->begin)))
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_23_4, IPERF_TO_SERVER, stream, &stream->opened,
					  "the client opens a stream before CREATE_STREAMS has come");
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *earlier = &judge->config.streams[i];

		if (earlier->number == 0 || !iperf3_before(&earlier->opened, &stream->opened) ||
		    iperf3_before(&earlier->cookie, &stream->opened))
			continue;
		iperf3_judge_found_stream(judge, near ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_25_1,
					  IPERF_TO_SERVER, stream, &stream->opened,
					  "the client opens this stream before the cookie of connection #%llu is sent",
					  (unsigned long long)earlier->number);
		return;
	}
}

/* More streams than the parameters say; and what the server says to those that they do. */
static void check_place(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			const struct iperf3_judge_stream *stream)
{
	int64_t due = iperf3_is_udp(talk) ? 0 : iperf3_parameters_streams(&talk->parameters);
	const struct iperf_mark *over = iperf3_judge_over(talk);
	bool denied = stream->denied && stream->octets[IPERF_TO_CLIENT] == 1;

	if (due < 0)
		return;
	if (!judge->streams_unsure && iperf3_judge_place(judge, stream) >= (uint64_t)due) {
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_24_2, IPERF_TO_SERVER, stream, &stream->cookie,
					  "the client opens more TCP streams than the %lld that its parameters say",
					  (long long)due);
		return;
	}
	if (denied && !(over && iperf3_before(over, &stream->first[IPERF_TO_CLIENT])) &&
	    (int64_t)judge->streams <= due && !stream->unsure)
		iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_25_3, IPERF_TO_CLIENT, stream,
					  &stream->first[IPERF_TO_CLIENT],
					  "the server denies a stream that has the right cookie");
}

/* Payload of the side that does not send. */
static enum iperf_requirement not_sender(const struct iperf3_talk *talk, enum iperf_direction direction)
{
	if (talk->parameters.bidirectional)
		return direction == IPERF_TO_SERVER ? IPERF_R_27_1_5 : IPERF_R_27_1_6;
	return direction == IPERF_TO_SERVER ? IPERF_R_27_1_2 : IPERF_R_25_3;
}

static void check_early(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			const struct iperf3_judge_stream *stream, enum iperf_direction direction)
{
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf_mark *first = &stream->first[direction];
	bool client = direction == IPERF_TO_SERVER;
	enum iperf_verdict verdict = IPERF_BROKEN;

	if (talk->blind[IPERF_TO_CLIENT] || (running && !iperf3_before(first, &running->begin)))
		return;
	/* Two connections of a server: one may have waited for a retransmission, or in the server's own queue. */
	if (!client && (!running || iperf3_span(first, &running->begin) < IPERF_JUDGE_GRACE))
		verdict = IPERF_INCONCLUSIVE;
	iperf3_judge_found_stream(judge, verdict, client ? IPERF_R_23_6 : IPERF_R_23_7, direction, stream, first,
				  "payload comes before TEST_RUNNING");
}

static void check_payload(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			  const struct iperf3_judge_stream *stream, enum iperf_direction direction)
{
	uint64_t place = iperf3_judge_place(judge, stream);

	if (stream->octets[direction] == 0 || (stream->denied && stream->octets[IPERF_TO_CLIENT] == 1 &&
					       direction == IPERF_TO_CLIENT))
		return;
	if (talk->parameters_known && (!talk->parameters.bidirectional || iperf3_judge_all_there(judge)) &&
	    !iperf3_judge_sends(talk, place, direction)) {
		iperf3_judge_found_stream(judge, IPERF_BROKEN, not_sender(talk, direction), direction, stream,
					  &stream->first[direction],
					  "the %s sends on a stream on which it only receives",
					  direction == IPERF_TO_SERVER ? "client" : "server");
		return;
	}
	check_early(judge, talk, stream, direction);
}

/* A server that sends, sends on every stream. */
static void check_silence(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			  const struct iperf3_judge_stream *stream)
{
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_TEST_END);
	const struct iperf3_parameters *p = &talk->parameters;
	int64_t block_ns;

	if (!talk->parameters_known || !p->reverse || p->bidirectional || !running || !end || stream->unsure ||
	    stream->octets[IPERF_TO_CLIENT] > 0 || stream->datagrams[IPERF_TO_CLIENT] > 0 || p->len <= 0 ||
	    p->len > 1 << 30 ||
	    (stream->client_ended && iperf3_before(&stream->client_end, &end->begin)))
		return;
	block_ns = p->bandwidth > 0 ? (int64_t)((double)p->len * 8e9 / (double)p->bandwidth) : 0;
	if (stream->number == 0 || iperf3_span(&running->begin, &end->begin) <= IPERF_JUDGE_GRACE + block_ns)
		return;
	iperf3_judge_found_stream(judge, IPERF_BROKEN, IPERF_R_27_1_1, IPERF_TO_CLIENT, stream, &end->begin,
				  "the server has sent nothing on this stream until TEST_END");
}

/* When the test is over because the control connection is, its streams are closed. */
static void check_closed(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			 const struct iperf3_judge_stream *stream)
{
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_EOF);
	const struct iperf3_said_at *stop = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_TERMINATE);

	if (!end || iperf3_said_of(talk, IPERF3_ITEM_DONE) || stream->server_ended || stream->unsure || stream->live ||
	    stream->number == 0 ||
	    talk->blind[IPERF_TO_SERVER] || iperf3_span(&end->begin, &judge->now) <= IPERF_JUDGE_GRACE)
		return;
	iperf3_judge_found_stream(judge, IPERF_BROKEN, stop ? IPERF_R_29_6 : IPERF_R_29_9, IPERF_TO_CLIENT, stream,
				  &end->begin,
				  "the test is over, and %.1f s later the server has not closed this stream",
				  (double)iperf3_span(&end->begin, &judge->now) / 1e9);
}

void iperf3_judge_streams(struct iperf3_judge *judge)
{
	const struct iperf3_talk *talk = judge->talk;

	check_number(judge, talk);
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *stream = &judge->config.streams[i];

		if (stream->number)
			check_opening(judge, talk, stream);
		if (stream->number && talk->parameters_known)
			check_place(judge, talk, stream);
		check_payload(judge, talk, stream, IPERF_TO_SERVER);
		check_payload(judge, talk, stream, IPERF_TO_CLIENT);
		check_silence(judge, talk, stream);
		check_closed(judge, talk, stream);
	}
}
