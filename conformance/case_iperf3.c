/* Lines of cases that only the iperf3 profile has: their values, whether they make sense, how they are written. */
#include "conformance/case_private.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "proto/iperf3_control.h"
#include "proto/iperf3_datagram.h"

#define RANGES_MAX 1000
#define DATAGRAMS_MAX 100000 /* of one line */

/* --- values ------------------------------------------------------------------------------------------------------ */

void case_iperf3_state(struct case_parse *parse, const char *end)
{
	int value = 0;

	parse->step.what = CASE_STATE;
	if (!iperf3_state_named(parse->word, (size_t)(end - parse->word), &value))
		case_fail(parse, parse->word, "this is no state");
	if (value == IPERF3_SERVER_ERROR)
		parse->step.what = CASE_ERROR;
	else
		parse->step.number = value;
}

void case_iperf3_number(struct case_parse *parse)
{
	struct case_step *step = &parse->step;

	step->number = parse->minus ? -(int64_t)parse->number : (int64_t)parse->number;
	step->has_number = true;
	parse->minus = false;
	if (step->what == CASE_STATE && (step->number < INT8_MIN || step->number > INT8_MAX))
		case_fail(parse, parse->word, "a state is one octet: from -128 to 127");
	else if (step->what == CASE_ERROR && (step->number < INT32_MIN || step->number > INT32_MAX))
		case_fail(parse, parse->word, "an error has 4 octets");
}

void case_iperf3_range(struct case_parse *parse)
{
	struct case_step *step = &parse->step;
	struct case_range *ranges;

	if (parse->number < parse->first)
		case_fail(parse, parse->word, "a range ends at or above its first number");
	else if (parse->number - parse->first >= DATAGRAMS_MAX)
		case_fail(parse, parse->word, "a line has at most %d datagrams", DATAGRAMS_MAX);
	else if (step->range_count == RANGES_MAX)
		case_fail(parse, parse->word, "a line has at most %d ranges", RANGES_MAX);
	if (parse->failed)
		return;
	ranges = realloc(step->ranges, (step->range_count + 1) * sizeof *ranges);
	if (!ranges) {
		case_no_memory(parse);
		return;
	}
	step->ranges = ranges;
	ranges[step->range_count++] = (struct case_range){ parse->first, parse->number };
}

/* --- the head ---------------------------------------------------------------------------------------------------- */

static const char *const server_options[] = { "one-off", "bitrate-limit", "duration-limit", "key", "both-profiles", NULL };

static bool is_for_server(const char *name)
{
	for (size_t i = 0; server_options[i]; i++)
		if (strcmp(server_options[i], name) == 0)
			return true;
	return false;
}

void case_iperf3_head(struct case_parse *parse)
{
	const struct case_file *file = parse->file;
	bool client_words = file->has_streams || file->has_bytes || file->has_transport;

	if (parse->failed)
		return;
	if (parse->heads[HEAD_WITH])
		parse->line = parse->heads[HEAD_WITH];
	for (size_t i = 0; i < file->option_count; i++) {
		const char *name = file->options[i].name;

		if (file->profile != CASE_IPERF3)
			case_fail(parse, NULL, "%s is for cases of 'profile iperf3'", name);
		else if (is_for_server(name) && file->role == CASE_CLIENT)
			case_fail(parse, NULL, "%s is for cases of role server", name);
		else if (!is_for_server(name) && file->role == CASE_SERVER)
			case_fail(parse, NULL, "%s is for cases of role client", name);
	}
	if (client_words && file->role == CASE_SERVER)
		case_fail(parse, NULL, "streams, bytes and transport are for cases of role client");
}

/* --- checks ------------------------------------------------------------------------------------------------------ */

static void check_sent(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (step->what == CASE_PARAMETERS && (!step->json || parse->results))
		case_fail(parse, parse->at.what, "expected the parameters that are to be sent: {...}");
	else if (step->what == CASE_RESULTS && !step->json && !parse->results)
		case_fail(parse, parse->at.what, "expected the results that are to be sent: {...} or $results");
	else if (step->what == CASE_ANY_REPLY)
		case_fail(parse, parse->at.what, "any reply can only be expected");
	else if (step->what == CASE_UNREAD)
		case_fail(parse, parse->at.what, "unread is about what the %s sends", "peer");
	else if (step->what == CASE_FAILED || step->what == CASE_DENIED)
		case_fail(parse, parse->at.what, "%s can only be expected; was close meant?",
			  step->what == CASE_FAILED ? "failed" : "denied");
}

static void check_expected(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;

	if (step->what == CASE_TEXT)
		case_fail(parse, parse->at.what, "text can only be sent; parameters and results can be expected, and octets");
	else if (parse->results)
		case_fail(parse, parse->at.what, "$results can only be sent");
	else if ((step->what == CASE_PARAMETERS || step->what == CASE_RESULTS) && step->json && *step->json != '{')
		case_fail(parse, parse->at.json, "these are an object: expected {...}");
}

static void check_transport(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	const struct case_label *label = &parse->file->labels[step->label];
	bool datagram = step->what == CASE_HELLO || step->what == CASE_REPLY || step->what == CASE_ANY_REPLY ||
			 step->what == CASE_DATAGRAMS;

	if (datagram && !label->udp)
		case_fail(parse, parse->at.what, "this is a datagram, and %s a TCP connection", label->name);
	else if (!datagram && label->udp)
		case_fail(parse, parse->at.what, "this is for TCP connections; %s is a UDP source", label->name);
}

static void check_direction(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	bool to_server = step->what == CASE_COOKIE || step->what == CASE_PARAMETERS || step->what == CASE_HELLO;
	bool to_client = step->what == CASE_REPLY || step->what == CASE_ANY_REPLY || step->what == CASE_DENIED;

	if (to_server && step->direction != CASE_TO_SERVER)
		case_fail(parse, parse->at.direction, "this goes from the client to the server: expected C>S, found S>C");
	else if (to_client && step->direction != CASE_TO_CLIENT)
		case_fail(parse, parse->at.direction, "this goes from the server to the client: expected S>C, found C>S");
}

static void check_datagrams(struct case_parse *parse)
{
	const struct case_step *step = &parse->step;
	int64_t least = step->wide ? IPERF3_HEADER_64 : IPERF3_HEADER_32;
	uint64_t count = 0;

	for (size_t i = 0; i < step->range_count; i++) {
		count += step->ranges[i].last - step->ranges[i].first + 1;
		if (!step->wide && step->ranges[i].last > UINT32_MAX)
			case_fail(parse, parse->at.what, "sequence %" PRIu64 " needs 'wide'", step->ranges[i].last);
	}
	if (count > DATAGRAMS_MAX)
		case_fail(parse, parse->at.what, "a line has at most %d datagrams", DATAGRAMS_MAX);
	else if (step->octets < least || step->octets > CASE_DATAGRAM_MAX)
		case_fail(parse, parse->at.what, "a datagram has from %" PRId64 " (its header) to %d octets", least,
			  CASE_DATAGRAM_MAX);
}

void case_iperf3_check(struct case_parse *parse, bool does)
{
	check_transport(parse);
	check_direction(parse);
	if (does)
		check_sent(parse);
	else
		check_expected(parse);
	if (parse->step.what == CASE_DATAGRAMS)
		check_datagrams(parse);
}

uint64_t case_iperf3_sent(const struct case_step *step)
{
	switch (step->what) {
	case CASE_COOKIE:
		return IPERF3_COOKIE_LENGTH;
	case CASE_STATE:
		return 1;
	case CASE_ERROR:
		return IPERF3_ERROR_SIZE;
	case CASE_PARAMETERS:
	case CASE_RESULTS:
		return step->json ? IPERF3_LENGTH_SIZE + strlen(step->json) : UINT64_MAX;
	case CASE_TEXT:
		return IPERF3_LENGTH_SIZE + case_piece_total(step);
	default:
		return UINT64_MAX;
	}
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

static void print_state(FILE *out, const struct case_step *step)
{
	const char *name = step->has_number ? NULL : iperf3_state_name((int)step->number);

	if (step->what == CASE_ERROR && step->has_number)
		fprintf(out, "SERVER_ERROR %" PRId64, step->number);
	else if (step->what == CASE_ERROR)
		fputs("SERVER_ERROR", out);
	else if (name)
		fputs(name, out);
	else
		fprintf(out, "state %" PRId64, step->number);
}

static void print_text(FILE *out, const struct case_file *file, const struct case_step *step)
{
	bool results = step->what == CASE_RESULTS && !step->json && case_is_action(file, step);

	if (step->what == CASE_TEXT) {
		fputs("text", out);
		case_print_pieces(out, file, step);
		return;
	}
	fputs(step->what == CASE_PARAMETERS ? "parameters" : "results", out);
	if (step->json || results)
		fprintf(out, " %s", step->json ? step->json : "$results");
}

static void print_datagrams(FILE *out, const struct case_step *step)
{
	fputs("datagrams", out);
	for (size_t i = 0; i < step->range_count; i++) {
		fprintf(out, " %" PRIu64, step->ranges[i].first);
		if (step->ranges[i].last != step->ranges[i].first)
			fprintf(out, "..%" PRIu64, step->ranges[i].last);
	}
	fprintf(out, " of %" PRId64 " octets%s", step->octets, step->wide ? " wide" : "");
}

bool case_iperf3_print(FILE *out, const struct case_file *file, const struct case_step *step)
{
	static const char *const words[] = {
		[CASE_FAILED] = "failed", [CASE_DENIED] = "denied", [CASE_HELLO] = "hello", [CASE_REPLY] = "reply",
		[CASE_ANY_REPLY] = "any reply", [CASE_UNREAD] = "unread",
		[CASE_FREE] = "free", [CASE_REFUSE] = "refuse",
	};

	switch (step->what) {
	case CASE_COOKIE:
		fputs("cookie ", out);
		case_print_cookie(out, step->cookie);
		return true;
	case CASE_STATE: case CASE_ERROR:
		print_state(out, step);
		return true;
	case CASE_PARAMETERS: case CASE_RESULTS: case CASE_TEXT:
		print_text(out, file, step);
		return true;
	case CASE_DATAGRAMS:
		print_datagrams(out, step);
		return true;
	case CASE_SIGNAL:
		fprintf(out, "signal %s", step->number == SIGINT ? "INT" : "TERM");
		return true;
	case CASE_FAILED: case CASE_DENIED: case CASE_HELLO: case CASE_REPLY: case CASE_ANY_REPLY:
	case CASE_UNREAD: case CASE_FREE: case CASE_REFUSE:
		fputs(words[step->what], out);
		return true;
	default:
		return false;
	}
}
