/* What stands in parameters and results. */
#include "proto/iperf3_judge_private.h"

#include <string.h>

bool iperf3_judge_sends(const struct iperf3_talk *talk, uint64_t index, enum iperf_direction direction)
{
	const struct iperf3_parameters *p = &talk->parameters;

	if (p->bidirectional)
		return (index < (uint64_t)p->parallel) == (direction == IPERF_TO_SERVER);
	return p->reverse == (direction == IPERF_TO_CLIENT);
}

static struct iperf_mark mark_in(const struct iperf3_said_at *at, size_t offset)
{
	struct iperf_mark mark = at->whole; /* the packet by which it is all there */

	mark.offset = at->begin.offset + IPERF3_LENGTH_SIZE + offset;
	return mark;
}

/* --- negative numbers without a sign ----------------------------------------------------------------------------- */

/* Whether digits of an integer, which begins with no 0, are more than any signed one of 64 bits. */
static bool too_large(const char *digits, size_t count)
{
	static const char max[] = "9223372036854775807";

	return count > sizeof max - 1 || (count == sizeof max - 1 && memcmp(digits, max, count) > 0);
}

/* The first such number outside of strings; length when there is none. */
static size_t find_unsigned(const char *text, size_t length)
{
	bool quoted = false;

	for (size_t i = 0, end; i < length; i = end) {
		end = i + 1;
		if (quoted && text[i] == '\\')
			end++;
		else if (text[i] == '"')
			quoted = !quoted;
		if (quoted || text[i] < '0' || text[i] > '9')
			continue;
		while (end < length && text[end] >= '0' && text[end] <= '9')
			end++;
		if (end < length && (text[end] == '.' || text[end] == 'e' || text[end] == 'E')) {
			while (end < length && text[end] && strchr("0123456789.eE+-", text[end]))
				end++;
		} else if (too_large(text + i, end - i) && !(i > 0 && text[i - 1] == '-')) {
			return i;
		}
	}
	return length;
}

static void check_signs(struct iperf3_judge *judge, const struct iperf3_talk *talk, enum iperf_direction direction,
			const struct iperf3_said_at *at, const char *text, size_t length)
{
	size_t place = find_unsigned(text, length), end = place;
	struct iperf_mark mark;

	if (place == length)
		return;
	while (end < length && text[end] >= '0' && text[end] <= '9')
		end++;
	mark = mark_in(at, place);
	iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_4_10, direction, talk, &mark,
			   "%.*s stands for a negative number", (int)(end - place < 40 ? end - place : 40),
			   text + place);
}

/* --- parameters -------------------------------------------------------------------------------------------------- */

/* What the writer broke, by what a reader says is wrong. */
static enum iperf_requirement writers(enum iperf_requirement why, enum iperf_requirement type)
{
	switch (why) {
	case IPERF_R_22_4_5:
		return IPERF_R_22_4_1;
	case IPERF_R_22_4_7:
		return type;
	case IPERF_R_28_4:
		return IPERF_R_28_1;
	case IPERF_R_32_1: /* a bound of the reader's, which is not the writer's */
		return IPERF_R_NONE;
	default:
		return why;
	}
}

static void bad_text(struct iperf3_judge *judge, const struct iperf3_talk *talk, enum iperf_direction direction,
		     const struct iperf3_said_at *at, const struct iperf3_json_error *error,
		     enum iperf_requirement type)
{
	enum iperf_requirement why = writers(error->why, type);
	struct iperf_mark mark = mark_in(at, error->at_known ? error->offset : 0);

	iperf3_judge_found(judge, why == IPERF_R_NONE ? IPERF_INCONCLUSIVE : IPERF_BROKEN, why, direction, talk, &mark,
			   "%s", error->text);
}

static bool has(const struct iperf3_parameters *p, enum iperf3_key key)
{
	return p->present >> key & 1;
}

static void check_keys(struct iperf3_judge *judge, const struct iperf3_talk *talk, const struct iperf3_said_at *at)
{
	static const struct {
		enum iperf3_key key;
		const char *name;
	} always[] = {
		{ IPERF3_KEY_OMIT, "omit" },
		{ IPERF3_KEY_TIME, "time" },
		{ IPERF3_KEY_NUM, "num" },
		{ IPERF3_KEY_BLOCKCOUNT, "blockcount" },
		{ IPERF3_KEY_PARALLEL, "parallel" },
		{ IPERF3_KEY_LEN, "len" },
	};
	const struct iperf3_parameters *p = &talk->parameters;
	int transports = has(p, IPERF3_KEY_TCP) + has(p, IPERF3_KEY_UDP) + has(p, IPERF3_KEY_SCTP);
	struct iperf_mark mark = mark_in(at, 0);

	for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
		if (has(p, always[i].key))
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_24_1, IPERF_TO_SERVER, talk, &mark,
				   "the parameters have no %s", always[i].name);
		return;
	}
	if (transports != 1)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_24_1, IPERF_TO_SERVER, talk, &mark,
				   "the parameters have %d of tcp, udp and sctp", transports);
}

static void take_parameters(struct iperf3_judge *judge, struct iperf3_talk *talk, const char *text, size_t length)
{
	const struct iperf3_said_at *at = &talk->said[IPERF3_ITEM_PARAMETERS];
	struct iperf3_json_error error = { 0 };

	if (!iperf3_parameters_decode(text, length, &talk->parameters, &error)) {
		talk->parameters_bad = true;
		talk->parameters_unread = error.why == IPERF_R_22_4_5;
		bad_text(judge, talk, IPERF_TO_SERVER, at, &error, IPERF_R_24_1);
		return;
	}
	talk->parameters_known = !has(&talk->parameters, IPERF3_KEY_SCTP);
	check_signs(judge, talk, IPERF_TO_SERVER, at, text, length);
	check_keys(judge, talk, at);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void check_sender(struct iperf3_judge *judge, const struct iperf3_talk *talk, enum iperf_direction direction,
			 const struct iperf3_results *results, const struct iperf_mark *mark)
{
	bool sends = iperf3_judge_sends(talk, 0, direction) || talk->parameters.bidirectional;
	int64_t has_retransmits = results->sender_has_retransmits;

	if (sends ? has_retransmits != 0 && has_retransmits != 1 : has_retransmits != -1) {
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_28_8, direction, talk, mark,
				   "sender_has_retransmits is %lld of a side that %s", (long long)has_retransmits,
				   sends ? "sends" : "only receives");
		return;
	}
	for (size_t i = 0; has_retransmits == 1 && i < results->count; i++) {
		const struct iperf3_stream_result *r = &results->streams[i];
		uint64_t place = r->id > 2 ? (uint64_t)r->id - 2 : 0;

		if (r->retransmits >= 0 || r->id < 1 || !iperf3_judge_sends(talk, place, direction))
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_28_8, direction, talk, mark,
				   "retransmits of stream %lld is %lld, though they are counted", (long long)r->id,
				   (long long)r->retransmits);
		return;
	}
}

static void check_output(struct iperf3_judge *judge, const struct iperf3_talk *talk,
			 const struct iperf3_results *results, const struct iperf_mark *mark)
{
	bool asked = talk->parameters.get_server_output;

	if (asked == results->has_output)
		return;
	iperf3_judge_found(judge, IPERF_BROKEN, asked ? IPERF_R_28_9 : IPERF_R_28_10, IPERF_TO_CLIENT, talk, mark,
			   asked ? "the client has asked for the server's output, and does not get it" :
				   "the client gets the server's output, and has not asked for it");
}

/* The streams of results are those of the test. */
static void check_ids(struct iperf3_judge *judge, const struct iperf3_talk *talk, enum iperf_direction direction,
		      const struct iperf3_results *results, const struct iperf_mark *mark)
{
	int64_t streams = iperf3_parameters_streams(&talk->parameters);

	if (streams < 0 || streams > 4096)
		return;
	for (int64_t place = 0; place < streams; place++) {
		int64_t id = iperf3_judge_id((uint64_t)place);
		size_t times = 0;

		for (size_t i = 0; i < results->count; i++)
			times += results->streams[i].id == id;
		if (times == 1)
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_28_2, direction, talk, mark,
				   "the results have %zu objects for stream %lld", times, (long long)id);
		return;
	}
	for (size_t i = 0; i < results->count; i++) {
		int64_t id = results->streams[i].id;

		if (id == 1 || (id > 2 && id <= streams + 1))
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_25_7, direction, talk, mark,
				   "the results have stream %lld, and the test has %lld streams", (long long)id,
				   (long long)streams);
		return;
	}
}

/* Keeps what is claimed of each stream. */
static void keep_claims(struct iperf3_judge *judge, enum iperf_direction direction, const struct iperf3_results *results)
{
	for (size_t i = 0; i < judge->streams; i++) {
		struct iperf3_judge_stream *stream = &judge->config.streams[i];
		int64_t id = iperf3_judge_id(iperf3_judge_place(judge, stream));

		for (size_t k = 0; k < results->count && !stream->claimed[direction]; k++) {
			if (results->streams[k].id != id)
				continue;
			stream->claimed[direction] = true;
			stream->claims[direction] = results->streams[k];
		}
	}
}

static void take_results(struct iperf3_judge *judge, struct iperf3_talk *talk, enum iperf_direction direction,
			 const char *text, size_t length)
{
	bool client = direction == IPERF_TO_SERVER;
	const struct iperf3_said_at *at = &talk->said[client ? IPERF3_ITEM_CLIENT_RESULTS : IPERF3_ITEM_SERVER_RESULTS];
	struct iperf3_results *results = &talk->results[direction];
	struct iperf3_json_error error = { 0 };
	struct iperf_mark mark = mark_in(at, 0);

	*results = judge->config.results;
	if (!iperf3_results_decode(text, length, results, &error)) {
		talk->results_bad[direction] = error.why != IPERF_R_32_1;
		if (client)
			talk->client_results_why = error.why;
		bad_text(judge, talk, direction, at, &error, IPERF_R_28_1);
		return;
	}
	check_signs(judge, talk, direction, at, text, length);
	talk->results_known[direction] = true;
	if (talk->parameters_known) {
		check_ids(judge, talk, direction, results, &mark);
		check_sender(judge, talk, direction, results, &mark);
		if (!client)
			check_output(judge, talk, results, &mark);
	}
	if (talk == judge->talk)
		keep_claims(judge, direction, results);
	results->streams = NULL; /* the room is for others, too */
	results->output = NULL;
}

void iperf3_judge_text(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const char *text, size_t length)
{
	bool parameters = conn->readers[direction].item == IPERF3_ITEM_PARAMETERS;

	if (!text) {
		iperf3_judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, direction, &conn->talk,
				   &conn->talk.said[conn->readers[direction].item].begin,
				   "the capture does not have all octets of the %s: what stands in them is not judged",
				   parameters ? "parameters" : "results");
		return;
	}
	if (parameters)
		take_parameters(judge, &conn->talk, text, length);
	else
		take_results(judge, &conn->talk, direction, text, length);
}
